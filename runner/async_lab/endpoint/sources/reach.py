"""What sources reach: functions, queues and topics, each as far as it lets them in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from async_lab import arns
from async_lab.endpoint import cloudwatch
from async_lab.endpoint.access import resource_policies
from async_lab.endpoint.access.resource_policies import Caller
from async_lab.endpoint.delivery.targets import DeliveryFailed, TargetMissing, publish_to_topic, send_to_queue
from async_lab.endpoint.functions.deployed import FunctionNotFound, find

Invoke = Callable[[str, str, str | None, bytes], None]
"""Invokes a function asynchronously: region, name, qualifier, payload."""

_ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}


@dataclass(frozen=True, slots=True)
class Reach:
    """How sources get at their targets. Each method raises DeliveryFailed."""

    invoke: Invoke
    now: Callable[[], float]
    """Epoch seconds."""

    def check(self, caller: Caller, target_arn: str) -> None:
        """Raise DeliveryFailed for a target that isn't there or doesn't let the caller in."""
        service = arns.service_of(target_arn)
        if service == "lambda":
            self._exists(target_arn)
        if not resource_policies.lets_in(caller, _ACTIONS[service], target_arn):
            raise DeliveryFailed(f"{target_arn} does not let {caller.service} in for {caller.source_arn}.")

    def deliver(self, target_arn: str, body: str, group_id: str | None = None) -> None:
        """Invoke, send or publish, whoever may: for callers that act by a role."""
        match arns.service_of(target_arn):
            case "lambda":
                self._exists(target_arn)
                arn = arns.parse(target_arn)
                self.invoke(arn.region, arn.name, arn.qualifier, body.encode())
            case "sqs":
                send_to_queue(target_arn, body, {}, self.now(), group_id=group_id)
            case "sns":
                publish_to_topic(target_arn, body, {})

    def function(self, caller: Caller, function_arn: str, payload: bytes) -> None:
        """Invoke a function asynchronously."""
        self.check(caller, function_arn)
        self.deliver(function_arn, payload.decode())

    def queue(self, caller: Caller, queue_arn: str, body: str, group_id: str | None = None) -> None:
        """Send a message."""
        self.check(caller, queue_arn)
        self.deliver(queue_arn, body, group_id)

    def topic(self, caller: Caller, topic_arn: str, body: str, subject: str | None = None) -> None:
        """Publish a message."""
        self.check(caller, topic_arn)
        publish_to_topic(topic_arn, body, {}, subject)

    def count(self, source_arn: str, namespace: str, metric: str, dimension: tuple[str, str]) -> None:
        """Count one in a metric of the source's own."""
        source = arns.parse(source_arn)
        store = cloudwatch.store(source.account_id, source.region)
        store.put(namespace, metric, (dimension,), self.now(), 1.0, "Count")

    @staticmethod
    def _exists(function_arn: str) -> None:
        arn = arns.parse(function_arn)
        try:
            find(arn.account_id, arn.region, arn.name, arn.qualifier)
        except FunctionNotFound as error:
            raise TargetMissing(str(error)) from error
