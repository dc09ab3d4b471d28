"""What metric math works on: time series, lists of them, and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Number = float
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Series:
    """Data points by the epoch second at which their period starts, in time order; ``period`` in seconds."""

    label: str
    period: int
    points: Mapping[int, float]

    def mapped(self, change: Callable[[int, float], float]) -> Series:
        """Return the series with each point changed; a result that isn't a finite number is no data point."""
        return self.with_points({at: change(at, value) for at, value in self.points.items()})

    def with_points(self, points: Mapping[int, float]) -> Series:
        """Return the series with other points, as ``series_of`` takes them."""
        return series_of(self.label, self.period, points)


def series_of(label: str, period: int, points: Mapping[int, float]) -> Series:
    """Return a series of points in any order; one whose value isn't a finite number is no data point."""
    return Series(label, period, {at: value for at in sorted(points) if math.isfinite(value := float(points[at]))})


Value = Number | str | Series | list["Value"]  # a string is a keyword, or the text of METRICS("…") and SEARCH('…')


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time in epoch seconds, ``end`` exclusive."""

    start: int
    end: int

    def start_of(self, period: int) -> int:
        """Return where the first period starts: a whole minute, or a whole multiple of a period that is shorter."""
        step = min(period, _MINUTE)
        return self.start // step * step

    def starts(self, period: int) -> range:
        """Return the start of every period in the span."""
        return range(self.start_of(period), self.end, period)


def combine(operation: Callable[..., float], operands: Sequence[Value], label: str) -> Value:
    """Apply an operation element by element, as metric math does.

    Numbers are used at every data point; series meet at the data points they share; a list is gone through element by
    element.
    """
    lists = [operand for operand in operands if isinstance(operand, list)]
    if lists:
        size = len(lists[0])
        rows = ([each[i] if isinstance(each, list) else each for each in operands] for i in range(size))
        return [combine(operation, row, _label_of(row, label)) for row in rows]
    series = [operand for operand in operands if isinstance(operand, Series)]
    if not series:
        return attempt(operation, operands)
    shared = set.intersection(*(set(each.points) for each in series))
    points = {at: attempt(operation, [value_at(operand, at) for operand in operands]) for at in shared}
    return series_of(label, max(each.period for each in series), points)


def value_at(operand: Value, at: int) -> Value:
    """Return the value of a number or a series at a time; NaN where the series has no data point."""
    return operand.points.get(at, math.nan) if isinstance(operand, Series) else operand


def attempt(operation: Callable[..., float], operands: Sequence[Value]) -> float:
    """Return the operation's result, NaN where mathematics has none (a division by 0, a root of a negative)."""
    try:
        result = operation(*operands)
        return math.nan if isinstance(result, complex) else float(result)
    except (ArithmeticError, ValueError):
        return math.nan


def _label_of(row: Sequence[Value], otherwise: str) -> str:
    return next((operand.label for operand in row if isinstance(operand, Series)), otherwise)
