"""Metric queries as GetMetricData and alarms ask them: metrics and expressions that name each other by id.

The language of expressions is imported for the first of them: its parser takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from async_lab.cloudwatch.labels import MetricStat, default_labels, dynamic
from async_lab.cloudwatch.scope import ExpressionError, Scope
from async_lab.cloudwatch.series import Series, Span, Value
from async_lab.cloudwatch.statistic import statistic
from async_lab.cloudwatch.store import MINUTE, MetricStore


@dataclass(frozen=True, slots=True)
class Query:
    """One query: either ``stat`` or ``expression`` is set. ``period`` in seconds is an expression's own."""

    id: str
    stat: MetricStat | None = None
    expression: str | None = None
    label: str | None = None
    period: int | None = None
    returns_data: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """One series of the answer to a query; an expression over an array gives several."""

    id: str
    label: str
    points: Mapping[int, float]


@dataclass(slots=True)
class _Session:
    """The queries of one call, and what has been answered so far."""

    queries: Mapping[str, Query]
    store: MetricStore
    span: Span
    values: dict[str, Value] = field(default_factory=dict)


def answer(
    queries: Sequence[Query], store: MetricStore, span: Span, properties: Mapping[str, str] | None = None
) -> list[Answer]:
    """Answer the queries that return data, in their order. ``properties`` are those of labels: Region, AccountId.

    Raises:
        ExpressionError: an expression is wrong, names what isn't there, or goes in circles.

    """
    values = evaluate(queries, store, span)
    return [
        Answer(query.id, _label(query, series, properties or {}), series.points)
        for query in queries
        if query.returns_data
        for series in _series(values[query.id])
    ]


def evaluate(queries: Sequence[Query], store: MetricStore, span: Span) -> Mapping[str, Value]:
    """Return the value of every query by its id: a series, or a list of them.

    Raises:
        ExpressionError: as ``answer``.

    """
    session = _Session({query.id: query for query in queries}, store, span)
    stats = [query for query in queries if query.stat]
    labels = default_labels([query.stat for query in stats if query.stat])
    for query, label in zip(stats, labels, strict=True):
        if query.stat:
            session.values[query.id] = read(store, query.stat, span, label)
    for name in _in_order([query for query in queries if query.expression]):
        session.values[name] = _evaluated(session.queries[name], session)
    return session.values


def read(store: MetricStore, stat: MetricStat, span: Span, label: str) -> Series:
    """Read a statistic of a metric, period by period."""
    of = statistic(stat.statistic)
    periods = store.periods(stat.metric, span.start_of(stat.period), span.end, stat.period, stat.unit)
    values = ((at, of(seen)) for at, seen in periods.items())
    return Series(label, stat.period, {at: value for at, value in values if value is not None})


def _evaluated(query: Query, session: _Session) -> Value:
    period = query.period or _period_of(session.queries.values())
    metrics = {name: each for name, each in session.values.items() if session.queries[name].stat}
    from async_lab.cloudwatch import expression as language

    scope = Scope(
        values=session.values,
        metrics={name: each for name, each in metrics.items() if isinstance(each, Series)},
        span=session.span,
        period=period,
        search=_searcher(session, period),
    )
    try:
        result = language.evaluate(query.expression or "", scope, query.id)
    except ExpressionError as error:
        raise ExpressionError(f"Error in expression '{query.id}': {error}") from None
    return list(result) if isinstance(result, list) else Series(query.id, result.period, result.points)


def _searcher(session: _Session, otherwise: int) -> Callable[[str, str, int | None], list[Series]]:
    def search(text: str, wanted: str, period: int | None) -> list[Series]:
        from async_lab.cloudwatch.search import find

        statistic(wanted)  # one that there isn't is refused, whether or not anything is found
        found = find(text, session.store.metrics())
        stats = [MetricStat(metric, wanted, period or otherwise) for metric in found]
        labels = default_labels(stats)
        series = [read(session.store, stat, session.span, label) for stat, label in zip(stats, labels, strict=True)]
        return [each for each in series if each.points]

    return search


def _in_order(expressions: Sequence[Query]) -> Iterable[str]:
    """Sort expressions so that each comes after those it names."""
    names = {query.id for query in expressions}
    graph = {query.id: _references(query) & names for query in expressions}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ExpressionError(f"Error in expression '{error.args[1][0]}': the expression refers to itself") from None


def _references(query: Query) -> frozenset[str]:
    from async_lab.cloudwatch import expression as language

    try:
        return language.references(query.expression or "")
    except ExpressionError as error:
        raise ExpressionError(f"Error in expression '{query.id}': {error}") from None


def _period_of(queries: Iterable[Query]) -> int:
    return max((query.stat.period for query in queries if query.stat), default=5 * MINUTE)


def _series(value: Value) -> list[Series]:
    every = value if isinstance(value, list) else [value]
    return [each for each in every if isinstance(each, Series)]


def _label(query: Query, series: Series, properties: Mapping[str, str]) -> str:
    if query.label is None:
        return series.label
    return dynamic(query.label, series, query.stat, properties)
