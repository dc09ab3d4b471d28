"""CloudWatch Logs Insights: the part of its language that looks for log events. What it hasn't is refused by name.

Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import eq, itemgetter, ne
from typing import Any

Found = Mapping[str, Any]
"""A log event's fields: of those that Insights makes itself, not those in a message."""

_MOST = 10_000  # user guide, "limit": without one
_COMMAND = re.compile(
    r"""((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|/(?:\\.|[^/\\])+/|[^|"'/])+)(?:\||$)""",
    re.DOTALL,
)
"""A command up to the next bar, but for bars in texts and in regular expressions."""
_TERM = re.compile(
    r"""\s*(?P<field>@\w+)\s*(?P<test>(?:not\s+)?like\b|=~|!=|=)\s*"""
    r"""(?:"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>(?:\\.|[^'\\])*)'|/(?P<pattern>(?:\\.|[^/\\])+)/)\s*""",
    re.IGNORECASE | re.DOTALL,
)
_JOINED = re.compile(r"(and|or)\b", re.IGNORECASE)
_SORT = re.compile(r"(?P<field>@\w+)(?:\s+(?P<order>asc|desc))?", re.IGNORECASE)
FIELDS = ("@timestamp", "@message", "@logStream", "@log", "@ingestionTime", "@ptr")


class NotUnderstood(ValueError):
    """A query, or the part of one that isn't had here; says which."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, in which order, and what is shown of it."""

    shown: tuple[str, ...] = ("@timestamp", "@message")
    filters: tuple[Callable[[Found], bool], ...] = ()
    sorted_by: str = "@timestamp"
    is_descending: bool = True
    limit: int | None = None

    def answer(self, events: Iterable[Found], otherwise: int | None = None) -> list[dict[str, str]]:
        """Return what is shown of the events that are found: newest first, unless it says otherwise (assumed).

        ``otherwise`` is how many at the most where the query doesn't say.
        """
        found = [event for event in events if all(passes(event) for passes in self.filters)]
        found.sort(key=itemgetter(self.sorted_by), reverse=self.is_descending)
        names = dict.fromkeys((*self.shown, "@ptr"))
        return [
            {name: _text(name, event[name]) for name in names} for event in found[: self.limit or otherwise or _MOST]
        ]


def parse(text: str) -> Query:
    """Return a query. Raises NotUnderstood."""
    query = Query()
    for command in _commands(text):
        name, *rest = command.split(maxsplit=1)
        if name.lower() not in _COMMANDS:
            raise NotUnderstood(
                f"async-lab's Insights has no command {name} yet, but {', '.join(_COMMANDS)}: leave it out, or use AWS."
            )
        query = _COMMANDS[name.lower()](query, "".join(rest))
    return query


def _commands(text: str) -> Iterator[str]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    at = 0
    while at < len(lines):
        match = _COMMAND.match(lines, at)
        if match is None:
            raise NotUnderstood(f"unexpected symbol found at position {at} of the query")
        at = match.end()
        if command := match[1].strip():
            yield command


def _shown(query: Query, rest: str) -> Query:
    return replace(query, shown=tuple(_field(name.strip()) for name in rest.split(",")))


def _sorted(query: Query, rest: str) -> Query:
    match = _SORT.fullmatch(rest)
    if match is None:
        raise NotUnderstood(f"async-lab's Insights sorts by one field alone, and not by {rest}.")
    return replace(query, sorted_by=_field(match["field"]), is_descending=(match["order"] or "asc").lower() == "desc")


def _limited(query: Query, rest: str) -> Query:
    if not rest.isdecimal() or not 0 < int(rest) <= _MOST:
        raise NotUnderstood(f"limit must be 1 to {_MOST}, and is {rest}.")
    return replace(query, limit=int(rest))


def _filtered(query: Query, rest: str) -> Query:
    """Add a condition: terms joined by ``and`` and ``or``, of which ``and`` binds more closely."""
    alternatives: list[list[Callable[[Found], bool]]] = [[]]
    while True:
        match = _TERM.match(rest)
        if match is None:
            raise NotUnderstood(
                f"async-lab's Insights doesn't understand the condition {rest!r}: it compares {', '.join(FIELDS)} "
                "with texts and regular expressions, by like, not like, =~, = and !=, and, or."
            )
        alternatives[-1].append(_term(match))
        rest = rest[match.end() :]
        if not rest:
            break
        joined = _JOINED.match(rest)
        if joined is None:
            raise NotUnderstood(f"async-lab's Insights doesn't understand {rest!r} in a condition.")
        if joined[1].lower() == "or":
            alternatives.append([])
        rest = rest[joined.end() :]
    return replace(
        query,
        filters=(
            *query.filters,
            lambda event: any(all(passes(event) for passes in terms) for terms in alternatives),
        ),
    )


def _term(match: re.Match[str]) -> Callable[[Found], bool]:
    name, test = _field(match["field"]), " ".join(match["test"].lower().split())
    if match["pattern"] is None:
        text = re.sub(r"\\(.)", r"\1", match["double"] if match["double"] is not None else match["single"])
        if test in {"=", "!="}:
            compare = eq if test == "=" else ne
            return lambda event: compare(_text(name, event[name]), text)
        pattern = re.compile(re.escape(text))
    else:
        try:
            pattern = re.compile(match["pattern"])
        except re.error as error:
            raise NotUnderstood(f"{match['pattern']} is no regular expression ({error}).") from error
    is_negated = test.startswith("not")
    return lambda event: (pattern.search(_text(name, event[name])) is None) is is_negated


def _field(name: str) -> str:
    if name not in FIELDS:
        raise NotUnderstood(f"async-lab's Insights has no field {name} yet, but {', '.join(FIELDS)}.")
    return name


def _text(name: str, value: Any) -> str:
    if name not in {"@timestamp", "@ingestionTime"}:
        return str(value)
    moment = datetime.fromtimestamp(value / 1_000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1_000:03d}"


_COMMANDS: Mapping[str, Callable[[Query, str], Query]] = {
    "fields": _shown,
    "display": _shown,
    "filter": _filtered,
    "sort": _sorted,
    "limit": _limited,
}
