"""Invoke failed events again, one after another, and delete each once Lambda has accepted it.

At least once: who is killed between the two has invoked an event that is still stored, and the next redrive invokes it
again. The other way round, one would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from async_lab.errors import EnvironmentFailure
from async_lab.invoke import NotSent, request_id_of
from async_lab.process import signals
from async_lab.redrive.failed import NotAnEvent
from async_lab.redrive.plan import Plan, Planned
from async_lab.redrive.stores import Store, Stored
from async_lab.target.base import Target

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_lambda import LambdaClient

_MOST_UNSURE = 3
"""So many events in a row whose answers are lost end it: what answers for Lambda isn't well."""
_HELD_SECONDS = 10
"""For how long of sending messages are received at once, at the most."""


class Verdict(StrEnum):
    """What became of one."""

    SENT = "sent"
    """Lambda accepted it, and it is deleted where it was."""
    NOT_DELETED = "not deleted"
    """Lambda accepted it, and it could not be deleted: the next redrive sends it again."""
    REFUSED = "refused"
    """Lambda refused it; it is where it was."""
    UNSURE = "unsure"
    """Nobody knows whether Lambda accepted it; it is where it was."""
    GONE = "gone"
    """It isn't there any more, or can't be seen: another reader has it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event, after it was its turn."""

    event: Planned
    verdict: Verdict
    request_id: str | None = None
    """Lambda's id of the new event; None where none was accepted."""
    reason: str | None = None
    """What AWS said, where it is not as it should be."""


def send(store: Store, plan: Plan, target: Target, per_second: float) -> Iterator[Sent]:
    """Yield each event after its turn, at most ``per_second`` of them.

    An interruption waits until the event under way is also yielded: what was done has to be told.

    Raises EnvironmentFailure when Lambda can't be reached, or gives no answer several times in a row.
    """
    client, left, unsure = target.invoking_client(), {event.id: event for event in plan.events}, 0
    next_at = target.now()
    with closing(store.take(frozenset(left), max(1, int(per_second * _HELD_SECONDS)))) as taken:
        for stored in taken:
            target.wait(max(0.0, next_at - target.now()))
            next_at = max(next_at, target.now()) + 1 / per_second
            with signals.finishing():
                sent = _send(store, stored, left.pop(stored.id), client)
                yield sent
            unsure = unsure + 1 if sent.verdict is Verdict.UNSURE else 0
            if unsure >= _MOST_UNSURE:
                raise EnvironmentFailure(f"Lambda gave no answer {unsure} times in a row; events stay where they are.")
    yield from (Sent(event, Verdict.GONE) for event in left.values())


def _send(store: Store, stored: Stored, event: Planned, client: LambdaClient) -> Sent:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    if isinstance(stored.content, NotAnEvent) or stored.content.request_id != event.request_id:
        return Sent(event, Verdict.GONE)
    request = {"FunctionName": str(event.function), "Payload": stored.content.payload}
    try:
        request_id = request_id_of(client, request)
    except NotSent as error:
        raise EnvironmentFailure(f"Lambda can't be reached ({error}); events stay where they are.") from error
    except ClientError as error:
        return Sent(event, Verdict.REFUSED, reason=_said(error))
    if request_id is None:
        return Sent(event, Verdict.UNSURE)
    try:
        store.delete(stored)
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        return Sent(event, Verdict.NOT_DELETED, request_id, str(error))
    return Sent(event, Verdict.SENT, request_id)


def _said(error: ClientError) -> str:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return f"{error} (try again later)" if status == HTTPStatus.TOO_MANY_REQUESTS else str(error)
