"""What an execution role may do, as far as Lambda checks it: identity policies by action and resource.

A condition that can't be judged counts as met in an Allow and as not met in a Deny, which is said once. Permission
boundaries and service control policies are left out (assumed not to stand in the way).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import AWSManagedPolicy, IAMBackend, aws_managed_policies_data, iam_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from async_lab import arns
from async_lab.endpoint import trouble
from async_lab.endpoint.access import denials
from async_lab.endpoint.access.conditions import ABSENT, Context, judge, unknown_keys
from async_lab.endpoint.moto_patches import replace

ALLOW, DENY = "Allow", "Deny"
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
    return decision(role_arn, need) == ALLOW


def decision(
    role_arn: str,
    need: RequiredPermission,
    request: Mapping[str, str | None] | None = None,
    documents: Iterable[str] | None = None,
) -> str | None:
    """Return ``ALLOW`` or ``DENY``, as the role's own policies say; None where none of them says anything.

    ``request`` has what is known of the request besides role and resource, by condition keys in small letters.
    ``documents`` are asked instead of the role's own, as those of a session.
    """
    if denials.covers(need.action):
        return DENY
    context = _context(role_arn, need.resource, request or {})
    effects = {
        statement["Effect"]
        for statement in _statements(_documents(role_arn) if documents is None else documents)
        if lists(statement, "Action", need.action, re.IGNORECASE)
        and lists(statement, "Resource", need.resource)
        and counts(statement, context, f"a policy of {role_arn}")
    }
    return next((effect for effect in (DENY, ALLOW) if effect in effects), None)


def allows_on_some_resource(
    role_arn: str,
    action: str,
    request: Mapping[str, str | None] | None = None,
    documents: Iterable[str] | None = None,
) -> bool:
    """Return whether the role may do it on any resource at all, for who doesn't know on which; see ``decision``."""
    context = _context(role_arn, "", request or {})
    statements = [
        each
        for each in _statements(_documents(role_arn) if documents is None else documents)
        if lists(each, "Action", action, re.IGNORECASE) and counts(each, context, f"a policy of {role_arn}")
    ]
    refused = any(each["Effect"] == DENY and "*" in _listed(each.get("Resource")) for each in statements)
    return not refused and any(each["Effect"] == ALLOW for each in statements)


def counts(statement: Mapping[str, Any], context: Context, whose: str) -> bool:
    """Return whether a statement's conditions let it count. One that can't be judged is said once, and ``whose`` it is.

    It counts as met in an Allow and as not met in a Deny.
    """
    if (is_met := judge(statement, context)) is not None:
        return is_met
    keys = " and ".join(dict.fromkeys(unknown_keys(statement, context)))
    is_allow: bool = statement["Effect"] == ALLOW
    read = "met, so that more may be allowed here than on AWS" if is_allow else "not met, so that it denies nothing"
    trouble.remark(f"async-lab can't judge the condition on {keys} in {whose}: it is read as {read}.")
    return is_allow


def _context(role_arn: str, resource: str, request: Mapping[str, str | None]) -> Context:
    account_id = arns.parse(role_arn).account_id
    of_resource = arns.parse(resource) if arns.service_of(resource) else None
    known = {
        "aws:principalarn": role_arn,
        "aws:principalaccount": account_id,
        "aws:principaltype": "AssumedRole",
        "aws:principalisawsservice": "false",
        **dict.fromkeys(("aws:sourcearn", "aws:sourceaccount", "aws:sourceowner"), ABSENT),  # of services alone
        **({"aws:resourceaccount": of_resource.account_id} if of_resource and of_resource.account_id else {}),
        **request,
    }
    found = role(role_arn)
    of_role = None if found is None else {tag["Key"]: tag["Value"] for tag in found.tags or ()}
    return Context(known, {"aws:principaltag": of_role, "aws:resourcetag": tags_of(resource)})


def tags_of(resource: str) -> dict[str, str] | None:
    """Return a resource's tags by name; None where they aren't known here."""
    if (service := arns.service_of(resource)) not in _TAGS:
        return None
    arn = arns.parse(resource)
    try:
        return dict(_TAGS[service](arn, resource))
    except (KeyError, UnknownFunctionException):
        return {}  # of what isn't there


_TAGS: Mapping[str, Callable[[arns.Arn, str], Mapping[str, str]]] = {
    "lambda": lambda arn, _: lambda_backends[arn.account_id][arn.region].get_function(arn.name).tags,
    "sqs": lambda arn, _: sqs_backends[arn.account_id][arn.region].queues[arn.name].tags,
    "sns": lambda arn, resource: sns_backends[arn.account_id][arn.region].topics[resource]._tags,  # noqa: SLF001
}


def _resource(action: str, target_arn: str) -> str:
    return f"{target_arn}/*" if action == "s3:PutObject" else target_arn


def role(role_arn: str) -> Any:
    """Return moto's role; None where there is none."""
    try:
        arn = arns.parse(role_arn)
        return iam_backends[arn.account_id][arn.partition].get_role_by_arn(role_arn)
    except (NotFoundException, arns.NotAnArn):
        return None


def _documents(role_arn: str) -> Iterator[str]:
    found = role(role_arn)
    if found is None:
        return
    versions = (version for policy in found.managed_policies.values() for version in policy.versions)
    yield from found.policies.values()
    yield from (version.document for version in versions if version.is_default)


def _statements(documents: Iterable[str]) -> Iterator[dict[str, Any]]:
    for document in documents:
        yield from _parsed(document)


@lru_cache(maxsize=256)
def _parsed(document: str) -> tuple[dict[str, Any], ...]:
    return tuple(_listed(json.loads(document)["Statement"]))


def lists(statement: Mapping[str, Any], element: str, value: str, flags: int = 0) -> bool:
    """Return whether ``Action`` or ``Resource`` of a statement covers a value. One with neither covers none."""
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
