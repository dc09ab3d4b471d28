"""What is in a queue, looked at without taking it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from async_lab.errors import UsageError
from async_lab.testing.checks import given

_BATCH = 10  # API reference: that SQS takes, and gives
_RECEIVED: dict[str, Any] = {
    "MaxNumberOfMessages": _BATCH,
    "VisibilityTimeout": 30,
    "WaitTimeSeconds": 1,  # from 1 on all of SQS's servers are asked
    "MessageAttributeNames": ["All"],
    "MessageSystemAttributeNames": ["SentTimestamp"],
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message in an SQS queue, whether somebody is at work on it or not."""

    id: str
    body: str
    attributes: Mapping[str, str]
    """Its message attributes' values, such as ``ErrorCode`` in a dead-letter queue."""
    sent_at: float
    """Epoch seconds on the endpoint's clock."""

    @property
    def json(self) -> Any:
        """The body, read as JSON: of a destination, the invocation record."""
        return json.loads(self.body)


def check(queue: object) -> None:
    """Raise UsageError for what names no queue."""
    if not isinstance(queue, str):
        raise UsageError(
            f"messages() was given {given(queue)}; it takes a queue's name, URL or ARN, such as function.failure_queue "
            "of a function with failure_queue=True."
        )


def messages(account_id: str, region: str, queue: str) -> list[Message]:
    """Return all that is in a queue, given by its name, URL or ARN. Raises UsageError when there is no such queue."""
    from moto.sqs.models import sqs_backends

    check(queue)
    if queue.startswith("arn:"):
        region = (queue.split(":") + [""] * 3)[3] or region
    name = queue.replace(":", "/").rpartition("/")[2]
    if region not in sqs_backends[account_id].regions:
        raise UsageError(f"There is no queue {queue!r}: {region} is no region of AWS.")
    queues = sqs_backends[account_id][region].queues
    if name not in queues:
        there = f"those of {region} are {', '.join(sorted(queues))}" if queues else f"{region} has none"
        raise UsageError(f"There is no queue {queue!r}: {there}.")
    is_kept = sqs_backends[account_id][region].is_message_valid_based_on_retention_period
    every = queues[name]._messages  # noqa: SLF001 - its other views leave out what somebody is at work on
    return [_message(message) for message in every if is_kept(name, message)]


def received(client: Any, queue: str) -> list[Message]:
    """Return what SQS gives of a queue (name, URL or ARN), each message once, and let it have all of it back.

    Meanwhile nobody else gets them. Raises UsageError for no such queue, and for one that counts how often its messages
    were received, to move them elsewhere.
    """
    url = url_of(client, queue)
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
    if "RedrivePolicy" in attributes:
        raise UsageError(
            f"messages({queue!r}) would count as a receive, after which its RedrivePolicy may move a message: on AWS "
            "look at a queue without one."
        )
    found: dict[str, Message] = {}
    handles: list[str] = []
    while batch := client.receive_message(QueueUrl=url, **_RECEIVED).get("Messages", []):
        for message in batch:
            handles.append(message["ReceiptHandle"])
            found[message["MessageId"]] = _received(message)
    for begin in range(0, len(handles), _BATCH):
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(handles[begin : begin + _BATCH])
        ]
        client.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    return sorted(found.values(), key=lambda message: message.sent_at)


def url_of(client: Any, queue: str) -> str:
    """Return the URL of a queue, given that, its name or ARN. Raises UsageError when there is none."""
    if queue.startswith(("http://", "https://")):
        return queue
    try:
        url: str = client.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    except client.exceptions.QueueDoesNotExist:
        raise UsageError(f"There is no queue {queue!r} in this account and region.") from None
    return url


def _received(message: Any) -> Message:
    values = {
        name: str(attribute.get("StringValue") or attribute.get("BinaryValue"))
        for name, attribute in message.get("MessageAttributes", {}).items()
    }
    sent_at = float(message["Attributes"]["SentTimestamp"]) / 1_000
    return Message(message["MessageId"], message["Body"], values, sent_at)


def _message(kept: Any) -> Message:
    values = {
        name: str(attribute.get("StringValue") or attribute.get("BinaryValue"))
        for name, attribute in kept.message_attributes.items()
    }
    return Message(kept.id, kept.body, values, float(kept.sent_timestamp or 0) / 1_000)
