"""SNS: what becomes of a message at each subscriber of its topic."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any, ClassVar

from moto.sns import models as sns
from moto.sqs.models import sqs_backends

from async_lab import arns
from async_lab.endpoint import trouble
from async_lab.endpoint.access.resource_policies import Caller
from async_lab.endpoint.delivery.targets import DeliveryFailed, send_to_queue
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.sources import subscriptions
from async_lab.endpoint.sources.reach import Reach

NAMESPACE = "AWS/SNS"

_EVENT_VERSION = "1.0"
_NOTIFICATIONS_KEPT = 100
"""Of each topic: moto keeps all for its own tests."""

_post_data = sns.Subscription.get_post_data
_publish_to_subscription = sns.Subscription.publish
_publish_to_topic = sns.Topic.publish


class _Installed:
    reach: ClassVar[Reach]


@dataclass(frozen=True, slots=True)
class _Message:
    """What one subscriber gets of what was published."""

    text: str
    id: str
    subject: str | None
    attributes: dict[str, Any] | None
    group_id: str | None
    deduplication_id: str | None


def install(reach: Reach) -> None:
    """Let topics reach functions and queues; calling again changes ``reach`` alone."""
    _Installed.reach = reach
    replace(sns.Subscription, "get_post_data", _notification)
    replace(sns.Subscription, "publish", _to_subscription)
    replace(sns.Topic, "publish", _to_topic)
    subscriptions.install()


def _to_topic(topic: sns.Topic, *message: Any, **options: Any) -> str:
    message_id: str = _publish_to_topic(topic, *message, **options)
    del topic.sent_notifications[:-_NOTIFICATIONS_KEPT]
    _count(topic, "NumberOfMessagesPublished")
    return message_id


def _to_subscription(
    subscription: sns.Subscription,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    message_structure: str | None = None,
) -> None:
    """Send a message to one subscriber; what becomes of it is neither the publisher's to know nor the next one's."""
    matcher = subscription._filter_policy_matcher  # noqa: SLF001 - moto's own
    if matcher is not None and not matcher.matches(message_attributes, message):
        _count(subscription.topic, "NumberOfNotificationsFilteredOut")
        return
    text = _for_protocol(message, subscription.protocol) if message_structure == "json" else message
    sent = _Message(text, message_id, subject, message_attributes, group_id, deduplication_id)
    metric = "NumberOfNotificationsFailed"
    try:
        _deliver(subscription, sent)
        metric = "NumberOfNotificationsDelivered"
    except DeliveryFailed:
        _dead_letter(subscription, _notification_of(subscription, sent))
    except Exception as error:  # noqa: BLE001 - the next subscriber gets its message
        trouble.report("sending a message to a topic's subscriber", error)
    _count(subscription.topic, metric)


def _deliver(subscription: sns.Subscription, sent: _Message) -> None:
    caller = Caller("sns.amazonaws.com", subscription.topic.arn, subscription.account_id)
    if subscription.protocol == "lambda":
        event = json.dumps(event_of(subscription.arn, _notification_of(subscription, sent))).encode()
        _Installed.reach.function(caller, subscription.endpoint, event)
    elif subscription.protocol == "sqs":
        _Installed.reach.check(caller, subscription.endpoint)
        _to_queue(subscription, sent)
    else:
        _publish_to_subscription(
            subscription,
            sent.text,
            sent.id,
            subject=sent.subject,
            message_attributes=sent.attributes,
            group_id=sent.group_id,
            deduplication_id=sent.deduplication_id,
        )


def _to_queue(subscription: sns.Subscription, sent: _Message) -> None:
    """Send a message to a queue: around it a notification, or its attributes beside it where it comes raw."""
    body, attributes = sent.text, {name: _raw(each) for name, each in (sent.attributes or {}).items()}
    if not subscriptions.is_raw(subscription):
        body, attributes = json.dumps(_notification_of(subscription, sent), sort_keys=True, indent=2), {}
    deduplication_id = sent.deduplication_id
    if subscription.topic.content_based_deduplication and not deduplication_id:
        deduplication_id = hashlib.sha256(sent.text.encode()).hexdigest()
    queue = arns.parse(subscription.endpoint)
    sqs_backends[queue.account_id][queue.region].send_message(
        queue.resource,
        body,
        message_attributes=attributes or None,
        deduplication_id=deduplication_id,
        group_id=sent.group_id,
        validate_group_id=False,
    )


def _raw(attribute: dict[str, Any]) -> dict[str, Any]:
    """Return a message attribute as SQS has it."""
    kind, value = attribute["Type"], attribute["Value"]
    if not kind.startswith("Binary"):
        return {"DataType": kind, "StringValue": str(value)}
    return {"DataType": kind, "BinaryValue": value if isinstance(value, bytes) else base64.b64decode(value)}


def event_of(subscription_arn: str, notification: dict[str, Any]) -> dict[str, Any]:
    """Return the event with which a function gets a notification (developer guide, "Using Lambda with Amazon SNS")."""
    renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    told = {"Subject": None, "MessageAttributes": {}} | notification
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": _EVENT_VERSION,
                "EventSubscriptionArn": subscription_arn,
                "Sns": {renamed.get(name, name): value for name, value in told.items()},
            }
        ]
    }


def _notification(
    subscription: sns.Subscription,
    message: str,
    message_id: str,
    subject: str | None,
    message_attributes: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return moto's notification, with this subscription's own way out and with attributes that JSON can carry."""
    told: dict[str, Any] = _post_data(subscription, message, message_id, subject)
    host = f"https://sns.{subscription.topic.sns_backend.region_name}.amazonaws.com/"
    told["UnsubscribeURL"] = f"{host}?Action=Unsubscribe&SubscriptionArn={subscription.arn}"
    if message_attributes:
        told["MessageAttributes"] = {name: _attribute(value) for name, value in message_attributes.items()}
    return told


def _notification_of(subscription: sns.Subscription, sent: _Message) -> dict[str, Any]:
    return _notification(subscription, sent.text, sent.id, sent.subject, sent.attributes)


def _attribute(attribute: dict[str, Any]) -> dict[str, str]:
    value = attribute["Value"]
    return {
        "Type": attribute["Type"],
        "Value": base64.b64encode(value).decode() if isinstance(value, bytes) else str(value),
    }


def _for_protocol(message: str, protocol: str) -> str:
    """Return what a message in JSON says for a protocol (API reference, Publish, MessageStructure)."""
    told = json.loads(message)
    text: str = told.get(protocol, told["default"])
    return text


def _dead_letter(subscription: sns.Subscription, notification: dict[str, Any]) -> None:
    """Send what could not be delivered to the subscription's own dead-letter queue, if it has one."""
    policy = subscription.attributes.get("RedrivePolicy")
    target = json.loads(policy).get("deadLetterTargetArn") if policy else None
    if target and arns.service_of(target) == "sqs":
        caller = Caller("sns.amazonaws.com", subscription.topic.arn, subscription.account_id)
        try:
            _Installed.reach.check(caller, target)
            send_to_queue(target, json.dumps(notification), {}, _Installed.reach.now())
        except DeliveryFailed:
            _count(subscription.topic, "NumberOfNotificationsFailedToRedriveToDlq")
        else:
            _count(subscription.topic, "NumberOfNotificationsRedrivenToDlq")


def _count(topic: sns.Topic, metric: str) -> None:
    _Installed.reach.count(topic.arn, NAMESPACE, metric, ("TopicName", topic.name))
