"""Queues and topics as what Lambda and other services write to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from moto.moto_api._internal import mock_random
from moto.sns.models import sns_backends
from moto.sqs.models import Message, sqs_backends

from async_lab import arns

Attributes = Mapping[str, tuple[str, str]]
"""Message attributes by name: type and value."""

TOPIC_BYTES = 256 * 1024  # doc: SNS


class DeliveryFailed(Exception):
    """The target isn't there, may not be written to, or the message is too large for it."""


class TargetMissing(DeliveryFailed):
    """The target isn't there."""


def send_to_queue(queue_arn: str, body: str, attributes: Attributes, at: float, *, group_id: str | None = None) -> None:
    """Send a message at the epoch second ``at``. Raises DeliveryFailed.

    It is appended to the queue itself: moto's send_message walks all the messages that wait already.
    """
    arn = arns.parse(queue_arn)
    queue = sqs_backends[arn.account_id][arn.region].queues.get(arn.name)
    if queue is None:
        raise TargetMissing(f"There is no queue {queue_arn}.")
    check_size(queue_arn, body, int(queue.maximum_message_size))
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
    check_size(topic_arn, body, TOPIC_BYTES)
    typed = {attribute: {"Type": kind, "Value": value} for attribute, (kind, value) in attributes.items()}
    with suppress(Exception):  # what subscribers make of it is not the publisher's to know
        topic.publish(body, subject=subject, message_attributes=typed)


def check_size(target_arn: str, body: str, limit_bytes: int) -> None:
    """Raise DeliveryFailed for a message that is larger than its target takes."""
    if len(body.encode()) > limit_bytes:
        raise DeliveryFailed(f"The message is larger than the {limit_bytes} bytes that {target_arn} takes.")
