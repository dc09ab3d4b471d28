"""Who a queue, a topic or a function lets in: resource policies, as AWS evaluates them for its own services.

Of conditions, those on the source's ARN and account are judged, which is what confines a service to one bucket, topic
or rule. One that can't be counts as met in an Allow and as not met in a Deny, which is said once.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from async_lab import arns
from async_lab.endpoint.access.conditions import ABSENT, Context, matches_pattern
from async_lab.endpoint.access.identity_policies import ALLOW, DENY, counts
from async_lab.endpoint.moto_patches import replace


@dataclass(frozen=True, slots=True)
class Caller:
    """A service that acts for one resource: a bucket, a topic, a rule."""

    service: str
    """As a policy's principal names it: ``s3.amazonaws.com``."""
    source_arn: str
    source_account: str
    principals: frozenset[str] = frozenset()
    """ARNs under which it is known, of a role that calls itself."""
    owns: bool = False
    """Whether it acts as the resource's owner, as CloudWatch does: a topic's default policy lets it in."""


def may_invoke(caller: Caller, function_arn: str) -> bool:
    """Return whether the function's policy, or that of its alias or version, lets the caller invoke it."""
    return _allows(_of_function(function_arn), "lambda:InvokeFunction", caller)


def may_send(caller: Caller, queue_arn: str) -> bool:
    """Return whether a queue's policy lets the caller send; False without a queue."""
    return _allows(_of_queue(queue_arn), "sqs:SendMessage", caller)


def may_publish(caller: Caller, topic_arn: str) -> bool:
    """Return whether a topic's policy lets the caller publish; False without a topic."""
    return _allows(_of_topic(topic_arn), "sns:Publish", caller)


def decision(principals: Collection[str], action: str, resource_arn: str) -> str | None:
    """Return what a queue, a topic or a function says of a role by its own policy: ``ALLOW``, ``DENY``, or nothing."""
    service = arns.service_of(resource_arn)
    statements = [] if service not in _POLICIES else _POLICIES[service](resource_arn)
    return _decision(statements, action, Caller("", "", "", principals=frozenset(principals)))


def _of_function(arn: str) -> list[dict[str, Any]]:
    parsed = arns.parse(arn)
    try:
        function = lambda_backends[parsed.account_id][parsed.region].get_function(parsed.name)
    except UnknownFunctionException:
        return []
    policy = function.policies.get(parsed.qualifier or "")
    return policy.statements if policy else []


def _of_queue(arn: str) -> list[dict[str, Any]]:
    parsed = arns.parse(arn)
    queue = sqs_backends[parsed.account_id][parsed.region].queues.get(parsed.name)
    return _statements(queue.policy) if queue is not None and queue.policy else []


def _of_topic(arn: str) -> list[dict[str, Any]]:
    parsed = arns.parse(arn)
    topic = sns_backends[parsed.account_id][parsed.region].topics.get(arn)
    return _statements(topic.policy) if topic is not None else []


_POLICIES = {"lambda": _of_function, "sqs": _of_queue, "sns": _of_topic}


def _statements(policy: str) -> list[dict[str, Any]]:
    return _listed(json.loads(policy).get("Statement", []))


def _allows(statements: Iterable[Mapping[str, Any]], action: str, caller: Caller) -> bool:
    return _decision(statements, action, caller) == ALLOW


def _decision(statements: Iterable[Mapping[str, Any]], action: str, caller: Caller) -> str | None:
    effects = {statement["Effect"] for statement in statements if _applies(statement, action, caller)}
    return next((effect for effect in (DENY, ALLOW) if effect in effects), None)


def _applies(statement: Mapping[str, Any], action: str, caller: Caller) -> bool:
    if not any(matches_pattern(pattern, action.lower()) for pattern in _lowered(statement.get("Action"))):
        return False
    return _names(statement.get("Principal"), caller) and counts(statement, _context(caller), "a resource's policy")


def _context(caller: Caller) -> Context:
    role = next((arn for arn in caller.principals if ":role/" in arn), ABSENT)
    return Context(
        {
            "aws:sourcearn": caller.source_arn or ABSENT,
            "aws:sourceaccount": caller.source_account or ABSENT,
            "aws:sourceowner": caller.source_account if caller.owns else ABSENT,
            "aws:principalarn": role,
            "aws:principalaccount": arns.parse(role).account_id if role else ABSENT,
            "aws:principalisawsservice": "false" if role else "true",
            "aws:principalservicename": caller.service or ABSENT,
        }
    )


def _names(principal: Any, caller: Caller) -> bool:
    if not isinstance(principal, Mapping):
        return principal in {"*", caller.service}
    services, others = _listed(principal.get("Service")), set(_listed(principal.get("AWS")))
    return caller.service in services or bool(others & {"*", *caller.principals})


def _lowered(value: Any) -> list[str]:
    return [str(each).lower() for each in _listed(value)]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# Buckets' policies, which moto asks for every request


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """Return what a bucket's policy says; its conditions are read as roles' are.

    moto takes a condition that isn't met for a refusal, so that a policy which denies requests without TLS, as most
    buckets have it, would shut its objects away from everybody.
    """
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    whose = f"the policy of {bucket.arn}"
    counting = [_without_condition(one) for one in statements if counts(one, Context(), whose)]
    return IAMPolicy(json.dumps({"Statement": counting})).is_action_permitted(action, resource)


def _without_condition(statement: dict[str, Any]) -> dict[str, Any]:
    return {element: value for element, value in statement.items() if element != "Condition"}


def install() -> None:
    """Have moto read them as AWS does in the whole process, before it takes its first request; again is no harm."""
    replace(FakeBucket, "get_permission", _permission)
