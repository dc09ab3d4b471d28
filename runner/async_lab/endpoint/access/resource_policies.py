"""Who a queue, a topic, a function or a bucket lets in: resource policies, as AWS evaluates them for its own services.

Of conditions, those on the source's ARN and account are judged, which is what confines a service to one bucket, topic
or rule. One that can't be counts as met in an Allow and as not met in a Deny, which is said once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from async_lab import arns
from async_lab.endpoint import json_text
from async_lab.endpoint.access import policy_documents
from async_lab.endpoint.access.conditions import ABSENT, Context
from async_lab.endpoint.access.identity_policies import ALLOW, DENY, counts, lists, role
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
    request: Mapping[str, str | None] = field(default_factory=dict)
    """What else is known of its request, by condition keys in small letters."""


def lets_in(caller: Caller, action: str, resource_arn: str) -> bool:
    """Return whether a resource's own policy lets a caller do it; False where there is no such resource."""
    return _decision(caller, action, resource_arn) == ALLOW


def decision(
    principals: Collection[str], action: str, resource_arn: str, request: Mapping[str, str | None] | None = None
) -> str | None:
    """Return what a resource says of a role by its own policy: ``ALLOW``, ``DENY``, or nothing."""
    caller = Caller("", "", "", principals=frozenset(principals), request=request or {})
    return _decision(caller, action, resource_arn)


def _statements_of(resource_arn: str) -> list[dict[str, Any]]:
    """Return the policy of a function, or of its alias or version, of a queue, of a topic or of an object's bucket."""
    policy_of = _POLICIES.get(arns.service_of(resource_arn))
    return policy_of(resource_arn) if policy_of else []


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
    return _read(queue.policy) if queue is not None and queue.policy else []


def _of_topic(arn: str) -> list[dict[str, Any]]:
    parsed = arns.parse(arn)
    topic = sns_backends[parsed.account_id][parsed.region].topics.get(arn)
    return _read(topic.policy) if topic is not None else []


def _of_bucket(arn: str) -> list[dict[str, Any]]:
    name = arns.parse(arn).resource.partition("/")[0]
    if name not in s3_backends.bucket_accounts:
        return []
    partition, account_id = s3_backends.bucket_accounts[name]
    bucket = s3_backends[account_id][partition].buckets[name]
    return _read(bucket.policy) if bucket.policy else []


def _of_role(arn: str) -> list[dict[str, Any]]:
    """Return whom a role trusts."""
    found = role(arn)
    return _read(found.assume_role_policy_document) if found is not None else []


_POLICIES = {"iam": _of_role, "lambda": _of_function, "sqs": _of_queue, "sns": _of_topic, "s3": _of_bucket}


def _read(policy: str | bytes) -> list[dict[str, Any]]:
    return _listed(json.loads(policy).get("Statement", []))


def _decision(caller: Caller, action: str, resource_arn: str) -> str | None:
    statements = _statements_of(resource_arn)
    effects = {each["Effect"] for each in statements if _applies(each, action, caller, resource_arn)}
    return next((effect for effect in (DENY, ALLOW) if effect in effects), None)


def _applies(statement: Mapping[str, Any], action: str, caller: Caller, resource_arn: str) -> bool:
    return (
        lists(statement, "Action", action, re.IGNORECASE)
        and (lists(statement, "Resource", resource_arn) or not {"Resource", "NotResource"} & statement.keys())
        and _is_for(statement, caller)
        and counts(statement, _context(caller), f"the policy of {resource_arn}")
    )


def _is_for(statement: Mapping[str, Any], caller: Caller) -> bool:
    """Return whether a statement is for a caller (IAM user guide, "AWS JSON policy elements: Principal").

    An Allow for an account leaves it to the account's own policies, so that it lets no role in by itself; a Deny for
    one is for all of its roles. A Deny with ``NotPrincipal`` spares whom it lists in each form that AWS looks at:
    account, role and session. AWS supports no Allow with it, which lets nobody in.
    """
    is_deny = statement["Effect"] == DENY
    if "NotPrincipal" in statement:
        return is_deny and not all(_names(statement["NotPrincipal"], form) for form in _forms(caller))
    forms = _forms(caller) if is_deny else caller.principals or {caller.service}
    return any(_names(statement.get("Principal"), form) for form in forms)


def _forms(caller: Caller) -> set[str]:
    """Return all that a caller may be named by: its service, or a role with its session and its account."""
    if not caller.principals:
        return {caller.service}
    return {*caller.principals, *(f"arn:aws:iam::{arns.parse(arn).account_id}:root" for arn in caller.principals)}


def _names(principal: Any, form: str) -> bool:
    """Whether a principal, or a list of them, names a caller in one of its forms; everybody is ``*``."""
    if not isinstance(principal, Mapping):
        return principal in {"*", form}
    named = [*_listed(principal.get("Service")), *(_arn(each) for each in _listed(principal.get("AWS")))]
    return form in named or "*" in named


def _arn(principal: str) -> str:
    """Return an account's ARN where a principal is its number."""
    return f"arn:aws:iam::{principal}:root" if principal.isdecimal() else principal


def _context(caller: Caller) -> Context:
    by_role = next((arn for arn in caller.principals if ":role/" in arn), ABSENT)
    known = {
        "aws:sourcearn": caller.source_arn or ABSENT,
        "aws:sourceaccount": caller.source_account or ABSENT,
        "aws:sourceowner": caller.source_account if caller.owns else ABSENT,
        "aws:principalisawsservice": "true" if caller.service else "false",
        "aws:principalservicename": caller.service or ABSENT,
        **caller.request,
    }
    if by_role or caller.service:  # nobody knows what the tester would be on AWS
        account_id = arns.parse(by_role).account_id if by_role else ABSENT
        known |= {"aws:principalarn": by_role, "aws:principalaccount": account_id}
    return Context(known)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# Buckets' policies, which moto asks for objects

Asks = Literal["role", "anybody", "account"]
asks: ContextVar[Asks] = ContextVar("asks", default="account")
"""Who asks for an object: a role, which is judged on its own; who didn't sign; or whoever else has credentials."""
_IAM_ACTIONS = {"s3:HeadObject": "s3:GetObject"}


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """Return what a bucket's policy says; its principals and conditions are read as a queue's are.

    moto takes a condition that isn't met for a refusal, so that a policy which denies requests without TLS, as most
    buckets have it, would shut its objects away from everybody; and it takes whom a Deny names for everybody.
    """
    if asks.get() == "role":
        return PermissionResult.NEUTRAL
    account = {f"arn:aws:iam::{bucket.account_id}:root"} if asks.get() == "account" else ()
    caller = Caller("", "", "", principals=frozenset(account))
    said = _decision(caller, _IAM_ACTIONS.get(action, action), resource)
    return _PERMISSIONS.get(said or "", PermissionResult.NEUTRAL)


_PERMISSIONS = {ALLOW: PermissionResult.PERMITTED, DENY: PermissionResult.DENIED}


def _put_policy(backend: S3Backend, bucket_name: str, policy: bytes) -> None:
    """Keep a bucket's policy that can be read."""
    backend.get_bucket(bucket_name)
    try:
        said = json_text.read(policy)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise S3ClientError("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    if "Statement" not in said:
        raise S3ClientError("MalformedPolicy", "Missing required field Statement")
    if why := _bucket_problem(said, f"arn:aws:s3:::{bucket_name}"):
        raise S3ClientError("MalformedPolicy", why)
    _put_bucket_policy(backend, bucket_name, policy)


def _bucket_problem(document: dict[str, Any], bucket_arn: str) -> str | None:
    """Return what no bucket's policy says, in words of public issues."""
    if policy_documents.lacks_principal(document):
        return "Missing required field Principal"
    if policy_documents.has_foreign_action(document, "s3"):
        return "Policy has invalid action"
    if policy_documents.has_foreign_resource(document, bucket_arn):
        return "Policy has invalid resource"
    return "Action does not apply to any resource(s) in statement" if policy_documents.is_in_vain(document) else None


_put_bucket_policy = S3Backend.put_bucket_policy


def install() -> None:
    """Have moto read them as AWS does in the whole process, before it takes its first request; again is no harm."""
    replace(FakeBucket, "get_permission", _permission)
    replace(S3Backend, "put_bucket_policy", _put_policy)
