"""Filter patterns of CloudWatch Logs: terms, regular expressions, conditions on JSON or on fields between spaces. Pure.

Source: CloudWatch Logs user guide, "Filter pattern syntax" and "Supported regular expressions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from async_lab.cloudwatch.nesting import DEEPEST, is_too_deep
from async_lab.endpoint import json_text

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
value: STRING | REGEX | WORD
SELECTOR: /\$(\.[\w-]+|\[\d+\]|\['[^']+'\])+/
OPERATOR: ">=" | "<=" | "!=" | "=" | ">" | "<"
STRING: /"(\\.|[^"\\])*"/
REGEX: /%[^%]+%/
WORD: /(?!%)[^\s"(){}&|=<>!]+/
%ignore /\s+/
"""
_TERM = re.compile(r'(?P<mark>[-?]?)("(?P<quoted>(\\.|[^"\\])*)"|(?P<word>[^\s"]+))')
_STEP = re.compile(r"\.(?P<name>[\w-]+)|\[(?P<index>\d+)\]|\['(?P<quoted>[^']+)'\]")
_SELECTOR = re.compile(r"\$(\.[\w-]+|\[\d+\]|\['[^']+'\])+")
_ABSENT = object()
_REGEX = re.compile(r"%(?P<expression>[^%]+)%")
_SUPPORTED = re.compile(r"[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|\\*+.]+")
_MOST_REGEXES = 2  # in one pattern
_FIELD = re.compile(r'\[(?P<bracketed>[^\]]*)\]|"(?P<quoted>[^"]*)"|(?P<word>\S+)')
_PART = re.compile(r'("(\\.|[^"\\])*"|%[^%]+%|[^",%]|%(?![^%]*%))+')
_CONDITION = re.compile(
    r'(?P<name>[\w$.-]+)\s*((?P<operator>>=|<=|!=|=|>|<)\s*(?P<wanted>"(\\.|[^"\\])*"|%[^%]+%|[^\s"%]+))?'
)
_ELLIPSIS = "..."
_NAMED = {"NULL": None, "TRUE": True, "FALSE": False}


class UnknownPattern(ValueError):
    """A pattern that isn't one, or is of a kind that the endpoint doesn't model."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Matches:
    """Return what a pattern matches. Raises UnknownPattern."""
    text = pattern.strip()
    if not text:
        return lambda _message: True
    expressions = _REGEX.findall(text)
    if len(expressions) > _MOST_REGEXES:
        raise UnknownPattern(f"Invalid filter pattern, of more than {_MOST_REGEXES} regular expressions: {text}")
    if text.startswith("["):
        columns = _columns(text)
        return lambda message: (values := _values(columns, message)) is not None and _all_hold(columns, values)
    if text.startswith("{"):
        return _json_pattern(text)
    if not expressions:
        return _terms(text)
    if not _REGEX.fullmatch(text):
        raise UnknownPattern(f"Invalid filter pattern, of a regular expression beside terms: {text}")
    expression = _regex(text)
    return lambda message: expression.search(message) is not None


def found(pattern: str, message: str, selector: str) -> Any:
    """Return what a selector finds in a message that a pattern matches; None when there is nothing.

    ``$.name`` is of a message of JSON, ``$name`` a field between spaces, as the pattern names it.
    """
    if pattern.strip().startswith("["):
        columns = _columns(pattern.strip())
        named = zip((column.name for column in columns if column), _values(columns, message) or (), strict=False)
        return dict(named).get(selector.removeprefix("$"))
    value = _selected(_parsed(message), selector)
    return None if value is _ABSENT else value


def selects(pattern: str, selector: str) -> bool:
    """Whether a selector is one of a pattern's: a path into JSON, or a field between spaces that the pattern names."""
    text = pattern.strip()
    if text.startswith("["):
        return selector.startswith("$") and any(
            column.name == selector.removeprefix("$") for column in _columns(text) if column
        )
    return text.startswith("{") and _SELECTOR.fullmatch(selector) is not None


# Fields between spaces


@dataclass(frozen=True, slots=True)
class _Column:
    """A field by its name, and what it must be: some of the groups, all of each."""

    name: str
    conditions: tuple[tuple[tuple[str, str], ...], ...]
    """Of operator and wanted value each."""


@lru_cache(maxsize=256)
def _columns(text: str) -> tuple[_Column | None, ...]:
    """Return a pattern's columns; None is the ellipsis. Raises UnknownPattern."""
    inner = text[1:-1].strip() if text.endswith("]") else ""
    parts = [match[0].strip() for match in _PART.finditer(inner)]
    columns = tuple(None if part == _ELLIPSIS else _column(part, text) for part in parts)
    if not columns or columns.count(None) > 1:
        raise UnknownPattern(f"Invalid filter pattern: {text}")
    return columns


def _column(part: str, text: str) -> _Column:
    groups = []
    for alternative in part.split("||"):
        matches = [_CONDITION.fullmatch(each.strip()) for each in alternative.split("&&")]
        conditions = [(each["name"], each["operator"], each["wanted"]) for each in matches if each]
        if len(conditions) < len(matches) or (len(matches) > 1 and not all(operator for _, operator, _ in conditions)):
            raise UnknownPattern(f"Invalid filter pattern: {text}")
        groups.append(conditions)
    for _, _, wanted in (condition for group in groups for condition in group):
        if wanted and _REGEX.fullmatch(wanted):
            _regex(wanted)
    return _Column(groups[0][0][0], tuple(tuple((o, w) for _, o, w in group if o) for group in groups))


def _values(columns: tuple[_Column | None, ...], message: str) -> list[str] | None:
    """Return the text of each named column, the last one's with all that follows; None of a message with too few.

    An ellipsis takes any number of fields, and then the last column is a field like any other.
    """
    fields = list(_FIELD.finditer(message))
    named = [column for column in columns if column]
    if len(fields) < len(named) or not named:
        return None if len(fields) < len(named) else []
    if None in columns:
        before = columns.index(None)
        after = len(named) - before
        return [_text(field) for field in (*fields[:before], *(fields[-after:] if after else ()))]
    *single, last = fields[: len(named)]
    rest = _text(last) if len(fields) == len(named) else message[last.start() :].rstrip()
    return [*map(_text, single), rest]


def _text(field: re.Match[str]) -> str:
    return next(text for text in (field["bracketed"], field["quoted"], field["word"]) if text is not None)


def _all_hold(columns: tuple[_Column | None, ...], values: list[str]) -> bool:
    named = (column for column in columns if column)
    return all(
        any(all(_field_compares(value, *condition) for condition in group) for group in column.conditions)
        for column, value in zip(named, values, strict=True)
    )


def _field_compares(text: str, operator: str, wanted: str) -> bool:
    number = _number(text)
    is_ordered = operator in {"<", "<=", ">", ">="}
    if is_ordered or (number is not None and _number(wanted) is not None):
        return number is not None and _number(wanted) is not None and _compares(number, operator, wanted)
    return _compares(text, operator, wanted)


# Terms, JSON, and what all compare by


def _regex(quoted: str) -> re.Pattern[str]:
    """Return the regular expression between two percent signs. Raises UnknownPattern for what isn't supported."""
    expression = quoted[1:-1]
    try:
        if _SUPPORTED.fullmatch(expression):
            return re.compile(expression, re.ASCII)
    except re.error:
        pass
    raise UnknownPattern(f"Invalid regular expression in a filter pattern: {quoted}")


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
    if is_too_deep(tree):
        raise UnknownPattern(f"The filter pattern is nested more than {DEEPEST} levels deep")
    for value in tree.find_data("value"):
        if _REGEX.fullmatch(str(value.children[0])):
            _regex(str(value.children[0]))
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
    if _REGEX.fullmatch(wanted):
        is_found = _regex(wanted).search(json.dumps(actual) if isinstance(actual, bool) else str(actual)) is not None
        return operator in {"=", "!="} and is_found is (operator == "=")
    text = json.loads(wanted) if wanted.startswith('"') else wanted
    if isinstance(actual, int | float) and not isinstance(actual, bool):
        number = _number(text)
        if number is not None:
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
        parsed = json_text.read(message)
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
