"""Patterns of JSON events: EventBridge's rules, filters of event source mappings, filter policies of SNS. Pure.

Sources: EventBridge user guide, "Comparison operators"; SNS developer guide, "Amazon SNS subscription filter policies".
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from async_lab.endpoint import json_text

Pattern = Mapping[str, Any]
Quantifier = Callable[[Iterable[bool]], bool]

_DEEPEST = 100  # our own bound: all here recurses over a pattern


class InvalidPattern(ValueError):
    """A text is no pattern; says why."""


def parse(text: str) -> Pattern:
    """Return the pattern that a text holds. Raises InvalidPattern."""
    try:
        pattern = json_text.read(text)
    except ValueError as error:
        raise InvalidPattern("Invalid JSON") from error
    check(pattern)
    return dict(pattern)


def check(pattern: Any, levels: int = _DEEPEST) -> None:
    """Raise InvalidPattern for what is none, or has an operator that isn't one, or more levels than are looked into."""
    if not isinstance(pattern, dict):
        raise InvalidPattern("Filter is not an object")
    if not levels:
        raise InvalidPattern(f"It is nested more than {_DEEPEST} levels deep")
    for name, wanted in pattern.items():
        if name == "$or" and isinstance(wanted, list):
            for each in wanted:
                check(each, levels - 1)
        elif isinstance(wanted, dict):
            check(wanted, levels - 1)
        elif not isinstance(wanted, list):
            raise InvalidPattern(f"'{name}' must be an object or an array")
        elif not wanted:
            raise InvalidPattern("Empty arrays are not allowed")
        else:
            for each in wanted:
                _check_operator(each)


def matches(pattern: Pattern, event: Any, of_many: Quantifier = any) -> bool:
    """Return whether an event has what a pattern asks for.

    Of a list, one element is enough, and all that is asked of its fields holds for the same element. ``of_many`` says
    of how many values of a list ``anything-but`` must hold.
    """
    if isinstance(event, list):
        return any(matches(pattern, each, of_many) for each in _elements(event))
    fields = event if isinstance(event, Mapping) else {}
    return all(_field_matches(name, wanted, fields, of_many) for name, wanted in pattern.items())


def _field_matches(name: str, wanted: Any, fields: Mapping[str, Any], of_many: Quantifier) -> bool:
    if name == "$or":
        return any(matches(each, fields, of_many) for each in wanted)
    if isinstance(wanted, Mapping):
        return matches(wanted, fields.get(name), of_many)
    values = _values(fields[name]) if name in fields else []
    return any(_matches(each, values, of_many) for each in wanted)


def _values(value: Any) -> list[Any]:
    """Return the leaves below a field: those of an object are other fields."""
    return [each for each in _elements(value) if not isinstance(each, Mapping)]


def _elements(value: Any) -> Iterator[Any]:
    """Yield what is in a list and in the lists in it, in order, however deep; of another value itself."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, list):
            left += reversed(each)
        else:
            yield each


def _matches(wanted: Any, values: Sequence[Any], of_many: Quantifier) -> bool:
    if not isinstance(wanted, Mapping):
        return any(_equal(wanted, value) for value in values)
    ((name, operand),) = wanted.items()
    if name == "exists":
        return bool(values) is operand
    if name == "anything-but":
        return bool(values) and of_many(not _is_excluded(operand, value) for value in values)
    return any(_OPERATORS[name](operand, value) for value in values)


def _is_excluded(operand: Any, value: Any) -> bool:
    if isinstance(operand, Mapping):
        ((name, inner),) = operand.items()
        return _OPERATORS[name](inner, value)
    return any(_equal(each, value) for each in _listed(operand))


def _equal(wanted: Any, value: Any) -> bool:
    """Whether two values of JSON are the same; true is no 1."""
    return isinstance(wanted, bool) is isinstance(value, bool) and bool(wanted == value)


def _of_text(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    """Return an operator of one text or of several, any of which is enough; in any case where it is told so."""

    def matches_text(operand: Any, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if isinstance(operand, Mapping):
            return any(test(each.lower(), value.lower()) for each in _listed(operand[_IN_ANY_CASE]))
        return any(test(each, value) for each in _listed(operand))

    return matches_text


def _wildcard(pattern: str, value: str) -> bool:
    r"""Whether a text is as a pattern says: ``*`` is any text, unless it is escaped with ``\``."""
    parts = re.split(r"(\\[*\\]|\*)", pattern)
    expression = "".join(".*" if part == "*" else re.escape(_ESCAPED.get(part, part)) for part in parts)
    return bool(re.fullmatch(expression, value, re.DOTALL))


def _numeric(operand: Sequence[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    tests = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[comparison](value, bound) for comparison, bound in tests)


def _cidr(operand: str, value: Any) -> bool:
    try:
        return isinstance(value, str) and ipaddress.ip_address(value) in ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False


def _listed(operand: Any) -> list[Any]:
    return operand if isinstance(operand, list) else [operand]


_IN_ANY_CASE = "equals-ignore-case"
_ESCAPED = {r"\*": "*", r"\\": "\\"}
_COMPARISONS = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "prefix": _of_text(lambda wanted, value: value.startswith(wanted)),
    "suffix": _of_text(lambda wanted, value: value.endswith(wanted)),
    _IN_ANY_CASE: _of_text(lambda wanted, value: value.lower() == wanted.lower()),
    "wildcard": _of_text(_wildcard),
    "numeric": _numeric,
    "cidr": _cidr,
}
"""Each given its operand and one value. ``exists`` and ``anything-but`` are about all values of a field."""
_EXCLUDABLE = {"prefix", "suffix", "wildcard", _IN_ANY_CASE}


def _check_operator(wanted: Any) -> None:
    if not isinstance(wanted, dict):
        if isinstance(wanted, list):
            raise InvalidPattern("Match value must be String, number, true, false, or null")
        return
    if len(wanted) != 1:
        raise InvalidPattern("Only one key allowed in match expression")
    ((name, operand),) = wanted.items()
    if name == "anything-but" and isinstance(operand, dict):
        if operand.keys() - _EXCLUDABLE or len(operand) != 1:
            raise InvalidPattern(f"Unsupported anything-but pattern: {', '.join(operand)}")
        _check_operator(operand)
    elif name not in _OPERANDS:
        raise InvalidPattern(f"Unrecognized match type {name}")
    elif not _OPERANDS[name](operand):
        raise InvalidPattern(f"Invalid value of {name}: {json.dumps(operand)}")


def _is_texts(operand: Any) -> bool:
    return bool(operand or operand == "") and all(isinstance(each, str) for each in _listed(operand))


def _is_affix(operand: Any) -> bool:
    if isinstance(operand, dict):
        return operand.keys() == {_IN_ANY_CASE} and _is_texts(operand[_IN_ANY_CASE])
    return _is_texts(operand)


def _is_range(operand: Any) -> bool:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return False
    bounds = operand[1::2]
    return (
        all(each in _COMPARISONS for each in operand[::2] if isinstance(each, str))
        and all(isinstance(each, str) for each in operand[::2])
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in bounds)
    )


def _is_network(operand: Any) -> bool:
    try:
        ipaddress.ip_network(operand, strict=False)
    except (ValueError, TypeError):
        return False
    return isinstance(operand, str)


def _is_scalars(operand: Any) -> bool:
    return bool(_listed(operand)) and all(isinstance(each, str | int | float) for each in _listed(operand))


_OPERANDS: Mapping[str, Callable[[Any], bool]] = {
    "exists": lambda operand: isinstance(operand, bool),
    "anything-but": _is_scalars,
    "prefix": _is_affix,
    "suffix": _is_affix,
    _IN_ANY_CASE: _is_texts,
    "wildcard": _is_texts,
    "numeric": _is_range,
    "cidr": _is_network,
}
"""What an operator may be given."""
