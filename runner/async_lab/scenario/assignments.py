"""``KEY=VALUE`` in place of what a scenario's file says."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from async_lab.errors import UsageError
from async_lab.scenario import variables
from async_lab.scenario.variables import Type
from async_lab.wording import shortened

_LONGEST_NUMBER = 40
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(second|sec|s|minute|min|hour|h)s?")
"""One part of a duration: ``1 h 30 min`` has two."""
_SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3_600, "hour": 3_600}
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_FIXED = ("name", "package")
"""What a stack that stands is found by, and what is deployed."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One value, and where it belongs: ``behavior.sleep_seconds``."""

    key: tuple[str, ...]
    text: str
    """The value as it was typed."""

    @property
    def variable(self) -> str:
        """The variable of Terraform's that it changes."""
        return self.key[0]

    def __str__(self) -> str:
        return f"{'.'.join(self.key)}={shortened(self.text)}"


def assignments(texts: Sequence[str]) -> list[Assignment]:
    """Read ``KEY=VALUE``, each key once. Raises UsageError, which says what it must be."""
    found = [_assignment(text) for text in texts]
    for key, times in Counter(one.key for one in found).items():
        if times > 1:
            raise UsageError(f"--set {'.'.join(key)} is given {times} times; give it once.")
    return found


def _assignment(text: str) -> Assignment:
    key, equals, value = text.partition("=")
    names = tuple(name.strip() for name in key.split("."))
    if not equals or not all(_NAME.fullmatch(name) for name in names):
        raise UsageError(f'--set "{shortened(text)}" must be KEY=VALUE, such as timeout=3 or events.count=20.')
    return Assignment(names, value.strip())


def assign(values: Mapping[str, Any], declared: Type, assignments: Sequence[Assignment]) -> dict[str, Any]:
    """Return a file's values with the assignments in them. Raises UsageError for one that no variable takes."""
    changed = copy.deepcopy(dict(values))
    for assignment in assignments:
        if assignment.variable in _FIXED:
            raise UsageError(f"--set {assignment}: {assignment.variable} can only be set in a scenario's file.")
        inside, wanted = changed, declared
        for depth, name in enumerate(assignment.key):
            wanted = _below(assignment, wanted, name)
            if depth < len(assignment.key) - 1:
                inside[name] = inside.get(name) or {}
                inside = inside[name]
        inside[assignment.key[-1]] = _value(assignment, wanted)
    return changed


def _below(assignment: Assignment, wanted: Type, name: str) -> Type:
    if wanted.kind == "object":
        if name not in wanted.attributes:
            raise UsageError(f"--set {assignment}: {variables.undeclared(assignment.key, list(wanted.attributes))}")
        return wanted.attributes[name].type
    if wanted.kind == "map" and wanted.element:
        return wanted.element
    raise UsageError(f"--set {assignment}: {'.'.join(assignment.key)} names no single value.")


def _value(assignment: Assignment, wanted: Type) -> Any:
    text = assignment.text
    match wanted.kind:
        case "string":
            return text
        case "number":
            return _number(assignment)
        case "bool" if text in ("true", "false"):
            return text == "true"
        case "bool":
            raise UsageError(f"--set {assignment}: it must be true or false.")
    raise UsageError(
        f"--set {assignment}: {'.'.join(assignment.key)} is {'a list' if wanted.kind == 'list' else 'an object'}; "
        "set one of its values, or write a scenario's file."
    )


def _number(assignment: Assignment) -> float:
    """Return a number, or the seconds of a duration where the variable counts seconds."""
    text, counts_seconds = assignment.text, _counts_seconds(assignment.key[-1])
    if len(text) < _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        number = float(text)
        return int(number) if number.is_integer() else number
    if counts_seconds and len(text) < _LONGEST_NUMBER and (seconds := _seconds_of(text)) is not None:
        return int(seconds) if seconds.is_integer() else seconds
    allowed = "a number of seconds, or a duration such as 90 s, 10 min or 1 h 30 min" if counts_seconds else "a number"
    raise UsageError(f"--set {assignment}: it must be {allowed}.")


def _seconds_of(text: str) -> float | None:
    """Return the seconds of a duration, whose parts go from the larger unit to the smaller; None for what is none."""
    parts = _DURATION.findall(text)
    units = [_SECONDS[unit] for _, unit in parts]
    if not parts or _DURATION.sub("", text).strip() or any(one <= other for one, other in pairwise(units)):
        return None
    return sum(float(number) * unit for (number, _), unit in zip(parts, units, strict=True))


def _counts_seconds(name: str) -> bool:
    return name == "timeout" or name.endswith("_seconds")
