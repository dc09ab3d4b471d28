"""What a message or an object says of an event that failed. Pure.

On-failure destinations get an invocation record; a dead-letter queue gets the payload itself, and what went wrong as
message attributes. Both may come through a topic or a bus into the queue (developer guide, "Retaining records").
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from async_lab.arns import NotAnArn, parse

_WHITESPACE = re.compile(r"[ \t\r\n]*")
_THROTTLED = "429"
_NEVER_INVOKED = "Function not invoked"  # capture: what Lambda's ErrorMessage says at reserved concurrency 0
_EVENT_BRIDGE = "Lambda Function Invocation Result - "


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """An asynchronous event that Lambda gave up."""

    request_id: str
    payload: str
    """The event as it was invoked: JSON, of a record not a character changed."""
    failed_at: float
    """When Lambda gave it up, in epoch seconds; of a dead letter, when it was sent to the queue."""
    function_arn: str | None
    """With the qualifier, ``$LATEST`` included; None for a dead letter, which doesn't name its function."""
    condition: str | None
    """Lambda's, such as ``RetriesExhausted``; None for a dead letter that doesn't say."""


class NotAnEvent(ValueError):
    """What is stored is no failed event that can be invoked again; the message says what it is."""


def read_message(body: str, attributes: Mapping[str, str], sent_at: float) -> FailedEvent:
    """Return what an SQS message says; ``attributes`` are its message attributes, ``sent_at`` is in epoch seconds.

    Raises NotAnEvent.
    """
    if "RequestID" in attributes:
        return _dead_letter(body, attributes, sent_at)
    if "RULE_ARN" in attributes:
        raise NotAnEvent("events that EventBridge could not deliver, which never reached Lambda's queue")
    content = _object(body)
    if content.get("Type") == "Notification" and isinstance(content.get("Message"), str):
        through_topic = content.get("MessageAttributes")
        given = through_topic if isinstance(through_topic, dict) else {}
        named = {name: str(one.get("Value")) for name, one in given.items() if isinstance(one, dict)}
        if "RequestID" in named:
            return _dead_letter(content["Message"], named, sent_at)
        return read_record(content["Message"])
    if str(content.get("detail-type", "")).startswith(_EVENT_BRIDGE) and (record := _member(body, "detail")):
        return read_record(record)
    return read_record(body)


def read_record(body: str) -> FailedEvent:
    """Return what an invocation record says. Raises NotAnEvent."""
    content = _object(body)
    context = content.get("requestContext")
    if not isinstance(context, dict) or not isinstance(context.get("condition"), str):
        raise NotAnEvent("no failure records of Lambda's")
    if context["condition"] == "Success":
        raise NotAnEvent("records of events that succeeded")
    payload = _member(body, "requestPayload")
    if payload is None:
        raise NotAnEvent("records without a payload, such as those of event source mappings")
    try:
        arn, failed_at = str(context.get("functionArn")), datetime.fromisoformat(str(content.get("timestamp")))
        if parse(arn).service != "lambda" or failed_at.tzinfo is None:
            raise NotAnEvent("records that don't say which function failed, or when")
    except (NotAnArn, ValueError) as error:
        raise NotAnEvent("records that don't say which function failed, or when") from error
    request_id = str(context.get("requestId", ""))
    return FailedEvent(request_id, payload, failed_at.timestamp(), arn, context["condition"])


def _dead_letter(body: str, attributes: Mapping[str, str], sent_at: float) -> FailedEvent:
    _loaded(body)
    return FailedEvent(attributes["RequestID"], body, sent_at, None, _condition_of(attributes))


def _condition_of(attributes: Mapping[str, str]) -> str | None:
    """Return the condition that a dead letter's attributes leave no doubt about (snapshot, capture).

    After a function error it is either of two: retries used up, or too old for the next.
    """
    if attributes.get("ErrorCode") == _THROTTLED:
        return "EventAgeExceeded"
    is_never_invoked = attributes.get("ErrorMessage", "").startswith(_NEVER_INVOKED)
    return "ZeroReservedConcurrency" if is_never_invoked and "ErrorCode" not in attributes else None


def _object(body: str) -> dict[str, Any]:
    content = _loaded(body)
    if not isinstance(content, dict):
        raise NotAnEvent("no failure records of Lambda's")
    return content


def _loaded(body: str) -> Any:
    try:
        return _DECODER.decode(body)
    except (ValueError, RecursionError) as error:
        raise NotAnEvent("no JSON, as every event of Lambda's is") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _member(body: str, name: str) -> str | None:
    """Return the text of a member of a JSON object, which reading and writing it again would change (1.0, 1e400).

    Of several of a name it is the last, as for all who read JSON; None where there is none.
    """
    found = None
    at = _after_space(body, 0) + 1
    while body[_after_space(body, at)] != "}":
        key, at = _DECODER.raw_decode(body, _after_space(body, at))
        begin = _after_space(body, _after_space(body, at) + 1)
        _, end = _DECODER.raw_decode(body, begin)
        if key == name:
            found = body[begin:end]
        at = _after_space(body, end)
        if body[at] == ",":
            at += 1
    return found


def _after_space(text: str, at: int) -> int:
    match = _WHITESPACE.match(text, at)
    return match.end() if match else at
