"""CloudWatch's statistics, by the names its API gives them, as functions of an aggregate.

Source for every name and definition: CloudWatch user guide, "CloudWatch statistics definitions". AWS doesn't publish
how it interpolates a percentile; ours is linear between the two nearest observations (assumed).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from async_lab.cloudwatch.aggregate import Aggregate, Weighted

Statistic = Callable[[Aggregate], float | None]

_SHORT = re.compile(r"(p|tm|tc|ts|wm)(\d{1,3}(?:\.\d{1,10})?)")
_RANGE = re.compile(r"(TM|TC|TS|WM|PR)\(([^:()]*):([^:()]*)\)")
_NUMBER = re.compile(r"\d+(?:\.\d{1,10})?")


class UnknownStatistic(ValueError):
    """The name is none of CloudWatch's statistics."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An end of a trimmed range: a share of the observations (0..1) or a value."""

    share: float | None = None
    value: float | None = None


SIMPLE: dict[str, Statistic] = {
    "SampleCount": lambda seen: seen.count,
    "Sum": lambda seen: seen.total,
    "Average": lambda seen: seen.total / seen.count if seen.count else None,
    "Minimum": lambda seen: seen.minimum,
    "Maximum": lambda seen: seen.maximum,
}


@lru_cache(maxsize=1024)
def statistic(name: str) -> Statistic:
    """Return the function behind a statistic's name, such as ``Sum``, ``p99.9``, ``TM(10%:90%)`` or ``PR(:300)``.

    The function gives None where CloudWatch gives no data point: without observations, or where the distribution is
    unknown.

    Raises:
        UnknownStatistic: the name is none of CloudWatch's.

    """
    if name in SIMPLE:
        return SIMPLE[name]
    if name == "IQM":
        return _trimmed("TM", Bound(share=0.25), Bound(share=0.75))
    if short := _SHORT.fullmatch(name):
        return _short(short[1], _share(short[2], name))
    if ranged := _RANGE.fullmatch(name):
        return _ranged(name, ranged[1], ranged[2].strip(), ranged[3].strip())
    raise UnknownStatistic(name)


def percentile_of(name: str) -> float | None:
    """Return the share (0..1) of a ``pNN`` statistic, None for any other."""
    match = _SHORT.fullmatch(name)
    return _share(match[2], name) if match and match[1] == "p" else None


def percentile(values: Sequence[Weighted], share: float) -> float:
    """Return the value below which ``share`` (0..1) of the observations lie; ``values`` in rising order, not empty."""
    passed = list(accumulate(count for _, count in values))
    rank = max(0.0, share * (passed[-1] - 1))
    lower = int(rank)
    below, above = (values[min(bisect_right(passed, each), len(values) - 1)][0] for each in (lower, lower + 1))
    return below + (rank - lower) * (above - below)


def trim(values: Sequence[Weighted], low: Bound, high: Bound) -> Iterator[Weighted]:
    """Yield what lies between the bounds.

    A share cuts off that part of the observations; a value is excluded as the low bound and included as the high one.
    """
    whole = sum(count for _, count in values)
    first = whole * (low.share or 0.0)
    last = whole * (1.0 if high.share is None else high.share)
    seen = 0.0
    for value, count in values:
        kept = min(seen + count, last) - max(seen, first)
        seen += count
        if kept > 0 and _is_between(value, low.value, high.value):
            yield value, kept


def winsorize(values: Sequence[Weighted], low: Bound, high: Bound) -> Iterator[Weighted]:
    """Yield every observation, those outside of the bounds moved onto them."""
    least = _edge(values, low, values[0][0])
    most = _edge(values, high, values[-1][0])
    for value, count in values:
        yield min(max(value, least), most), count


def _short(kind: str, share: float) -> Statistic:
    if kind == "p":
        return _of_distribution(lambda values: percentile(values, share), allows_negative=False)
    return _trimmed(kind.upper(), Bound(), Bound(share=share))


def _ranged(name: str, kind: str, low: str, high: str) -> Statistic:
    bounds = _bound(low, name), _bound(high, name)
    is_empty = not low and not high
    ranks_a_share = kind == "PR" and any(bound.share is not None for bound in bounds)
    if is_empty or ranks_a_share:
        raise UnknownStatistic(name)
    return _trimmed(kind, *bounds)


def _trimmed(kind: str, low: Bound, high: Bound) -> Statistic:
    if kind == "WM":
        return _of_distribution(lambda values: _mean(list(winsorize(values, low, high))))
    summary = _SUMMARIES[kind]
    return _of_distribution(lambda values: summary(list(trim(values, low, high)), values))


_SUMMARIES: dict[str, Callable[[Sequence[Weighted], Sequence[Weighted]], float | None]] = {
    "TM": lambda kept, _: _mean(kept),
    "TC": lambda kept, _: _count(kept),
    "TS": lambda kept, _: sum(value * count for value, count in kept),
    "PR": lambda kept, every: 100 * _count(kept) / _count(every),
}


def _of_distribution(
    summarize: Callable[[Sequence[Weighted]], float | None], *, allows_negative: bool = True
) -> Statistic:
    def answer(seen: Aggregate) -> float | None:
        # "Percentile statistics are not available for metrics when any of the metric values are negative" (user guide).
        if not seen.count or not seen.has_distribution or (seen.minimum < 0 and not allows_negative):
            return None
        return summarize(seen.distribution())

    return answer


def _mean(values: Sequence[Weighted]) -> float | None:
    whole = _count(values)
    return sum(value * count for value, count in values) / whole if whole else None


def _count(values: Sequence[Weighted]) -> float:
    return sum(count for _, count in values)


def _edge(values: Sequence[Weighted], bound: Bound, otherwise: float) -> float:
    if bound.share is not None:
        return percentile(values, bound.share)
    return otherwise if bound.value is None else bound.value


def _is_between(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value > low) and (high is None or value <= high)


def _bound(text: str, name: str) -> Bound:
    if not text:
        return Bound()
    number = text.removesuffix("%")
    if not _NUMBER.fullmatch(number):
        raise UnknownStatistic(name)
    return Bound(share=_share(number, name)) if text.endswith("%") else Bound(value=float(number))


def _share(percent: str, name: str) -> float:
    if not 0 <= float(percent) <= 100:  # noqa: PLR2004 - percent
        raise UnknownStatistic(name)
    return float(percent) / 100
