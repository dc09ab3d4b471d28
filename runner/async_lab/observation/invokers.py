"""Who may invoke a function by its resource-based policy: the triggers that AWS lets call it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from async_lab.observation.configuration import LATEST

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True, slots=True)
class Invoker:
    """One statement that allows somebody to invoke the function."""

    principal: str
    """A service (``s3.amazonaws.com``), an account, a role, or ``*``."""
    source_arn: str | None = None
    """The bucket, topic or rule that it is limited to; None: any."""


def read_invokers(client: LambdaClient, function_name: str, qualifier: str | None = None) -> tuple[Invoker, ...]:
    """Return who may invoke the function itself, or one alias or version; nobody where that has no policy.

    Each qualifier has a policy of its own (API reference, GetPolicy).
    """
    of_qualifier: dict[str, Any] = {} if qualifier in (None, LATEST) else {"Qualifier": qualifier}
    try:
        policy = json.loads(client.get_policy(FunctionName=function_name, **of_qualifier)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return ()
    return tuple(invoker for statement in policy.get("Statement", []) for invoker in _invokers(statement))


def _invokers(statement: Mapping[str, Any]) -> Iterator[Invoker]:
    if statement.get("Effect") != "Allow":
        return
    principal = statement.get("Principal", {})
    named = principal.values() if isinstance(principal, dict) else [principal]
    for one in (name for names in named for name in ([names] if isinstance(names, str) else names)):
        yield Invoker(one, _source_arn(statement.get("Condition", {})))


def _source_arn(condition: Mapping[str, Mapping[str, Any]]) -> str | None:
    keys = (
        value for operator in condition.values() for key, value in operator.items() if key.lower() == "aws:sourcearn"
    )
    found = next(keys, None)
    return ", ".join(found) if isinstance(found, list) else found
