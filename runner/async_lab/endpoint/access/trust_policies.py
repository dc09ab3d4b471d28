"""Whom a role trusts: documents that are none are refused when they are written, and services are asked by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import IAMBackend, Role

from async_lab import arns
from async_lab.endpoint import json_text
from async_lab.endpoint.access import identity_policies
from async_lab.endpoint.access.resource_policies import Caller, lets_in
from async_lab.endpoint.moto_patches import replace

_create_role = IAMBackend.create_role
_VERSIONS = ("2012-10-17", "2008-10-17")
_NEEDS = ("Effect", "Principal", "Action")
_PROHIBITED = ("Resource", "NotResource")


def install() -> None:
    """Have IAM take no role that trusts nobody; again is no harm."""
    replace(IAMBackend, "create_role", _checked)
    replace(IAMBackend, "update_assume_role_policy", _changed)


def trusts_service(role_arn: str, service: str, source_arn: str) -> bool:
    """Return whether a role is there and lets a service, as ``lambda.amazonaws.com``, assume it for a resource."""
    caller = Caller(service, source_arn, arns.parse(source_arn).account_id)
    return lets_in(caller, "sts:AssumeRole", role_arn)


def _checked(backend: IAMBackend, role_name: str, assume_role_policy_document: str, *rest: Any, **more: Any) -> Role:
    _check(assume_role_policy_document, backend.account_id)
    return _create_role(backend, role_name, assume_role_policy_document, *rest, **more)


def _changed(backend: IAMBackend, role_name: str, policy_document: str) -> None:
    role = backend.get_role(role_name)
    _check(policy_document, backend.account_id)
    role.assume_role_policy_document = policy_document


def _check(document: str, account_id: str) -> None:
    """Raise MalformedPolicyDocument as IAM does, in words of public issues; of a statement's elements: assumed."""
    try:
        policy = json_text.read(document)
    except (ValueError, TypeError):
        raise MalformedPolicyDocument("This policy contains invalid Json") from None
    if not isinstance(policy, dict):
        raise MalformedPolicyDocument("Syntax errors in policy.")
    if "Statement" not in policy:
        raise MalformedPolicyDocument("Missing required field Statement")
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if not statements or policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise MalformedPolicyDocument("Syntax errors in policy.")
    for statement in statements:
        _check_statement(statement)
        _check_principals(statement, account_id)


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict):
        raise MalformedPolicyDocument("Syntax errors in policy.")
    for element in _NEEDS:
        if element not in statement and f"Not{element}" not in statement:
            raise MalformedPolicyDocument(f"Missing required field {element}")
    if statement["Effect"] not in {"Allow", "Deny"}:
        raise MalformedPolicyDocument(f"Invalid effect: {statement['Effect']}")
    if any(element in statement for element in _PROHIBITED):
        raise MalformedPolicyDocument("Has prohibited field Resource")
    actions = statement.get("Action", statement.get("NotAction"))
    for action in actions if isinstance(actions, list) else [actions]:
        if not str(action).lower().startswith("sts:") and action != "*":
            raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")


def _check_principals(statement: dict[str, Any], account_id: str) -> None:
    for kind, named in _principals(statement):
        if not _may_be(kind, named, account_id):
            raise MalformedPolicyDocument(f'Invalid principal in policy: "{kind.upper()}":"{named}"')


def _principals(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield whom a statement names, each with its kind."""
    given = statement.get("Principal", statement.get("NotPrincipal"))
    for kind, named in given.items() if isinstance(given, dict) else ():
        yield from ((kind, str(each)) for each in (named if isinstance(named, list) else [named]))


def _may_be(kind: str, named: str, account_id: str) -> bool:
    """Whether there may be somebody of that name: services by their form, roles of this account if they are there."""
    if kind == "Service":
        return "." in named
    if kind != "AWS" or arns.service_of(named) != "iam" or ":role/" not in named:
        return True
    return arns.parse(named).account_id != account_id or identity_policies.role(named) is not None
