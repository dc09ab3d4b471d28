"""What an execution role may do, as far as Lambda checks it: identity policies by action and resource.

Conditions are not evaluated: an Allow counts whatever its Condition, a Deny with a Condition never does. Permission
boundaries, service control policies and resource policies are left out as well (all assumed not to stand in the way).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import AWSManagedPolicy, IAMBackend, aws_managed_policies_data, iam_backends

from async_lab import arns
from async_lab.endpoint.access import denials
from async_lab.endpoint.moto_patches import replace

_ACTIONS_BY_SERVICE = {  # developer guide, "adding a destination", and DLQs
    "sqs": ("sqs:SendMessage",),
    "sns": ("sns:Publish",),
    "lambda": ("lambda:InvokeFunction",),
    "events": ("events:PutEvents",),
    "s3": ("s3:PutObject", "s3:ListBucket"),
}


@dataclass(frozen=True, slots=True)
class RequiredPermission:
    """One action on one resource that a role must be allowed."""

    action: str
    resource: str

    @property
    def verb(self) -> str:
        """The action without its service, as Lambda's refusals name it: ``SendMessage``."""
        return self.action.partition(":")[2]


def needs_of_target(target_arn: str) -> tuple[RequiredPermission, ...]:
    """Return what a role needs to deliver to a dead-letter queue or a destination; () for an unknown service."""
    service = arns.service_of(target_arn)
    return tuple(
        RequiredPermission(action, _resource(action, target_arn)) for action in _ACTIONS_BY_SERVICE.get(service, ())
    )


def first_missing(role_arn: str, needs: Iterable[RequiredPermission]) -> RequiredPermission | None:
    """Return the first need that the role's policies don't cover."""
    return next((need for need in needs if not allows(role_arn, need)), None)


def allows(role_arn: str, need: RequiredPermission) -> bool:
    """Return whether the role's own policies allow it: some Allow applies, and no Deny, and no test denies it."""
    if denials.covers(need.action):
        return False
    effects = {statement["Effect"] for statement in _statements(role_arn) if _applies(statement, need)}
    return effects == {"Allow"}


def allows_on_some_resource(role_arn: str, action: str) -> bool:
    """Return whether the role may do it on any resource at all, for who doesn't know on which."""
    statements = [each for each in _statements(role_arn) if _names(each, "Action", action, re.IGNORECASE)]
    refused = any(
        each["Effect"] == "Deny" and "Condition" not in each and "*" in _listed(each.get("Resource"))
        for each in statements
    )
    return not refused and any(each["Effect"] == "Allow" for each in statements)


def _resource(action: str, target_arn: str) -> str:
    return f"{target_arn}/*" if action == "s3:PutObject" else target_arn


def _statements(role_arn: str) -> Iterator[dict[str, Any]]:
    role = arns.parse(role_arn)
    try:
        found = iam_backends[role.account_id][role.partition].get_role_by_arn(role_arn)
    except NotFoundException:
        return
    versions = (version for policy in found.managed_policies.values() for version in policy.versions)
    attached = (version.document for version in versions if version.is_default)
    for document in (*found.policies.values(), *attached):
        yield from _parsed(document)


@lru_cache(maxsize=256)
def _parsed(document: str) -> tuple[dict[str, Any], ...]:
    return tuple(_listed(json.loads(document)["Statement"]))


def _applies(statement: dict[str, Any], need: RequiredPermission) -> bool:
    if statement["Effect"] == "Deny" and "Condition" in statement:
        return False
    return _names(statement, "Action", need.action, re.IGNORECASE) and _names(statement, "Resource", need.resource)


def _names(statement: dict[str, Any], element: str, value: str, flags: int = 0) -> bool:
    if element in statement:
        return any(_pattern(text, flags).fullmatch(value) for text in _listed(statement[element]))
    return not any(_pattern(text, flags).fullmatch(value) for text in _listed(statement.get(f"Not{element}", "*")))


@lru_cache(maxsize=1024)
def _pattern(text: str, flags: int) -> re.Pattern[str]:
    """IAM's wildcards: ``*`` is any text, ``?`` any one character."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), flags | re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# AWS's own policies, which roles attach everywhere

_PARTITION = "aws"


class _Backend(IAMBackend):
    """moto's IAM with AWS's policies in the one partition that the endpoint plays.

    moto makes a backend for each of six partitions at the first request of all, and parsing 1,582 policies for each
    would make that request wait for half a second.
    """

    __module__ = IAMBackend.__module__  # by which moto finds the service's paths

    def _init_aws_policies(self) -> list[AWSManagedPolicy]:
        if self.region_name != _PARTITION:
            return []
        return [copy.copy(policy) for policy in _policies(self.account_id)]  # it counts its attachments


@cache
def _policies(account_id: str) -> tuple[AWSManagedPolicy, ...]:
    every = json.loads(aws_managed_policies_data)
    return tuple(AWSManagedPolicy.from_data(name, account_id, _PARTITION, policy) for name, policy in every.items())


def install() -> None:
    """Have them in the whole process, before moto takes its first request; again is no harm."""
    replace(iam_backends, "backend", _Backend)
