"""The functions of metric math. Source: CloudWatch user guide, "Functions supported for metric math"."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any

from async_lab.cloudwatch.scope import ExpressionError, Scope
from async_lab.cloudwatch.series import Series, Value, attempt, combine, series_of, value_at

_Points = Sequence[tuple[int, float]]  # in time order
_time = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Function:
    """How a function is called: what it does with (scope, label, arguments), and how many arguments it takes."""

    apply: Callable[[Scope, str, list[Any]], Value]
    fewest: int = 1
    most: int = 1
    takes_words: bool = False


def call(name: str, arguments: list[Value], scope: Scope, label: str) -> Value:
    """Call a function by its name.

    Raises:
        ExpressionError: there is no such function, or not with these arguments.

    """
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError(f"Unsupported function {name}")
    if not function.fewest <= len(arguments) <= function.most:
        raise ExpressionError(f"Function {name} can't take {len(arguments)} arguments")
    if any(isinstance(each, str) for each in arguments) and not function.takes_words:
        raise ExpressionError(f"Function {name} can't take these arguments")
    try:
        return function.apply(scope, label, arguments)
    except ExpressionError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise ExpressionError(f"Function {name} can't take these arguments") from None


def _elementwise(operation: Callable[[Any], float]) -> Function:
    return Function(lambda _, label, arguments: combine(operation, arguments, label))


def _reducing(reduce: Callable[[Sequence[float]], float]) -> Function:
    """Of one series: a number. Of several: a series, at each time of what is there; of none, an empty one."""

    def apply(scope: Scope, label: str, arguments: list[Any]) -> Value:
        (over,) = arguments
        if isinstance(over, Series):
            return _reduced(reduce, list(over.points.values()))
        if not over:
            return Series(label, scope.period, {})
        if not any(isinstance(each, Series) for each in over):
            return _reduced(reduce, over)
        times = {at for each in over if isinstance(each, Series) for at in each.points}
        points = {at: _reduced(reduce, _present(over, at)) for at in times}
        return series_of(label, _longest_period(over), points)

    return Function(apply)


def _reduced(reduce: Callable[[Sequence[float]], float], values: Sequence[float]) -> float:
    return attempt(lambda: reduce(values), []) if values else math.nan


def _present(over: Sequence[Value], at: int) -> list[float]:
    values = [value_at(each, at) for each in over]
    return [value for value in values if isinstance(value, float) and not math.isnan(value)]


def _longest_period(over: Sequence[Value]) -> int:
    return max(each.period for each in over if isinstance(each, Series))


def _by_series(change: Callable[[Series], Series]) -> Function:
    """Do something to a series, or to each of an array."""

    def apply(_: Scope, __: str, arguments: list[Any]) -> Value:
        (over,) = arguments
        return [change(each) for each in over] if isinstance(over, list) else change(over)

    return Function(apply)


def _stepwise(step: Callable[[float, float], float]) -> Function:
    """Compare each point with the one before it: step(difference in value, difference in seconds)."""

    def change(series: Series) -> Series:
        pairs = pairwise(series.points.items())
        return series.with_points({at: step(value - before, at - then) for (then, before), (at, value) in pairs})

    return _by_series(change)


def _running_sum(series: Series) -> Series:
    return series.with_points(dict(zip(series.points, accumulate(series.points.values()), strict=True)))


def _calendar(read: Callable[[datetime], float]) -> Function:
    return _by_series(lambda series: series.mapped(lambda at, _: read(datetime.fromtimestamp(at, UTC))))


def _if(scope: Scope, label: str, arguments: list[Any]) -> Value:
    """Choose at every data point of the condition.

    A condition that is a number chooses for all of the time; what it chooses is a series if it could be one, so that
    what kind of value an expression gives never depends on the data.
    """
    condition, then, *rest = arguments
    otherwise = rest[0] if rest else math.nan
    if any(isinstance(each, list) for each in arguments):
        raise ExpressionError("IF can't take an array of time series")
    if not isinstance(condition, Series):
        chosen = then if condition else otherwise
        periods = [each.period for each in (then, otherwise) if isinstance(each, Series)]
        if isinstance(chosen, Series) or not periods:
            return chosen
        return series_of(label, max(periods), dict.fromkeys(scope.span.starts(max(periods)), chosen))
    points: dict[int, Any] = {at: value_at(then if holds else otherwise, at) for at, holds in condition.points.items()}
    return series_of(label, condition.period, points)


def _fill(scope: Scope, label: str, arguments: list[Any]) -> Value:
    over, filler = arguments
    if isinstance(over, list):
        return [_fill(scope, label, [each, filler]) for each in over]
    if isinstance(filler, list) or (isinstance(filler, str) and filler not in _FILLERS):
        raise ExpressionError("FILL takes a number, a time series, REPEAT or LINEAR")
    known = list(over.points.items())
    fill = _FILLERS[filler](known) if isinstance(filler, str) else partial(value_at, filler)
    filled: Series = over.with_points({at: fill(at) for at in scope.span.starts(over.period)} | over.points)
    return filled


def _repeat(points: _Points) -> Callable[[int], Any]:
    def fill(at: int) -> float:
        following = bisect_right(points, at, key=_time)
        return points[following - 1][1] if following else math.nan

    return fill


def _linear(points: _Points) -> Callable[[int], Any]:
    def fill(at: int) -> float:
        following = bisect_right(points, at, key=_time)
        if not 0 < following < len(points):
            return math.nan
        (then, before), (later, after) = points[following - 1 : following + 1]
        return before + (after - before) * (at - then) / (later - then)

    return fill


_FILLERS = {"REPEAT": _repeat, "LINEAR": _linear}


def _metrics(scope: Scope, _: str, arguments: list[Any]) -> Value:
    part = arguments[0] if arguments else ""
    if not isinstance(part, str):
        raise ExpressionError("METRICS takes a text that ids contain")
    return [series for name, series in scope.metrics.items() if part in name]


def _search(scope: Scope, _: str, arguments: list[Any]) -> Value:
    query, wanted, *period = arguments
    if not isinstance(query, str) or not isinstance(wanted, str):
        raise ExpressionError("SEARCH takes what to search for and a statistic, both in quotes")
    of_each = _whole(period[0]) if period else None
    if of_each is not None and of_each < 1:
        raise ExpressionError("SEARCH takes a period of at least 1 second")
    return list(scope.search(query, wanted, of_each))


def _time_series(scope: Scope, label: str, arguments: list[Any]) -> Value:
    constant = float(arguments[0])
    return series_of(label, scope.period, dict.fromkeys(scope.span.starts(scope.period), constant))


def _sort(_: Scope, __: str, arguments: list[Any]) -> Value:
    over, by, direction, *limit = arguments
    if by not in _SORTS or direction not in {"ASC", "DESC"}:
        raise ExpressionError("SORT takes an array, AVG, MIN, MAX or SUM, and ASC or DESC")
    ranked = sorted(
        _every_series(over),
        key=lambda each: _reduced(_SORTS[by], list(each.points.values())),
        reverse=direction == "DESC",
    )
    return list(ranked[: max(0, _whole(limit[0]))] if limit else ranked)


_SORTS: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "SUM": math.fsum,
}


def _slice(scope: Scope, label: str, arguments: list[Any]) -> Value:
    over, begin, *end = arguments
    every, first = _every_series(over), _whole(begin)
    return list(every[first : _whole(end[0])]) if end else _at(every, first, scope, label)


def _at(every: list[Series], place: int, scope: Scope, label: str) -> Series:
    """Return one series of an array; an empty one where there is none: how many there are depends on the data."""
    return every[place] if -len(every) <= place < len(every) else Series(label, scope.period, {})


def _every_series(over: Value) -> list[Series]:
    every = [each for each in over if isinstance(each, Series)] if isinstance(over, list) else []
    if not isinstance(over, list) or len(every) < len(over):
        raise ExpressionError("It takes an array of time series")
    return every


def _whole(number: Value) -> int:
    """Return a number without its fraction; 0 for what isn't finite, such as the average of no data."""
    if not isinstance(number, int | float):
        raise ExpressionError("It takes a number")
    return int(number) if math.isfinite(number) else 0


FUNCTIONS: dict[str, Function] = {
    "ABS": _elementwise(abs),
    "CEIL": _elementwise(math.ceil),
    "FLOOR": _elementwise(math.floor),
    "LOG": _elementwise(math.log),
    "LOG10": _elementwise(math.log10),
    "AVG": _reducing(statistics.fmean),
    "MAX": _reducing(max),
    "MIN": _reducing(min),
    "STDDEV": _reducing(statistics.pstdev),
    "SUM": _reducing(math.fsum),
    "DIFF": _stepwise(lambda difference, _: difference),
    "DIFF_TIME": _stepwise(lambda _, seconds: seconds),
    "RATE": _stepwise(lambda difference, seconds: difference / seconds),
    "RUNNING_SUM": _by_series(_running_sum),
    "DATAPOINT_COUNT": Function(lambda _, __, arguments: float(len(arguments[0].points))),
    "METRIC_COUNT": Function(lambda _, __, arguments: float(len(arguments[0]))),
    "PERIOD": Function(lambda _, __, arguments: float(arguments[0].period)),
    "REMOVE_EMPTY": Function(lambda _, __, arguments: [each for each in arguments[0] if each.points]),
    "FIRST": Function(lambda scope, label, arguments: _at(_every_series(arguments[0]), 0, scope, label)),
    "LAST": Function(lambda scope, label, arguments: _at(_every_series(arguments[0]), -1, scope, label)),
    "SLICE": Function(_slice, 2, 3),
    "SORT": Function(_sort, 3, 4, takes_words=True),
    "EPOCH": _calendar(datetime.timestamp),
    "MINUTE": _calendar(lambda time: time.minute),
    "HOUR": _calendar(lambda time: time.hour),
    "DAY": _calendar(datetime.isoweekday),
    "DATE": _calendar(lambda time: time.day),
    "MONTH": _calendar(lambda time: time.month),
    "YEAR": _calendar(lambda time: time.year),
    "IF": Function(_if, 2, 3),
    "FILL": Function(_fill, 2, 2, takes_words=True),
    "METRICS": Function(_metrics, 0, 1, takes_words=True),
    "SEARCH": Function(_search, 2, 3, takes_words=True),
    "TIME_SERIES": Function(_time_series),
}
