"""What SNS refuses of a request by its values alone, which neither botocore's model says nor moto looks at.

Codes and words are those of the API reference, of recorded answers and of public issues, where not said otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from async_lab import arns
from async_lab.endpoint import json_text
from async_lab.endpoint.access import policy_documents
from async_lab.endpoint.http.api_call import ApiCall
from async_lab.endpoint.http.constraints import Problem

_Parameters = Mapping[str, Any]
_ATTRIBUTES = {
    *("ApplicationSuccessFeedbackRoleArn", "ApplicationSuccessFeedbackSampleRate", "ApplicationFailureFeedbackRoleArn"),
    *("ArchivePolicy", "ContentBasedDeduplication", "DataProtectionPolicy", "DeliveryPolicy", "DisplayName"),
    *("FifoThroughputScope", "KmsMasterKeyId", "Policy", "SignatureVersion", "TracingConfig"),
    *(
        f"{protocol}{outcome}"
        for protocol in ("Firehose", "HTTP", "Lambda", "SQS")
        for outcome in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
    ),
}
_OF_FIFO = ("ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope")
_VALUES = {
    "ContentBasedDeduplication": ("true", "false"),
    "FifoThroughputScope": ("Topic", "MessageGroup"),
    "FifoTopic": ("true", "false"),
    "SignatureVersion": ("1", "2"),
    "TracingConfig": ("PassThrough", "Active"),
}
_DOCUMENTS = {"ArchivePolicy", "DataProtectionPolicy", "DeliveryPolicy", "Policy"}
_LONGEST_DISPLAY_NAME = 100
_ENDPOINTS = {"lambda": ("lambda", "Lambda"), "sqs": ("sqs", "SQS"), "firehose": ("firehose", "Firehose")}
_RAW = {"firehose", "http", "https", "sqs"}
"""Protocols by which a message may come without a notification around it."""
_ADDRESS = re.compile(r"[^@\s;,]+@[^@\s;,]+")
_BATCH_ID = re.compile(r"[\w-]{1,80}", re.ASCII)


def problem(call: ApiCall) -> Problem | None:
    """Return why SNS refuses a call by its values; None when it doesn't."""
    check = _CHECKS.get(call.operation.name)
    return check(call.parameters) if check else None


def _invalid(message: str) -> Problem:
    """Return SNS' refusal."""
    return Problem("InvalidParameter", f"Invalid parameter: {message}")


# Topics


def _created(asked: _Parameters) -> Problem | None:
    attributes = asked.get("Attributes") or {}
    if not isinstance(attributes, Mapping):
        return None
    for name, value in attributes.items():
        if name not in {*_ATTRIBUTES, "FifoTopic"}:
            return _invalid(f"Attributes Reason: Unknown attribute {name}")
        if name in _OF_FIFO and not str(asked.get("Name")).endswith(".fifo"):
            return _invalid(f"Attributes Reason: {name} is for FIFO topics alone")  # assumed
        if wrong := _of_topic(name, value):
            return wrong
    return None


def _topic_attribute(asked: _Parameters) -> Problem | None:
    name, value = str(asked.get("AttributeName")), asked.get("AttributeValue")
    if name not in _ATTRIBUTES or (name in _OF_FIFO and not str(asked.get("TopicArn")).endswith(".fifo")):
        return _invalid("AttributeName")
    return _of_topic(name, value)


def _of_topic(name: str, value: Any) -> Problem | None:
    if name in _DOCUMENTS and value and not json_text.is_json(value):
        return _invalid(f"{name} failed to parse JSON.")
    if name == "Policy" and value and isinstance(policy := json.loads(value), dict):
        if policy_documents.lacks_principal(policy):
            return _invalid("Policy Error: null")
        if policy_documents.has_foreign_action(policy, "sns"):
            return _invalid("Policy statement action out of service scope!")
    allowed = _VALUES.get(name)
    if allowed and value not in allowed:
        return _invalid(f"{name} Reason: {value} is none of {', '.join(allowed)}")  # assumed
    if name == "DisplayName" and len(str(value or "")) > _LONGEST_DISPLAY_NAME:
        return _invalid(f"DisplayName Reason: it has more than {_LONGEST_DISPLAY_NAME} characters")  # assumed
    return None


def _published(asked: _Parameters) -> Problem | None:
    subject = asked.get("Subject")
    return None if subject is None or (subject and str(subject).isprintable()) else _invalid("Subject")


def _batch(asked: _Parameters) -> Problem | None:
    entries = asked.get("PublishBatchRequestEntries")
    if not entries:
        return Problem("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if all(_BATCH_ID.fullmatch(str(entry.get("Id"))) for entry in entries if isinstance(entry, Mapping)):
        return None
    reason = "The Id of a batch entry in a batch request doesn't abide by the specification."
    return Problem("InvalidBatchEntryId", reason)


# Subscriptions


def _subscription(asked: _Parameters) -> Problem | None:
    protocol, endpoint = str(asked.get("Protocol")), str(asked.get("Endpoint", ""))
    if why := _endpoint_problem(str(asked.get("TopicArn")), protocol, endpoint):
        return _invalid(why)
    attributes = asked.get("Attributes") or {}
    if not isinstance(attributes, Mapping):
        return None
    if protocol not in _RAW and str(attributes.get("RawMessageDelivery", "")).lower() == "true":
        return _invalid(
            f"Attributes Reason: RawMessageDelivery: Delivery protocol [{protocol}] does not support raw message "
            "delivery."
        )
    return next((wrong for each in attributes.items() if (wrong := _of_subscription(*each))), None)


def _endpoint_problem(topic_arn: str, protocol: str, endpoint: str) -> str | None:
    """Return why a topic can't have a subscriber there; None when it can."""
    service, called = _ENDPOINTS.get(protocol, ("", ""))
    if service and arns.service_of(endpoint) != service:
        return f"{called} endpoint ARN"
    if protocol in {"email", "email-json"} and not _ADDRESS.fullmatch(endpoint):
        return "Email address"
    if protocol in {"http", "https"} and not endpoint.startswith(f"{protocol}://"):
        return "Endpoint must match the specified protocol"
    if topic_arn.endswith(".fifo") and protocol != "sqs":
        return f"Protocol Reason: FIFO topics send nothing to {protocol}, but to sqs alone"  # assumed
    if endpoint.endswith(".fifo") and not topic_arn.endswith(".fifo"):
        return "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
    return None


def _subscription_attribute(asked: _Parameters) -> Problem | None:
    return _of_subscription(str(asked.get("AttributeName")), asked.get("AttributeValue"))


def _of_subscription(name: str, value: Any) -> Problem | None:
    if name == "RawMessageDelivery" and str(value).lower() not in {"true", "false"}:
        return _invalid(f"Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    if name in {"FilterPolicy", "RedrivePolicy"} and value and not json_text.is_json(value):
        return _invalid(f"{name}: failed to parse JSON.")
    return None


def _unsubscribed(asked: _Parameters) -> Problem | None:
    arn = str(asked.get("SubscriptionArn"))
    if arn.count(":") >= 5:  # noqa: PLR2004 - an ARN's parts
        return None
    parts = arn.count(":") + 1
    return _invalid(f"SubscriptionArn Reason: An ARN must have at least 6 elements, not {parts}")


_CHECKS: Mapping[str, Callable[[_Parameters], Problem | None]] = {
    "CreateTopic": _created,
    "Publish": _published,
    "PublishBatch": _batch,
    "SetSubscriptionAttributes": _subscription_attribute,
    "SetTopicAttributes": _topic_attribute,
    "Subscribe": _subscription,
    "Unsubscribe": _unsubscribed,
}
