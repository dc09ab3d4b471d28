"""What is in a queue, looked at without taking it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from async_lab.errors import UsageError


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


def messages(account_id: str, region: str, queue: str) -> list[Message]:
    """Return all that is in a queue, given by its name, URL or ARN. Raises UsageError when there is no such queue."""
    from moto.sqs.models import sqs_backends

    if queue.startswith("arn:"):
        region = (queue.split(":") + [""] * 3)[3] or region
    name = queue.replace(":", "/").rpartition("/")[2]
    queues = sqs_backends[account_id][region].queues
    if name not in queues:
        there = f"those of {region} are {', '.join(sorted(queues))}" if queues else f"{region} has none"
        raise UsageError(f"There is no queue {queue!r}: {there}.")
    is_kept = sqs_backends[account_id][region].is_message_valid_based_on_retention_period
    every = queues[name]._messages  # noqa: SLF001 - its other views leave out what somebody is at work on
    return [_message(message) for message in every if is_kept(name, message)]


def _message(kept: Any) -> Message:
    values = {
        name: str(attribute.get("StringValue") or attribute.get("BinaryValue"))
        for name, attribute in kept.message_attributes.items()
    }
    return Message(kept.id, kept.body, values, float(kept.sent_timestamp or 0) / 1_000)
