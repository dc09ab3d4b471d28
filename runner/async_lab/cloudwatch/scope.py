"""What an expression of metric math may look at, and how it says that it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from async_lab.cloudwatch.series import Series, Span, Value


class ExpressionError(ValueError):
    """The expression can't be understood or evaluated; the message says why."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may look at."""

    values: Mapping[str, Value]  # what other queries gave, by their ids
    metrics: Mapping[str, Series]  # those of them that are metrics: what METRICS() is about
    span: Span
    period: int  # seconds, of series that come from no metric: TIME_SERIES(1)
    search: Callable[[str, str, int | None], list[Series]]  # query, statistic, period
