"""What the triggers of a function do with events that they can't deliver: those never reach Lambda's queue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from async_lab import arns
from async_lab.observation.failure_targets import Clients, messages_in
from async_lab.observation.gaps import Looks
from async_lab.observation.invokers import Invoker

ACTIONS = (
    "events:ListTargetsByRule",
    "sns:GetSubscriptionAttributes",
    "sns:ListSubscriptionsByTopic",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A topic or a rule that sends a function events."""

    source_arn: str
    dead_letter_arn: str | None
    """The queue of its own that keeps what it can't deliver; None: such events are gone."""
    waiting: int | None = None
    """How many messages that queue holds, about; None: not seen, or there is none."""


def read_triggers(
    clients: Clients, function_arn: str, invokers: Iterable[Invoker], looks: Looks
) -> tuple[Trigger, ...]:
    """Return the topics and rules that the function's resource-based policy names and that send to it.

    What can't be seen is a gap in ``looks``.
    """
    found: list[Trigger] = []
    for source in sorted({invoker.source_arn for invoker in invokers if invoker.source_arn}):
        kind = arns.service_of(source)
        if kind in _READERS and "*" not in source:
            action, read = _READERS[kind]
            own = looks.at(
                f"whether {source} keeps what it can't deliver",
                action,
                lambda read=read, source=source: list(read(clients, function_arn, source)),  # type: ignore[misc]
            )
            found += [_with_messages(clients, source, dead_letter, looks) for dead_letter in own or ()]
    return tuple(found)


def _of_topic(clients: Clients, function_arn: str, topic: str) -> Iterator[str | None]:
    sns = clients("sns")
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    for one in (one for page in pages for one in page["Subscriptions"]):
        if one["Protocol"] == "lambda" and _is_of(one["Endpoint"], function_arn):
            attributes = sns.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])["Attributes"]
            yield json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")


def _of_rule(clients: Clients, function_arn: str, rule: str) -> Iterator[str | None]:
    *bus, name = arns.parse(rule).resource.removeprefix("rule/").split("/")
    request = {"Rule": name, **({"EventBusName": bus[0]} if bus else {})}
    for target in clients("events").list_targets_by_rule(**request)["Targets"]:
        if _is_of(target["Arn"], function_arn):
            yield target.get("DeadLetterConfig", {}).get("Arn")


_READERS: dict[str, tuple[str, Any]] = {
    "sns": ("sns:GetSubscriptionAttributes", _of_topic),
    "events": ("events:ListTargetsByRule", _of_rule),
}


def _is_of(given: str, function_arn: str) -> bool:
    return given == function_arn or given.startswith(f"{function_arn}:")


def _with_messages(clients: Clients, source: str, dead_letter: str | None, looks: Looks) -> Trigger:
    if dead_letter is None:
        return Trigger(source, None)
    subject = f"what is in {dead_letter}"
    waiting = looks.at(subject, "sqs:GetQueueAttributes", lambda: messages_in(clients("sqs"), dead_letter))
    return Trigger(source, dead_letter, waiting)
