"""What SQS refuses of queues and messages, and moto takes.

Sources: API reference, SetQueueAttributes and SendMessage; developer guide, "Amazon SQS message quotas".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.sqs import models as sqs
from moto.sqs.exceptions import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameterValue,
    MissingParameter,
    SQSException,
)

from async_lab.endpoint.moto_patches import replace

_RANGES = {
    "DelaySeconds": range(901),
    "MaximumMessageSize": range(1_024, 1_048_577),
    "MessageRetentionPeriod": range(60, 1_209_601),
    "ReceiveMessageWaitTimeSeconds": range(21),
    "VisibilityTimeout": range(43_201),
}
_MOST_ATTRIBUTES = 10
_OF_FIFO = {"ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"}
_RECEIVES = range(1, 1_001)
_RESERVED = ("aws.", "amazon.")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_UNSENDABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_create = sqs.SQSBackend.create_queue
_set_attributes = sqs.SQSBackend.set_queue_attributes
_attributes = sqs.Queue.attributes.fget


def install() -> None:
    """Have queues checked in the whole process; again is no harm."""
    replace(sqs.SQSBackend, "create_queue", _create_checked)
    replace(sqs.SQSBackend, "set_queue_attributes", _set_checked)
    replace(sqs.Queue, "attributes", property(_in_whole_seconds))


def check_message(body: str, attributes: Mapping[str, Any] | None) -> None:
    """Raise for a message that SQS takes in no queue."""
    if not body:
        raise MissingParameter("MessageBody")
    if _UNSENDABLE.search(body):
        raise SQSException("InvalidMessageContents", "Invalid characters found")
    if attributes and len(attributes) > _MOST_ATTRIBUTES:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}]."
        )
    for name, attribute in (attributes or {}).items():
        _check_attribute(name, attribute)


def _check_attribute(name: str, attribute: Mapping[str, Any]) -> None:
    if name.lower().startswith(_RESERVED):
        raise InvalidParameterValue(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for "
            "internal use."
        )
    kind, value = str(attribute.get("DataType", "")).partition(".")[0], attribute.get("StringValue")
    if kind == "Number" and value is not None and not _NUMBER.fullmatch(str(value)):
        raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _create_checked(
    backend: sqs.SQSBackend, name: str, tags: dict[str, str] | None = None, **attributes: Any
) -> sqs.Queue:
    if name.endswith(".fifo") and str(attributes.get("FifoQueue", "")).lower() != "true":
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    _check(attributes, is_fifo=name.endswith(".fifo"))
    return _create(backend, name, tags, **attributes)


def _set_checked(backend: sqs.SQSBackend, queue_name: str, attributes: dict[str, Any]) -> sqs.Queue:
    _check(attributes, is_fifo=queue_name.endswith(".fifo"))
    return _set_attributes(backend, queue_name, attributes)


def _check(attributes: Mapping[str, Any], *, is_fifo: bool) -> None:
    for name, allowed in _RANGES.items():
        value = str(attributes.get(name, allowed[0]))
        if not value.isdecimal() or int(value) not in allowed:
            raise InvalidAttributeValue(name)
    for name in () if is_fifo else _OF_FIFO & attributes.keys():
        raise InvalidAttributeName(name)
    if attributes.get("Policy") and _read(attributes["Policy"]) is None:
        raise InvalidAttributeValue("Policy")
    if attributes.get("RedrivePolicy"):
        _check_redrive(attributes["RedrivePolicy"])


def _check_redrive(text: Any) -> None:
    policy = _read(text)
    why = None
    if policy is None:
        why = "Redrive policy is not a valid JSON map."
    elif "maxReceiveCount" in policy:
        count = str(policy["maxReceiveCount"])
        if not count.isdecimal() or int(count) not in _RECEIVES:
            why = f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
    if why:
        raise InvalidParameterValue(f"Value {text} for parameter RedrivePolicy is invalid. Reason: {why}")


def _read(text: Any) -> dict[str, Any] | None:
    """Return what a text of JSON says; None where it is no object."""
    try:
        given = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _in_whole_seconds(queue: sqs.Queue) -> dict[str, Any]:
    """Return a queue's attributes; moto has fractions of seconds in the times of its making and changing."""
    told: dict[str, Any] = _attributes(queue)
    return told | {name: int(told[name]) for name in ("CreatedTimestamp", "LastModifiedTimestamp")}
