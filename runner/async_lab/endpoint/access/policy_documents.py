"""What the policy of a queue, a topic or a bucket can't say. Pure.

Source: IAM user guide, "IAM JSON policy elements reference"; service authorization reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_OF_OBJECTS = {"s3:getobject", "s3:putobject", "s3:deleteobject"}
_OF_BUCKETS = {"s3:listbucket"}


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a document's statements, as far as they are any."""
    given = document.get("Statement") or []
    return [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, Mapping)]


def lacks_principal(document: Mapping[str, Any]) -> bool:
    """Whether a statement says nothing of who it is about."""
    return any(not {"Principal", "NotPrincipal"} & each.keys() for each in statements(document))


def has_foreign_action(document: Mapping[str, Any], service: str) -> bool:
    """Whether a statement is about an action of another service."""
    return any(
        action != "*" and not action.startswith(f"{service}:")
        for each in statements(document)
        for action in _actions(each)
    )


def has_foreign_resource(document: Mapping[str, Any], bucket_arn: str) -> bool:
    """Whether a statement is about something else than a bucket and its objects."""
    return any(
        resource != bucket_arn and not resource.startswith(f"{bucket_arn}/")
        for each in statements(document)
        for resource in _resources(each)
    )


def is_in_vain(document: Mapping[str, Any]) -> bool:
    """Whether a statement's actions are all for objects and its resources all buckets, or the other way round."""
    return any(_is_in_vain(each) for each in statements(document))


def _is_in_vain(statement: Mapping[str, Any]) -> bool:
    actions, are_objects = set(_actions(statement)), {"/" in resource for resource in _resources(statement)}
    if not actions or len(are_objects) != 1:
        return False
    return actions <= (_OF_BUCKETS if are_objects == {True} else _OF_OBJECTS)


def _actions(statement: Mapping[str, Any]) -> Iterable[str]:
    return [action.lower() for action in _several(statement.get("Action", statement.get("NotAction")))]


def _resources(statement: Mapping[str, Any]) -> list[str]:
    return _several(statement.get("Resource", statement.get("NotResource")))


def _several(given: Any) -> list[str]:
    return [str(each) for each in given] if isinstance(given, list) else [] if given is None else [str(given)]
