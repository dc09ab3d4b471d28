"""Reads bucket policies as roles' are read: an Allow counts whatever its Condition, a Deny with a Condition never.

moto takes a condition that isn't met for a refusal, so that a policy which denies requests without TLS, as most buckets
have it, would shut its objects away from everybody.
"""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def install() -> None:
    """Make it so in the whole process; again is no harm."""
    FakeBucket.get_permission = _permission


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    counting = [_without_condition(one) for one in statements if one["Effect"] == "Allow" or "Condition" not in one]
    return IAMPolicy(json.dumps({"Statement": counting})).is_action_permitted(action, resource)


def _without_condition(statement: dict[str, Any]) -> dict[str, Any]:
    return {element: value for element, value in statement.items() if element != "Condition"}
