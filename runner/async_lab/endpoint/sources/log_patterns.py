"""Filter patterns of CloudWatch Logs: terms, and conditions on JSON. Pure.

Source: CloudWatch Logs user guide, "Filter pattern syntax". Patterns in brackets (fields between spaces) and regular
expressions are not modelled: who puts one is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

Matches = Callable[[str], bool]
"""Whether a log event's message matches."""

_GRAMMAR = r"""
start: "{" or_ "}"
or_: and_ ("||" and_)*
and_: condition ("&&" condition)*
?condition: "(" or_ ")"
    | SELECTOR OPERATOR value -> compare
    | SELECTOR "IS" WORD -> is_
    | SELECTOR "NOT" "EXISTS" -> not_exists
value: STRING | WORD
SELECTOR: /\$(\.[\w-]+|\[\d+\]|\['[^']+'\])+/
OPERATOR: ">=" | "<=" | "!=" | "=" | ">" | "<"
STRING: /"(\\.|[^"\\])*"/
WORD: /[^\s"(){}&|=<>!]+/
%ignore /\s+/
"""
_TERM = re.compile(r'(?P<mark>[-?]?)("(?P<quoted>(\\.|[^"\\])*)"|(?P<word>[^\s"]+))')
_STEP = re.compile(r"\.(?P<name>[\w-]+)|\[(?P<index>\d+)\]|\['(?P<quoted>[^']+)'\]")
_ABSENT = object()
_NAMED = {"NULL": None, "TRUE": True, "FALSE": False}


class UnknownPattern(ValueError):
    """A pattern that isn't one, or is of a kind that the endpoint doesn't model."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Matches:
    """Return what a pattern matches. Raises UnknownPattern."""
    text = pattern.strip()
    if not text:
        return lambda _message: True
    if text.startswith("["):
        raise UnknownPattern(f"async-lab doesn't model filter patterns of fields between spaces yet: {pattern}")
    if "%" in text and re.search(r"%[^%]+%", text):
        raise UnknownPattern(f"async-lab doesn't model regular expressions in filter patterns yet: {pattern}")
    return _json_pattern(text) if text.startswith("{") else _terms(text)


def found(message: str, selector: str) -> Any:
    """Return what a selector finds in a message of JSON; None when there is nothing."""
    value = _selected(_parsed(message), selector)
    return None if value is _ABSENT else value


def _terms(text: str) -> Matches:
    """All plain terms, none of those after a hyphen, and, of those after a question mark, one at least."""
    kinds: dict[str, list[str]] = {"": [], "-": [], "?": []}
    for match in _TERM.finditer(text):
        quoted = match["quoted"]
        kinds[match["mark"]].append(match["word"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))

    needed, excluded, optional = kinds.values()

    def matches(message: str) -> bool:
        if optional and not needed and not any(term in message for term in optional):
            return False
        return all(term in message for term in needed) and not any(term in message for term in excluded)

    return matches


def _json_pattern(text: str) -> Matches:
    from lark import Lark, UnexpectedInput

    try:
        tree = Lark(_GRAMMAR, parser="earley").parse(text)
    except UnexpectedInput as error:
        raise UnknownPattern(f"Invalid filter pattern: {text}") from error
    return lambda message: (parsed := _parsed(message)) is not _ABSENT and _holds(tree.children[0], parsed)


def _holds(tree: Any, message: Any) -> bool:
    match tree.data:
        case "or_":
            return any(_holds(each, message) for each in tree.children)
        case "and_":
            return all(_holds(each, message) for each in tree.children)
        case "not_exists":
            return _selected(message, tree.children[0]) is _ABSENT
        case "is_":
            return _selected(message, tree.children[0]) is _NAMED.get(str(tree.children[1]).upper(), _ABSENT)
        case _:
            selector, operator, value = tree.children
            return _compares(_selected(message, selector), str(operator), str(value.children[0]))


def _compares(actual: Any, operator: str, wanted: str) -> bool:
    if actual is _ABSENT or isinstance(actual, dict | list) or actual is None:
        return False
    text = json.loads(wanted) if wanted.startswith('"') else wanted
    if isinstance(actual, int | float) and not isinstance(actual, bool):
        number = _number(text)
        if number is None:
            return operator == "!="
        return {
            "=": actual == number,
            "!=": actual != number,
            "<": actual < number,
            "<=": actual <= number,
            ">": actual > number,
            ">=": actual >= number,
        }[operator]
    shown = json.dumps(actual) if isinstance(actual, bool) else str(actual)
    is_equal = bool(re.fullmatch(re.escape(str(text)).replace(r"\*", ".*"), shown, re.DOTALL))
    return operator in {"=", "!="} and is_equal is (operator == "=")


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _parsed(message: str) -> Any:
    try:
        parsed = json.loads(message)
    except ValueError:
        return _ABSENT
    return parsed if isinstance(parsed, dict) else _ABSENT


def _selected(message: Any, selector: str) -> Any:
    value = message
    for step in _STEP.finditer(selector):
        try:
            value = value[int(step["index"])] if step["index"] else value[step["name"] or step["quoted"]]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return value
