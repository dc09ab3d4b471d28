"""What SQS refuses of queues and messages, and moto takes.

Sources: API reference, SetQueueAttributes and SendMessage; developer guide, "Amazon SQS message quotas".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.sqs import models as sqs
from moto.sqs.exceptions import InvalidAttributeValue, InvalidParameterValue, MissingParameter, SQSException

from async_lab.endpoint.moto_patches import replace

_RANGES = {
    "DelaySeconds": range(901),
    "MaximumMessageSize": range(1_024, 1_048_577),
    "MessageRetentionPeriod": range(60, 1_209_601),
    "ReceiveMessageWaitTimeSeconds": range(21),
    "VisibilityTimeout": range(43_201),
}
_MOST_ATTRIBUTES = 10
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


def _create_checked(
    backend: sqs.SQSBackend, name: str, tags: dict[str, str] | None = None, **attributes: Any
) -> sqs.Queue:
    if name.endswith(".fifo") and str(attributes.get("FifoQueue", "")).lower() != "true":
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    _check(attributes)
    return _create(backend, name, tags, **attributes)


def _set_checked(backend: sqs.SQSBackend, queue_name: str, attributes: dict[str, Any]) -> sqs.Queue:
    _check(attributes)
    return _set_attributes(backend, queue_name, attributes)


def _check(attributes: Mapping[str, Any]) -> None:
    for name, allowed in _RANGES.items():
        value = str(attributes.get(name, allowed[0]))
        if not value.isdecimal() or int(value) not in allowed:
            raise InvalidAttributeValue(name)


def _in_whole_seconds(queue: sqs.Queue) -> dict[str, Any]:
    """Return a queue's attributes; moto has fractions of seconds in the times of its making and changing."""
    told: dict[str, Any] = _attributes(queue)
    return told | {name: int(told[name]) for name in ("CreatedTimestamp", "LastModifiedTimestamp")}
