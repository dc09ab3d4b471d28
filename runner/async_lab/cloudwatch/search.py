"""SEARCH expressions: which stored metrics a text means. Source: CloudWatch user guide, "Search expression syntax"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from lark import Lark, Transformer
from lark.exceptions import UnexpectedInput

from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.store import Metric

MOST_RESULTS = 500  # user guide, "CloudWatch search expression quotas"

_GRAMMAR = r"""
start: [schema] [either]
schema: "{" name ("," name)* "}"
name: WORD | QUOTED
?either: both | either "OR" both -> either
?both: refusal | both "AND"? refusal -> both
?refusal: "NOT" refusal -> refuse | term
?term: "(" either ")" | pattern -> anywhere | name "=" values -> property
?values: pattern | "(" pattern ("OR" pattern)* ")" -> one_of
pattern: WORD -> partial | QUOTED -> exact
WORD: /(?!(?:AND|OR|NOT)\b)[^\s"'{}()=,]+/
QUOTED: /"[^"]*"/
%import common.WS
%ignore WS
"""

_Test = Callable[[str], bool]  # of one text
_Filter = Callable[[Metric], bool]


def find(text: str, metrics: Iterable[Metric]) -> list[Metric]:
    """Return the metrics that a search means, at most ``MOST_RESULTS``.

    Raises:
        ExpressionError: the text isn't a search.

    """
    matches = _filter(text)
    return [metric for metric in metrics if matches(metric)][:MOST_RESULTS]


@lru_cache(maxsize=256)
def _filter(text: str) -> _Filter:
    try:
        matches: _Filter = _Filters().transform(_parser().parse(text))
    except UnexpectedInput:
        raise ExpressionError(f"Invalid search syntax: {text}") from None
    return matches


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="earley", maybe_placeholders=True)


class _Filters(Transformer[Any, Any]):
    """Turns the parsed search, from its leaves up, into a function of a metric."""

    def start(self, parts: list[_Filter | None]) -> _Filter:
        filters = [part for part in parts if part]
        return lambda metric: all(matches(metric) for matches in filters)

    def schema(self, names: list[str]) -> _Filter:
        namespace, *dimensions = names
        return lambda metric: (
            metric.namespace == namespace and {name for name, _ in metric.dimensions} == set(dimensions)
        )

    def name(self, parts: list[str]) -> str:
        return str(parts[0]).strip('"')

    def either(self, parts: list[_Filter]) -> _Filter:
        return lambda metric: any(matches(metric) for matches in parts)

    def both(self, parts: list[_Filter]) -> _Filter:
        return lambda metric: all(matches(metric) for matches in parts)

    def refuse(self, parts: list[_Filter]) -> _Filter:
        return lambda metric: not parts[0](metric)

    def anywhere(self, parts: list[_Test]) -> _Filter:
        return lambda metric: any(parts[0](text) for text in _texts(metric))

    def property(self, parts: list[Any]) -> _Filter:
        name, test = parts
        return lambda metric: any(test(text) for text in _property(metric, name))

    def one_of(self, parts: list[_Test]) -> _Test:
        return lambda text: any(test(text) for test in parts)

    def exact(self, parts: list[str]) -> _Test:
        wanted = str(parts[0]).strip('"')
        return lambda text: text == wanted

    def partial(self, parts: list[str]) -> _Test:
        wanted = {word.lower() for word in _words(str(parts[0]))}
        return lambda text: wanted <= _tokens(text)


def _property(metric: Metric, name: str) -> list[str]:
    if name == "MetricName":
        return [metric.name]
    if name == "Namespace":
        return [metric.namespace]
    return [value for dimension, value in metric.dimensions if dimension == name]


def _texts(metric: Metric) -> Iterable[str]:
    return (metric.namespace, metric.name, *(text for dimension in metric.dimensions for text in dimension))


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", text)


def _tokens(text: str) -> frozenset[str]:
    """Return what a partial match finds: whole words, and their numbers and humps of camel case, in small letters."""
    words = _words(text)
    parts = [part for word in words for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", word)]
    return frozenset(part.lower() for part in (*words, *parts))
