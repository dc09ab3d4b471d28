"""What SQS refuses of queues and messages, and moto takes.

Sources: API reference, SetQueueAttributes and SendMessage; developer guide, "Amazon SQS message quotas".
"""

from __future__ import annotations

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

from async_lab.endpoint import json_text
from async_lab.endpoint.access import policy_documents
from async_lab.endpoint.moto_patches import replace

_RANGES = {
    "DelaySeconds": range(901),
    "KmsDataKeyReusePeriodSeconds": range(60, 86_401),
    "MaximumMessageSize": range(1_024, 1_048_577),
    "MessageRetentionPeriod": range(60, 1_209_601),
    "ReceiveMessageWaitTimeSeconds": range(21),
    "VisibilityTimeout": range(43_201),
}
_VALUES = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perMessageGroupId", "perQueue"),
    "SqsManagedSseEnabled": ("true", "false"),
}
_REDRIVES = ("allowAll", "denyAll", "byQueue")
_MOST_SOURCES = 10
_REDRIVE_MEMBERS = ["deadLetterTargetArn", "maxReceiveCount"]
_NAME = re.compile(r"(?!\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)", re.ASCII)
_FIELDS = {"String": "StringValue", "Number": "StringValue", "Binary": "BinaryValue"}
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
    if not _NAME.fullmatch(name):
        raise InvalidParameterValue(f"The message attribute name '{name}' is invalid.")  # assumed
    if name.lower().startswith(_RESERVED):
        raise InvalidParameterValue(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for "
            "internal use."
        )
    kind, value = str(attribute.get("DataType", "")).partition(".")[0], attribute.get("StringValue")
    field = _FIELDS.get(kind)
    if field and not attribute.get(field):
        if any(attribute.get(other) for other in _FIELDS.values()):
            raise InvalidParameterValue(
                f"The message attribute '{name}' with type '{kind}' must use field '{field.removesuffix('Value')}'."
            )
        raise InvalidParameterValue(
            f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        )
    if kind == "Number" and value is not None and not _NUMBER.fullmatch(str(value)):
        raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _create_checked(
    backend: sqs.SQSBackend, name: str, tags: dict[str, str] | None = None, **attributes: Any
) -> sqs.Queue:
    if name.endswith(".fifo") and str(attributes.get("FifoQueue", "")).lower() != "true":
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    _check(backend, name, attributes)
    return _create(backend, name, tags, **attributes)


def _set_checked(backend: sqs.SQSBackend, queue_name: str, attributes: dict[str, Any]) -> sqs.Queue:
    _check(backend, queue_name, attributes)
    return _set_attributes(backend, queue_name, attributes)


def _check(backend: sqs.SQSBackend, queue_name: str, attributes: Mapping[str, Any]) -> None:
    for name, allowed in _RANGES.items():
        value = str(attributes.get(name, allowed[0]))
        if not value.isdecimal() or int(value) not in allowed:
            raise InvalidAttributeValue(name)
    for name in () if queue_name.endswith(".fifo") else (_OF_FIFO | {"FifoQueue"}) & attributes.keys():
        raise InvalidAttributeName(name)
    for name, texts in _VALUES.items():
        if str(attributes.get(name) or texts[0]).lower() not in {text.lower() for text in texts}:
            raise InvalidAttributeValue(name)
    if attributes.get("Policy") and not _is_policy(attributes["Policy"]):
        raise InvalidAttributeValue("Policy")
    if redrive := attributes.get("RedrivePolicy"):
        _refuse("RedrivePolicy", redrive, _redrive_problem(backend, queue_name, redrive))
    if allow := attributes.get("RedriveAllowPolicy"):
        _refuse("RedriveAllowPolicy", allow, _allow_problem(allow))


def _is_policy(text: Any) -> bool:
    policy = _read(text)
    if policy is None or policy_documents.lacks_principal(policy):
        return False
    return not policy_documents.has_foreign_action(policy, "sqs")


def _refuse(name: str, text: Any, why: str | None) -> None:
    if why:
        raise InvalidParameterValue(f"Value {text} for parameter {name} is invalid. Reason: {why}")


def _redrive_problem(backend: sqs.SQSBackend, queue_name: str, text: Any) -> str | None:
    policy = _read(text)
    if policy is None:
        return "Redrive policy is not a valid JSON map."
    if not policy.keys() <= set(_REDRIVE_MEMBERS):
        return f"Only following attributes are supported: [{', '.join(_REDRIVE_MEMBERS)}]."
    count = str(policy.get("maxReceiveCount", "1"))
    if not count.isdecimal() or int(count) not in _RECEIVES:
        return f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
    target = str(policy.get("deadLetterTargetArn"))
    dead_letters = next((queue for queue in backend.queues.values() if queue.queue_arn == target), None)
    return _target_problem(backend, queue_name, dead_letters) if dead_letters else None  # moto refuses what isn't there


def _target_problem(backend: sqs.SQSBackend, queue_name: str, dead_letters: sqs.Queue) -> str | None:
    """Return why a queue can't have another one for its dead letters."""
    if bool(dead_letters.fifo_queue) is not queue_name.endswith(".fifo"):
        return "Dead-letter queue must be same type of queue as the source."
    allowed = _read(getattr(dead_letters, "redrive_allow_policy", None)) or {}
    arn = f"arn:aws:sqs:{backend.region_name}:{backend.account_id}:{queue_name}"
    permission = allowed.get("redrivePermission", "allowAll")
    if permission == "allowAll" or (permission == "byQueue" and arn in allowed.get("sourceQueueArns", ())):
        return None
    return f"The dead-letter queue {dead_letters.queue_arn} doesn't allow {arn} as a source."  # assumed


def _allow_problem(text: Any) -> str | None:
    """Return what is wrong with who may use a queue for dead letters (API reference, SetQueueAttributes)."""
    policy = _read(text)
    if policy is None:
        return "Redrive allow policy is not a valid JSON map."  # as all that follows: assumed
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in _REDRIVES:
        return f"redrivePermission must be one of {', '.join(_REDRIVES)}."
    if (permission == "byQueue") is not bool(sources):
        return "sourceQueueArns must be given where redrivePermission is byQueue, and only there."
    if sources and len(sources) > _MOST_SOURCES:
        return f"sourceQueueArns may name at most {_MOST_SOURCES} queues."
    return None


def _read(text: Any) -> dict[str, Any] | None:
    """Return what a text of JSON says; None where it is no object."""
    try:
        given = json_text.read(text) if isinstance(text, str) else text
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def _in_whole_seconds(queue: sqs.Queue) -> dict[str, Any]:
    """Return a queue's attributes; moto has fractions of seconds in the times of its making and changing."""
    told: dict[str, Any] = _attributes(queue)
    return told | {name: int(told[name]) for name in ("CreatedTimestamp", "LastModifiedTimestamp")}
