"""Queues and topics as what Lambda and other services write to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from moto.moto_api._internal import mock_random
from moto.sns.exceptions import InvalidParameterValue as InvalidMessage
from moto.sns.exceptions import SNSException
from moto.sns.models import SNSBackend, sns_backends
from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH
from moto.sqs.exceptions import BatchRequestTooLong, InvalidParameterValue
from moto.sqs.models import Message, SQSBackend, sqs_backends

from async_lab import arns
from async_lab.endpoint import json_text
from async_lab.endpoint.delivery import queues
from async_lab.endpoint.delivery.queues import check_message
from async_lab.endpoint.moto_patches import replace

Attributes = Mapping[str, tuple[str, str]]
"""Message attributes by name: type and value."""

TOPIC_BYTES = 256 * 1024  # doc: SNS
_send_message, _send_message_batch = SQSBackend.send_message, SQSBackend.send_message_batch
_publish_message, _publish_message_batch = SNSBackend.publish, SNSBackend.publish_batch


class DeliveryFailed(Exception):
    """The target isn't there, may not be written to, or the message is too large for it."""


class TargetMissing(DeliveryFailed):
    """The target isn't there."""


class TooLarge(DeliveryFailed):
    """The message is larger than its target takes."""


def send_to_queue(queue_arn: str, body: str, attributes: Attributes, at: float, *, group_id: str | None = None) -> None:
    """Send a message at the epoch second ``at``. Raises DeliveryFailed.

    It is appended to the queue itself: moto's send_message walks all the messages that wait already.
    """
    arn = arns.parse(queue_arn)
    queue = sqs_backends[arn.account_id][arn.region].queues.get(arn.name)
    if queue is None:
        raise TargetMissing(f"There is no queue {queue_arn}.")
    check_size(queue_arn, body, int(queue.maximum_message_size), attributes)
    message = Message(str(mock_random.uuid4()), body)
    message.message_attributes = {
        attribute: {"DataType": kind, "StringValue": value} for attribute, (kind, value) in attributes.items()
    }
    if queue.fifo_queue:
        message.group_id, message.deduplication_id = group_id, message.body_md5
        message.sequence_number = f"{round(at * 1_000_000):020d}"
    message.mark_sent(queue.delay_seconds)
    message.sent_timestamp = round(at * 1_000)
    queue.add_message(message)


def publish_to_topic(topic_arn: str, body: str, attributes: Attributes, subject: str | None = None) -> None:
    """Publish a message. Raises DeliveryFailed."""
    arn = arns.parse(topic_arn)
    topic = sns_backends[arn.account_id][arn.region].topics.get(topic_arn)
    if topic is None:
        raise TargetMissing(f"There is no topic {topic_arn}.")
    check_size(topic_arn, body, TOPIC_BYTES, attributes)
    typed = {attribute: {"Type": kind, "Value": value} for attribute, (kind, value) in attributes.items()}
    with suppress(Exception):  # what subscribers make of it is not the publisher's to know
        topic.publish(body, subject=subject, message_attributes=typed)


def check_size(target_arn: str, body: str, limit_bytes: int, attributes: Attributes | None = None) -> None:
    """Raise TooLarge for a message that, with its attributes, is larger than its target takes."""
    texts = [body, *(text for name, (kind, value) in (attributes or {}).items() for text in (name, kind, value))]
    if sum(len(text.encode()) for text in texts) > limit_bytes:
        raise TooLarge(f"The message is larger than the {limit_bytes} bytes that {target_arn} takes.")


# What queues and topics take of requests: moto counts the characters of a body, and AWS the bytes of all (developer
# guides, "Amazon SQS message quotas" and "Amazon SNS endpoints and quotas")


def install() -> None:
    """Have queues and topics count bytes, and attributes too, in the whole process; again is no harm."""
    queues.install()
    replace(SQSBackend, "send_message", _send)
    replace(SQSBackend, "send_message_batch", _send_batch)
    replace(SNSBackend, "publish", _publish)
    replace(SNSBackend, "publish_batch", _publish_batch)


def _send(backend: SQSBackend, queue_name: str, message_body: str, *rest: Any, **options: Any) -> Any:
    limit = int(backend.get_queue(queue_name).maximum_message_size)
    attributes = rest[0] if rest else options.get("message_attributes")
    check_message(message_body, attributes)
    if _sent_bytes(message_body, attributes) > limit:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        )
    return _send_message(backend, queue_name, message_body, *rest, **options)


def _send_batch(backend: SQSBackend, queue_name: str, entries: dict[str, dict[str, Any]]) -> Any:
    for each in entries.values():
        check_message(each["MessageBody"], each.get("MessageAttributes"))
    size = sum(_sent_bytes(each["MessageBody"], each.get("MessageAttributes")) for each in entries.values())
    if size > MAXIMUM_MESSAGE_LENGTH:
        raise BatchRequestTooLong(size)
    return _send_message_batch(backend, queue_name, entries)


def _sent_bytes(body: str, attributes: Mapping[str, Mapping[str, Any]] | None) -> int:
    """Return what counts of a message: its body, and its attributes with their names and types."""
    size = len(body.encode())
    for name, attribute in (attributes or {}).items():
        said = (attribute.get(part) for part in ("DataType", "StringValue", "BinaryValue", "Type", "Value"))
        size += len(name.encode()) + sum(
            len(each if isinstance(each, bytes) else str(each).encode()) for each in said if each
        )
    return size


def _publish(backend: SNSBackend, message: str, *rest: Any, **options: Any) -> Any:
    if not message:
        raise InvalidMessage("Invalid parameter: Empty message")
    if options.get("message_structure") == "json":
        _check_structure(message)
    is_for_topic = options.get("phone_number") is None
    if is_for_topic and _sent_bytes(message, options.get("message_attributes")) > TOPIC_BYTES:
        raise InvalidMessage("Invalid parameter: Message too long")
    return _publish_message(backend, message, *rest, **options)


def _check_structure(message: str) -> None:
    """Refuse a message that says nothing for some protocol (API reference, Publish, MessageStructure)."""
    try:
        told = json_text.read(message)
    except ValueError:
        raise InvalidMessage("Invalid parameter: Message Structure - JSON message body failed to parse") from None
    if not isinstance(told, dict) or not isinstance(told.get("default"), str):
        raise InvalidMessage("Invalid parameter: Message Structure - No default entry in JSON message body")


def _publish_batch(backend: SNSBackend, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]]) -> Any:
    size = sum(_sent_bytes(each["Message"], each.get("MessageAttributes")) for each in publish_batch_request_entries)
    if size > TOPIC_BYTES:
        message = "The length of all the messages put together is more than the limit."  # API reference, PublishBatch
        raise SNSException("BatchRequestTooLong", message)
    return _publish_message_batch(backend, topic_arn, publish_batch_request_entries)
