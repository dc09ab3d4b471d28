"""What an SNS topic and a subscription may say: attributes checked, and filter policies judged as SNS does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.sns import models as sns
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.responses import SNSResponse

from async_lab import arns
from async_lab.endpoint import json_text
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.sources import event_patterns
from async_lab.endpoint.sources.event_patterns import InvalidPattern, Pattern

IN_BODY = "MessageBody"
_SCOPES = {"MessageAttributes", IN_BODY}
_PROTOCOLS = {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
_OF_MOTO = {"exists", "prefix", "suffix", "anything-but", "equals-ignore-case", "numeric"}
"""Operators that moto's check of a filter policy knows."""

_set_attributes = sns.SNSBackend.set_subscription_attributes
_validate = sns.SNSBackend._validate_filter_policy  # noqa: SLF001 - moto's own
_get_topic = sns.SNSBackend.get_topic
_subscribe = SNSResponse.subscribe
_create_topic = sns.SNSBackend.create_topic


def install() -> None:
    """Have subscriptions checked and judged in the whole process; again is no harm."""
    replace(sns, "FilterPolicyMatcher", FilterPolicy)
    replace(sns.SNSBackend, "_validate_filter_policy", _check_filter_policy)
    replace(sns.SNSBackend, "set_subscription_attributes", _set_checked)
    replace(sns.SNSBackend, "get_topic", _topic)
    replace(sns.SNSBackend, "create_topic", _created)
    replace(SNSResponse, "subscribe", _subscribed)
    replace(SNSResponse, "confirm_subscription", _confirmed)


class FilterPolicy:
    """In place of moto's, which lets nothing through by some operators that SNS has."""

    def __init__(self, policy: Pattern, scope: str | None) -> None:
        self._policy, self._scope = policy, scope

    def matches(self, attributes: Mapping[str, Any] | None, message: str) -> bool:
        """Return whether a subscriber wants a message; its attributes have ``Type`` and ``Value``."""
        if not self._policy:
            return True
        if self._scope != IN_BODY:
            return event_patterns.matches(self._policy, _values(attributes or {}), all)
        try:
            body = json_text.read(message)
        except ValueError:
            return False
        return isinstance(body, dict) and event_patterns.matches(self._policy, body, all)


def _values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a policy sees of attributes: no bytes, and of a text that is no JSON though it says so, the text."""
    return {name: _value(each) for name, each in attributes.items() if not each["Type"].startswith("Binary")}


def _value(attribute: Mapping[str, Any]) -> Any:
    if attribute["Type"].startswith("Number"):
        return float(attribute["Value"])
    if attribute["Type"] != "String.Array":
        return attribute["Value"]
    try:
        return json_text.read(attribute["Value"])
    except ValueError:
        return attribute["Value"]


def is_raw(subscription: sns.Subscription) -> bool:
    """Whether a subscriber gets a message as it is, without a notification around it."""
    return str(subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"


def _topic(backend: sns.SNSBackend, arn: str) -> sns.Topic:
    if arns.service_of(arn or "") != "sns":
        raise SNSInvalidParameter("Invalid parameter: TopicArn")
    return _get_topic(backend, arn)


def _created(
    backend: sns.SNSBackend,
    name: str,
    attributes: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> sns.Topic:
    """Make a topic, or return the one that is there; moto returns it whatever else is asked for."""
    arn = f"arn:aws:sns:{backend.region_name}:{backend.account_id}:{name}"
    if present := backend.topics.get(arn):
        for called, value in (attributes or {}).items():
            if not _is_same(getattr(present, camelcase_to_underscores(called), None), value):
                raise SNSInvalidParameter(
                    "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
                )
        if tags and tags != present._tags:  # noqa: SLF001 - moto's own
            raise SNSInvalidParameter("Invalid parameter: Tags Reason: Topic already exists with different tags")
    return _create_topic(backend, name, attributes, tags)


def _is_same(present: Any, wanted: str) -> bool:
    try:
        return bool(json_text.read(str(present)) == json_text.read(wanted))
    except ValueError:
        return str(present or "") == wanted


def _confirmed(response: SNSResponse) -> Any:
    """Refuse a token: here subscriptions are confirmed from the first, so that nobody was sent any."""
    _topic(response.backend, response._get_param("TopicArn"))  # noqa: SLF001 - moto's own
    raise SNSInvalidParameter("Invalid parameter: Token")


def _check_filter_policy(backend: sns.SNSBackend, policy: Any, scope: str | None) -> None:
    try:
        event_patterns.check(policy)
    except InvalidPattern as error:
        raise SNSInvalidParameter(f"Invalid parameter: FilterPolicy: {error}") from error
    _validate(backend, _as_moto_knows(policy), scope)


def _as_moto_knows(policy: Any) -> Any:
    """Return a policy of the same shape, with a text in the place of operators that moto doesn't know."""
    known: dict[str, Any] = {}
    for name, wanted in policy.items():
        if name == "$or":
            known[name] = [_as_moto_knows(each) for each in wanted]
        elif isinstance(wanted, dict):
            known[name] = _as_moto_knows(wanted)
        else:
            known[name] = ["" if isinstance(each, dict) and not each.keys() & _OF_MOTO else each for each in wanted]
    return known


def _set_checked(backend: sns.SNSBackend, arn: str, name: str, value: Any) -> None:
    problem = _problem(name, value)
    if problem:
        raise SNSInvalidParameter(f"Invalid parameter: Attributes Reason: {name}: {problem}")
    _set_attributes(backend, arn, name, value)
    subscription = next(each for each in backend.subscriptions.values() if each.arn == arn)
    if name == "FilterPolicyScope" and subscription._filter_policy:  # noqa: SLF001 - moto's own
        subscription._filter_policy_matcher = FilterPolicy(subscription._filter_policy, value)  # noqa: SLF001


def _problem(name: str, value: Any) -> str | None:
    if name == "RawMessageDelivery" and str(value).lower() not in {"true", "false"}:
        return f"Invalid value [{value}]. Must be true or false."
    if name == "FilterPolicyScope" and value not in _SCOPES:
        return f"Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
    if name == "RedrivePolicy" and value and not _is_redrive_policy(value):
        return "deadLetterTargetArn must be the ARN of an SQS queue"
    return None


def _is_redrive_policy(value: str) -> bool:
    try:
        return arns.service_of(json.loads(value)["deadLetterTargetArn"]) == "sqs"
    except (ValueError, KeyError, TypeError):
        return False


def _subscribed(response: SNSResponse) -> Any:
    """Subscribe, or leave nothing behind where an attribute is refused."""
    protocol = response._get_param("Protocol")  # noqa: SLF001 - moto's own
    if protocol not in _PROTOCOLS:
        raise SNSInvalidParameter(f"Invalid parameter: Amazon SNS does not support this protocol string: {protocol}")
    if protocol == "firehose":
        raise SNSInvalidParameter("Invalid parameter: Protocol Reason: async-lab sends nothing to firehose yet")
    backend = response.backend
    before = set(backend.subscriptions)
    try:
        return _subscribe(response)
    except Exception:
        for arn in backend.subscriptions.keys() - before:
            del backend.subscriptions[arn]
        raise
