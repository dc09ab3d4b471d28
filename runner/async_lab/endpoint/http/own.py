"""What the endpoint answers about itself, for tests in any language: ``/_async-lab/…``, and LocalStack's health."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from http import HTTPStatus
from importlib.metadata import version
from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from async_lab.endpoint import json_text
from async_lab.endpoint.http import wire
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import Response
from async_lab.observation.events import Attempt, Event

if TYPE_CHECKING:
    from async_lab.endpoint.embedded import Endpoint

ROOT = "/_async-lab"
CLOCK_PATH = f"{ROOT}/clock"
_LOCALSTACK_HEALTH = "/_localstack/health"
MOST_SECONDS = 31 * 24 * 3_600
"""That the clock moves in one request: every minute of it is lived through."""
IDLE_SECONDS = 24 * 3_600
"""How long ``until`` idle waits at the most, unless the request says it."""
_SERVICES = ("cloudwatch", "events", "iam", "lambda", "logs", "s3", "sns", "sqs", "sts")
_CLOCK_USAGE = (
    f"POST seconds=N, a number of seconds to let pass, at most {MOST_SECONDS} (31 days), or until=idle; "
    'as a form or as JSON: {"seconds": 600}, {"until": "idle", "limit": 86400}.'
)
_ABOUT = {
    "name": "async-lab",
    "what": "An embedded AWS for Lambda's asynchronous invocations, in virtual time.",
    "routes": {
        f"GET {ROOT}/": "this",
        f"GET {ROOT}/events": "what became of each asynchronous event, no queue's batch among them; ?function=NAME",
        f"GET {ROOT}/attempts": "all attempts, each with its event's request id; ?function=NAME likewise",
        f"GET {CLOCK_PATH}": "the time, in epoch seconds",
        f"POST {CLOCK_PATH}": _CLOCK_USAGE,
        f"POST {ROOT}/reset": "begin anew: nothing stands, nothing has happened, the clock is at its start",
        f"GET {ROOT}/health": "whether it answers, and its version",
        f"GET {_LOCALSTACK_HEALTH}": "the same as LocalStack says it",
    },
}


class _Wrong(Exception):
    """A request that can't be answered, and why."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


class OwnRequests:
    """WSGI middleware before all that is AWS's; it counts what it passes on."""

    def __init__(self, app: WsgiApp, endpoint: Endpoint) -> None:
        self._app, self._endpoint = app, endpoint
        self.passed_on = 0
        self._answers: Mapping[str, Mapping[str, Callable[[dict[str, Any]], Any]]] = {
            ROOT: {"GET": lambda _: _ABOUT},
            f"{ROOT}/events": {"GET": self._events},
            f"{ROOT}/attempts": {"GET": self._attempts},
            CLOCK_PATH: {"GET": self._time, "POST": self._advance},
            f"{ROOT}/reset": {"POST": self._reset},
            f"{ROOT}/health": {"GET": lambda _: {"status": "running", "version": version("async-lab")}},
            _LOCALSTACK_HEALTH: {"GET": lambda _: _as_localstack()},
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or pass on."""
        path = environ["PATH_INFO"]
        if path not in (_LOCALSTACK_HEALTH, ROOT) and not path.startswith(f"{ROOT}/"):
            self.passed_on += 1
            return self._app(environ, start_response)
        try:
            return _sent(HTTPStatus.OK, self._answer(environ, path.rstrip("/")), start_response)
        except _Wrong as wrong:
            return _sent(wrong.status, {"message": str(wrong)}, start_response)

    def _answer(self, environ: dict[str, Any], path: str) -> Any:
        if path not in self._answers:
            routes = ", ".join(_ABOUT["routes"])
            raise _Wrong(f"There is no {path}; there are {routes}.", HTTPStatus.NOT_FOUND)
        by_method = self._answers[path]
        method = environ["REQUEST_METHOD"].replace("HEAD", "GET")
        if method not in by_method:
            raise _Wrong(f"{path} answers {' and '.join(by_method)} only.", HTTPStatus.METHOD_NOT_ALLOWED)
        return by_method[method](environ)

    def _events(self, environ: dict[str, Any]) -> Any:
        return {"events": [_event(event) for event in self._asked(environ)]}

    def _attempts(self, environ: dict[str, Any]) -> Any:
        return {
            "attempts": [
                {"request_id": event.request_id, "function": event.function, **_attempt(attempt)}
                for event in self._asked(environ)
                for attempt in event.attempts
            ]
        }

    def _asked(self, environ: dict[str, Any]) -> list[Event]:
        wanted = parse_qs(environ.get("QUERY_STRING", "")).get("function")
        return [event for event in self._endpoint.events() if not wanted or event.function in wanted]

    def _time(self, _environ: dict[str, Any]) -> Any:
        return {"now": self._endpoint.clock.now()}

    def _advance(self, environ: dict[str, Any]) -> Any:
        asked = _parameters(environ)
        if set(asked) == {"seconds"}:
            self._endpoint.wait(_seconds(asked["seconds"]))
        elif asked.get("until") == "idle" and set(asked) <= {"until", "limit"}:
            limit = _seconds(asked.get("limit", IDLE_SECONDS))
            if not self._endpoint.wait_until_idle(limit):
                why = self._endpoint.events().why_not_idle(self._endpoint.clock.now(), limit)
                raise _Wrong(f"{why}: give a larger limit.", HTTPStatus.CONFLICT)
        else:
            raise _Wrong(_CLOCK_USAGE)
        return self._time(environ)

    def _reset(self, environ: dict[str, Any]) -> Any:
        self._endpoint.reset()
        return self._time(environ)


def _parameters(environ: dict[str, Any]) -> dict[str, Any]:
    """Return what a body says, in either form. Raises _Wrong when it is neither."""
    body = wire.body(environ)
    try:
        text = body.decode()
        asked = json_text.read(text) if text.lstrip().startswith("{") else parse_qs(text)
    except ValueError:
        raise _Wrong(_CLOCK_USAGE) from None
    return {name: value[0] if isinstance(value, list) and value else value for name, value in asked.items()}


def _seconds(said: Any) -> float:
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        raise _Wrong(_CLOCK_USAGE) from None
    if isinstance(said, bool) or not (isfinite(seconds) and 0 <= seconds <= MOST_SECONDS):
        raise _Wrong(_CLOCK_USAGE)
    return seconds


def _event(event: Event) -> dict[str, Any]:
    payload = None if event.payload is None else event.payload.decode(errors="replace")
    return _plain(event) | {
        "payload": payload,
        "attempts": [_attempt(attempt) for attempt in event.attempts],
        "deliveries": [_plain(delivery) for delivery in event.deliveries],
        "delivered_to": event.delivered_to,
        "is_pending": event.is_pending,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    named = _plain(attempt) | {"outcome": str(attempt.outcome), "is_cold": attempt.is_cold}
    return {name: value for name, value in named.items() if name != "look_up"}


def _plain(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _as_localstack() -> dict[str, Any]:
    return {
        "services": dict.fromkeys(_SERVICES, "running"),
        "edition": "async-lab",
        "version": version("async-lab"),
    }


def _sent(status: HTTPStatus, answer: Any, start_response: Callable[..., Any]) -> list[bytes]:
    body = json.dumps(answer).encode() + b"\n"
    return Response(status, body, (("Content-Type", "application/json"),)).sent(start_response)
