"""Send a scenario's events, each once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from runner.errors import EnvironmentFailure

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


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
    """``unsure``: the answer was lost, so it may have been accepted; sending it again could count it twice."""


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

    Raises EnvironmentFailure when Lambda refuses one.
    """
    for sequence, event_id in enumerate(event_ids):
        if sequence and interval_seconds:
            wait(interval_seconds)
        yield _send(client, function_name, event_id, sequence, now())


def _send(client: LambdaClient, function_name: str, event_id: str, sequence: int, at: float) -> SentEvent:
    from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

    payload = json.dumps({"id": event_id, "sequence": sequence})
    try:
        answer = client.invoke(FunctionName=function_name, InvocationType="Event", Payload=payload)
    except (ReadTimeoutError, ConnectionClosedError):
        return SentEvent(event_id, None, at, "unsure")
    except ClientError as error:
        raise EnvironmentFailure(f"Lambda refused event {event_id} for {function_name}: {error}") from error
    return SentEvent(event_id, answer["ResponseMetadata"]["RequestId"], at, "accepted")
