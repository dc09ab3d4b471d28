"""Holds each request against botocore's model before anybody acts on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from async_lab.endpoint.http import api_call, constraints, members
from async_lab.endpoint.http.api_call import ApiCall, Malformed
from async_lab.endpoint.http.constraints import Problem
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import Response, error_response, missing

_OURS = {"lambda", "cloudwatch"}
"""Of these an operation that has no table is none that anybody acts on, whatever moto makes of it."""
_NEVER_ACTS = {"AnyScaleFrontendService.RegisterScalableTarget": "scale anything, such as provisioned concurrency,"}
"""What moto would keep and nobody acts on, by the target that a request names."""


class ModelCheck:
    """WSGI middleware that refuses what nobody would act on."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass on, or say what is wrong."""
        refused = _refusal(environ)
        return refused.sent(start_response) if refused else self._app(environ, start_response)


def _refusal(environ: dict[str, Any]) -> Response | None:
    try:
        call = api_call.read(environ)
    except Malformed as error:
        problem: Problem | None = Problem("SerializationException", str(error))
    else:
        if call and call.service in _OURS and not members.models(call):
            return missing(environ, call.operation.name)
        problem = _problem(call) if call else _of_what_never_acts(environ)
    return error_response(environ, HTTPStatus.BAD_REQUEST, problem.code, problem.message) if problem else None


def _problem(call: ApiCall) -> Problem | None:
    if member := members.unmodelled(call):
        return _unmodelled(f"model {member} of {call.operation.name}")
    return constraints.problem(call) if call.service in _OURS else None


def _of_what_never_acts(environ: dict[str, Any]) -> Problem | None:
    what = _NEVER_ACTS.get(environ.get("HTTP_X_AMZ_TARGET", ""))
    return _unmodelled(what) if what else None


def _unmodelled(what: str) -> Problem:
    return Problem("ValidationException", f"async-lab doesn't {what} yet: leave it out, or use AWS.")
