"""Conditions of policies' statements: whether they are met, not met, or can't be judged here. Pure.

Source: IAM user guide, "Condition operators" and "Global condition context keys".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ABSENT = None
"""The value of a key that a request doesn't have."""
_NEVER_PRESENT = {"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:username", "aws:sourcevpce"}
"""Keys that no request of a role or a service has outside of a VPC."""
_ALWAYS = {"aws:securetransport": "true", "aws:viaawsservice": "false"}
"""What they say on AWS, where an SDK speaks TLS."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a request, by keys in small letters. Keys that stand nowhere can't be judged."""

    known: Mapping[str, str | None] = field(default_factory=dict)
    """``ABSENT`` for those that the request doesn't have."""
    tags: Mapping[str, Mapping[str, str] | None] = field(default_factory=dict)
    """Tags by the key's beginning, such as ``aws:resourcetag``; None where they aren't known."""

    def is_known(self, key: str) -> bool:
        """Whether it is known what a request has under a key, or that it has nothing."""
        prefix = key.partition("/")[0]
        return (
            key in self.known or key in _ALWAYS or key in _NEVER_PRESENT or self.tags.get(prefix, ABSENT) is not ABSENT
        )

    def value(self, key: str, spelled: str) -> str | None:
        """Return what a request has under a key, ``spelled`` as the policy does: names of tags heed the case."""
        tags = self.tags.get(key.partition("/")[0])
        if tags is not None:
            return tags.get(spelled.partition("/")[2])
        return self.known.get(key, _ALWAYS.get(key))


def judge(statement: Mapping[str, Any], context: Context) -> bool | None:
    """Return whether a statement's conditions are all met; None when that can't be judged."""
    outcomes = [_judged(operator, key, wanted, context) for operator, key, wanted in _tests(statement)]
    if False in outcomes:
        return False
    return None if None in outcomes else True


def unknown_keys(statement: Mapping[str, Any], context: Context) -> list[str]:
    """Return the keys of a statement, or operators before them, for which it can't be judged."""
    return [
        key if not context.is_known(key.lower()) else f"{operator} of {key}"
        for operator, key, wanted in _tests(statement)
        if _judged(operator, key, wanted, context) is None
    ]


def _tests(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, tests in (statement.get("Condition") or {}).items():
        for key, wanted in tests.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            yield operator, key, [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _judged(operator: str, key: str, wanted: list[str], context: Context) -> bool | None:
    if not context.is_known(key.lower()):
        return None
    present = context.value(key.lower(), key)
    if operator == "Null":
        return (present is ABSENT) == (wanted[0].lower() == "true")
    name = operator.removesuffix("IfExists")
    is_negated = "Not" in name
    matches = _OPERATORS.get(name.replace("Not", ""))
    if matches is None:
        return None
    if present is ABSENT:
        return is_negated or name != operator
    return any(matches(each, present) for each in wanted) is not is_negated


def matches_pattern(pattern: str, value: str) -> bool:
    """Return whether a text is as IAM's wildcards say: ``*`` is any text, ``?`` any one character."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL))


def _equals(wanted: str, present: str) -> bool:
    return wanted == present


def _equals_in_any_case(wanted: str, present: str) -> bool:
    return wanted.lower() == present.lower()


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_in_any_case,
    "StringLike": matches_pattern,
    "ArnEquals": matches_pattern,
    "ArnLike": matches_pattern,
    "Bool": _equals_in_any_case,
}
"""Each with its opposite, as in ``StringNotEquals``. Numbers, dates, addresses and sets aren't judged."""
