"""Policies that moto reads differently from AWS, or leaves out.

Bucket policies are read as roles' are: an Allow counts whatever its Condition, a Deny with a Condition never. moto
takes a condition that isn't met for a refusal, so that a policy which denies requests without TLS, as most buckets
have it, would shut its objects away from everybody. AWS's own IAM policies, which roles attach everywhere, are there.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from moto.iam import models
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from async_lab.endpoint.moto_patches import replace


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    counting = [_without_condition(one) for one in statements if one["Effect"] == "Allow" or "Condition" not in one]
    return IAMPolicy(json.dumps({"Statement": counting})).is_action_permitted(action, resource)


def _without_condition(statement: dict[str, Any]) -> dict[str, Any]:
    return {element: value for element, value in statement.items() if element != "Condition"}


_PARTITION = "aws"


class _Backend(models.IAMBackend):
    """moto's IAM with AWS's policies in the one partition that the endpoint plays.

    moto makes a backend for each of six partitions at the first request of all, and parsing 1,582 policies for each
    would make that request wait for half a second.
    """

    __module__ = models.IAMBackend.__module__  # by which moto finds the service's paths

    def _init_aws_policies(self) -> list[models.AWSManagedPolicy]:
        if self.region_name != _PARTITION:
            return []
        return [copy.copy(policy) for policy in _policies(self.account_id)]  # it counts its attachments


@cache
def _policies(account_id: str) -> tuple[models.AWSManagedPolicy, ...]:
    every = json.loads(models.aws_managed_policies_data)
    return tuple(
        models.AWSManagedPolicy.from_data(name, account_id, _PARTITION, policy) for name, policy in every.items()
    )


def install() -> None:
    """Make it so in the whole process, before moto takes its first request; again is no harm."""
    replace(FakeBucket, "get_permission", _permission)
    replace(models.iam_backends, "backend", _Backend)
