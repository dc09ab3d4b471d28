"""What invokes functions asynchronously from inside the endpoint: S3, SNS and EventBridge, as moto has them.

moto would run the function at once, in a container. Here it becomes an event in the function's queue, like any other.
"""

from __future__ import annotations

import base64
import copy
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from moto.awslambda.models import LambdaBackend
from moto.events import models as events
from moto.logs.models import LogStream
from moto.s3 import notifications
from moto.sns import models as sns

from async_lab import arns
from async_lab.endpoint import trouble
from async_lab.endpoint.functions import FunctionNotFound, find
from async_lab.endpoint.moto_patches import replace

Invoke = Callable[[str, str, str | None, bytes], None]
"""Invokes a function asynchronously: region, name, qualifier, payload."""

_SNS_EVENT_VERSION = "1.0"
_NOTIFICATIONS_KEPT = 100
"""Of each topic: moto keeps all for its own tests."""

_publish_to_subscription = sns.Subscription.publish
_publish_to_topic = sns.Topic.publish
_pass_on_log = LogStream._send_log_events  # noqa: SLF001 - the one way from a log to its subscribers


def install(invoke: Invoke) -> None:
    """Send what happens in S3, SNS and EventBridge to ``invoke``. Calling again changes ``invoke`` alone."""

    def trigger(function_arn: str, payload: bytes) -> None:
        with trouble.contained("triggering a function"):  # whoever triggers it doesn't wait to hear
            arn = arns.parse(function_arn)
            try:
                find(arn.account_id, arn.region, arn.name, arn.qualifier)
            except FunctionNotFound:
                return
            invoke(arn.region, arn.name, arn.qualifier, payload)

    def object_changed(_account_id: str, event: Any, function_arn: str, _region: str) -> None:
        trigger(function_arn, json.dumps(event).encode())

    def message_published(
        backend: LambdaBackend, name: str, message: str, subject: str | None = None, qualifier: str | None = None
    ) -> None:
        arn = f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{name}"
        payload = json.dumps(_sns_event(message, subject)).encode()
        trigger(f"{arn}:{qualifier}" if qualifier else arn, payload)

    replace(notifications, "_invoke_awslambda", object_changed)  # S3's one way to a function
    replace(LambdaBackend, "send_sns_message", message_published)

    def log_written(
        stream: LogStream, service: str, destination_arn: str, filter_name: str, log_events: list[dict[str, Any]]
    ) -> None:
        with trouble.contained(f"passing a log on to {service}"):
            if service == "lambda":
                trigger(destination_arn, _log_event(stream, filter_name, log_events))
            else:
                _pass_on_log(stream, service, destination_arn, filter_name, log_events)

    replace(LogStream, "_send_log_events", log_written)
    replace(sns.Subscription, "publish", _to_subscription)
    replace(sns.Topic, "publish", _to_topic)
    replace(LambdaBackend, "send_sqs_batch", _leave_in_queue)
    replace(events, "Rule", Rule)
    Rule.trigger = staticmethod(trigger)


class Rule(events.Rule):
    """moto's rule with Lambda functions among its targets."""

    trigger: ClassVar[Callable[[str, bytes], None]]

    def send_to_targets(self, original_event: dict[str, Any], transform_input: bool = True) -> None:
        """Send an event that matches to every target."""
        functions = [target for target in self.targets if arns.service_of(target["Arn"]) == "lambda"]
        if functions and self.event_pattern.matches_event(original_event):
            for target in functions:
                type(self).trigger(target["Arn"], _input(target, original_event))
        for target in self.targets:
            if target not in functions:
                alone = copy.copy(self)
                alone.targets = [target]
                # moto imports a library for transformations, which events that stay as they are don't need.
                transforms = transform_input and "InputTransformer" in target
                with trouble.contained("sending an event to a rule's target"):
                    super(Rule, alone).send_to_targets(original_event, transforms)


def _to_subscription(subscription: sns.Subscription, *message: Any, **options: Any) -> None:
    """Send a message to one subscriber; what becomes of it is neither the publisher's to know nor the next one's."""
    with trouble.contained("sending a message to a topic's subscriber"):
        _publish_to_subscription(subscription, *message, **options)


def _to_topic(topic: sns.Topic, *message: Any, **options: Any) -> str:
    message_id: str = _publish_to_topic(topic, *message, **options)
    del topic.sent_notifications[:-_NOTIFICATIONS_KEPT]
    return message_id


def _log_event(stream: LogStream, filter_name: str, log_events: list[dict[str, Any]]) -> bytes:
    """Return the event of a subscription filter (CloudWatch Logs user guide, "Subscription filters with Lambda")."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": stream.account_id,
        "logGroup": stream.log_group.name,
        "logStream": stream.log_stream_name,
        "subscriptionFilters": [filter_name],
        "logEvents": log_events,
    }
    packed = gzip.compress(json.dumps(data).encode(), mtime=0)
    return json.dumps({"awslogs": {"data": base64.b64encode(packed).decode()}}).encode()


def _leave_in_queue(_backend: LambdaBackend, _function_arn: str, _messages: Any, _queue_arn: str) -> bool:
    """Take nothing out of a queue with an event source mapping: its polls are no asynchronous invocations."""
    return False


def _input(target: dict[str, Any], event: dict[str, Any]) -> bytes:
    """Return what a rule passes on: its constant input or the event. Paths into the event are not looked up."""
    if "Input" in target:
        constant: str = target["Input"]
        return constant.encode()
    time = datetime.fromtimestamp(float(event["time"]), UTC)
    inner = {name: value for name, value in event.items() if name != "ingestion-time"}
    return json.dumps(inner | {"time": f"{time:%Y-%m-%dT%H:%M:%SZ}"}).encode()


def _sns_event(message: str, subject: str | None) -> dict[str, Any]:
    """Return the event of one notification, without the identifiers and signature that moto doesn't pass on."""
    notification: dict[str, Any] = {
        "Type": "Notification",
        "Subject": subject,
        "Message": message,
        "MessageAttributes": {},
    }
    return {
        "Records": [{"EventSource": "aws:sns", "EventVersion": _SNS_EVENT_VERSION, "Sns": notification}],
    }
