"""Send a scenario's events, each once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from async_lab.errors import EnvironmentFailure
from async_lab.observation.events import Event
from async_lab.scenario import Behavior, Events, Trigger

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
    """Lambda's id of the event; None when no answer came, or where a trigger invoked and nothing tells of it."""
    at: float
    """When it was sent, in epoch seconds on the target's clock."""
    outcome: Literal["accepted", "unsure"]
    """``unsure``: no answer, or one that is no refusal: it may have been accepted; sent again it could count twice."""


Post = Callable[[str, str], Mapping[str, Any]]
"""Sends one event, by the lab's id of it and its payload; returns boto3's answer."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What events are sent to."""

    service: str
    """Lambda, or what invokes the function in place of the caller: ``SNS``."""
    address: str
    """Function, event source, topic or bucket."""
    post: Post


def sender(trigger: Trigger, address: str, once: Callable[[str], Any]) -> Sender:
    """Return what sends to a scenario's trigger; ``once`` makes a client of a service that doesn't retry by itself.

    Raises KeyError for a service that there is none for.
    """
    service = trigger.service
    client = once(_CLIENTS[service][0])
    if service == "s3":
        return Sender(_CLIENTS[service][1], address, partial(_put_object, client, address, trigger.endings))
    return Sender(_CLIENTS[service][1], address, partial(_POSTS[service], client, address))


def _invoke(client: Any, function_name: str, _event_id: str, payload: str) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = client.invoke(FunctionName=function_name, InvocationType="Event", Payload=payload)
    return answer


def _publish(client: Any, topic_arn: str, _event_id: str, payload: str) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = client.publish(TopicArn=topic_arn, Message=payload)
    return answer


def _put_event(client: Any, source: str, event_id: str, payload: str) -> Mapping[str, Any]:
    entry = {"Source": source, "DetailType": "async-lab event", "Detail": payload}
    answer: Mapping[str, Any] = client.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise EnvironmentFailure(f"EventBridge refused event {event_id} of {source}: {answer['Entries'][0]}")
    return answer


def _put_object(client: Any, bucket: str, endings: Sequence[str], event_id: str, payload: str) -> Mapping[str, Any]:
    """Put an object whose key is the event's id, which a notification tells, with the ending whose turn it is."""
    number = int(event_id.rpartition("-")[2])
    key = f"{event_id}{endings[(number - 1) % len(endings)]}"
    answer: Mapping[str, Any] = client.put_object(Bucket=bucket, Key=key, Body=payload.encode())
    return answer


_POSTS = {"direct": _invoke, "eventbridge": _put_event, "sns": _publish}
_CLIENTS = {
    "direct": ("lambda", "Lambda"),
    "eventbridge": ("events", "EventBridge"),
    "s3": ("s3", "S3"),
    "sns": ("sns", "SNS"),
}
"""boto3's name of each trigger's service, and people's."""


def send(
    to: Sender,
    event_ids: Sequence[str],
    events: Events,
    behavior: Behavior,
    *,
    now: Callable[[], float],
    wait: Callable[[float], None],
) -> Iterator[SentEvent]:
    """Yield each event as it is sent, in the bursts and as far apart as ``events`` says.

    Raises EnvironmentFailure when one is refused, or can't even be sent.
    """
    told = behavior.of_events(len(event_ids))
    for sequence, (event_id, does) in enumerate(zip(event_ids, told, strict=True)):
        if sequence and events.interval_seconds and sequence % events.burst == 0:
            wait(events.interval_seconds)
        at = now()
        payload: dict[str, Any] = {"id": event_id, "sequence": sequence}
        if behavior.is_told_by_events:
            recovers = behavior.recovers_after_seconds
            payload["behavior"] = does | ({} if recovers is None else {"recovers_at": at + recovers})
        yield _send(to, event_id, json.dumps(payload), at)


def recognized(sent: Sequence[SentEvent], seen: Sequence[Event]) -> tuple[SentEvent, ...]:
    """Return events that were sent by way of a trigger with the ids that Lambda gave them: their payloads say which."""
    ids: dict[str, str] = {}
    for event in seen:
        for event_id in _EVENT_ID.findall((event.payload or b"").decode(errors="replace")):
            ids.setdefault(event_id, event.request_id)
    return tuple(
        replace(one, request_id=ids.get(one.event_id)) if one.request_id is None and one.outcome == "accepted" else one
        for one in sent
    )


_EVENT_ID = re.compile(r"\b[0-9a-f]{8}-\d+\b")
"""The lab's id of an event: its run's, a hyphen and a number."""


def _send(to: Sender, event_id: str, payload: str, at: float) -> SentEvent:
    from botocore.exceptions import ClientError

    try:
        answer = _answer(lambda: to.post(event_id, payload))
    except NotSent as error:
        raise EnvironmentFailure(f"Event {event_id} for {to.address} can't be sent: {error}") from error
    except ClientError as error:
        raise EnvironmentFailure(f"{to.service} refused event {event_id} for {to.address}: {error}") from error
    if to.service != "Lambda":
        return SentEvent(event_id, None, at, "accepted" if _status(answer) == HTTPStatus.OK else "unsure")
    request_id = _request_id(answer)
    return SentEvent(event_id, request_id, at, "unsure" if request_id is None else "accepted")


class NotSent(Exception):
    """Nothing was sent: whoever would answer can't be reached."""


def request_id_of(client: LambdaClient, request: Mapping[str, Any]) -> str | None:
    """Invoke with ``Event``; return the id that Lambda gave the event, or None when nobody knows if it was accepted.

    ``request`` has Invoke's other members; the client must not retry by itself. Raises ClientError when Lambda refuses
    it, and NotSent.
    """
    return _request_id(_answer(lambda: client.invoke(InvocationType="Event", **request)))


def _answer(post: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what was answered, which is empty when no answer came.

    Raises ClientError when the event was refused, and NotSent.
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
        return post()
    except (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError) as error:  # before anything was sent
        raise NotSent(str(error)) from error
    except (HTTPClientError, IncompleteReadError, ResponseParserError):
        return {}
    except ClientError as error:
        if _status(error.response) in _REFUSALS:
            raise
        return error.response


def _request_id(answer: Mapping[str, Any]) -> str | None:
    """Return the id that Lambda gives each event that it takes."""
    request_id: str | None = answer.get("ResponseMetadata", {}).get("RequestId")
    return request_id if _status(answer) == HTTPStatus.ACCEPTED and request_id else None


def _status(answer: Mapping[str, Any]) -> int:
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
