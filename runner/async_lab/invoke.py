"""Send a scenario's events, each once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from async_lab.errors import EnvironmentFailure

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_REFUSALS = range(400, 500)
"""What Lambda answers when it has not taken the event; after a 5xx nobody knows."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One asynchronous invocation as its sender saw it."""

    event_id: str
    """The lab's own id, which the payload carries."""
    request_id: str | None
    """Lambda's id of the event; None when no answer came."""
    at: float
    """When it was sent, in epoch seconds on the target's clock."""
    outcome: Literal["accepted", "unsure"]
    """``unsure``: no answer, or one that is no refusal: it may have been accepted; sent again it could count twice."""


def send(
    client: LambdaClient,
    function_name: str,
    event_ids: list[str],
    interval_seconds: float,
    *,
    now: Callable[[], float],
    wait: Callable[[float], None],
) -> Iterator[SentEvent]:
    """Yield each event as it is sent, ``interval_seconds`` apart. The client must not retry by itself.

    Raises EnvironmentFailure when Lambda refuses one, or when one can't even be sent.
    """
    for sequence, event_id in enumerate(event_ids):
        if sequence and interval_seconds:
            wait(interval_seconds)
        yield _send(client, function_name, event_id, sequence, now())


def _send(client: LambdaClient, function_name: str, event_id: str, sequence: int, at: float) -> SentEvent:
    from botocore.exceptions import ClientError

    payload = json.dumps({"id": event_id, "sequence": sequence})
    try:
        request_id = request_id_of(client, {"FunctionName": function_name, "Payload": payload})
    except NotSent as error:
        raise EnvironmentFailure(f"Event {event_id} for {function_name} can't be sent: {error}") from error
    except ClientError as error:
        raise EnvironmentFailure(f"Lambda refused event {event_id} for {function_name}: {error}") from error
    return SentEvent(event_id, request_id, at, "unsure" if request_id is None else "accepted")


class NotSent(Exception):
    """Nothing was sent: whoever answers for Lambda can't be reached."""


def request_id_of(client: LambdaClient, request: Mapping[str, Any]) -> str | None:
    """Invoke with ``Event``; return the id that Lambda gave the event, or None when nobody knows if it was accepted.

    ``request`` has Invoke's other members; the client must not retry by itself. Raises ClientError when Lambda refuses
    it, and NotSent.
    """
    from botocore.exceptions import (
        ClientError,
        ConnectTimeoutError,
        EndpointConnectionError,
        HTTPClientError,
        IncompleteReadError,
        ProxyConnectionError,
    )
    from botocore.parsers import ResponseParserError

    try:
        answer: Mapping[str, Any] = client.invoke(InvocationType="Event", **request)
    except (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError) as error:  # before anything was sent
        raise NotSent(str(error)) from error
    except (HTTPClientError, IncompleteReadError, ResponseParserError):
        return None
    except ClientError as error:
        answer = error.response
        if _status(answer) in _REFUSALS:
            raise
    request_id: str | None = answer.get("ResponseMetadata", {}).get("RequestId")  # Lambda names each that it takes
    return request_id if _status(answer) == HTTPStatus.ACCEPTED and request_id else None


def _status(answer: Mapping[str, Any]) -> int:
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
