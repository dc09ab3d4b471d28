"""The metrics of one account and region, aggregated by minute as they come in."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from async_lab.cloudwatch.aggregate import Aggregate

MINUTE = 60  # standard resolution, in seconds

Dimensions = tuple[tuple[str, str], ...]  # (name, value) pairs, sorted by name
_Minutes = dict[int, Aggregate]  # by the epoch second at which the minute starts


@dataclass(frozen=True, slots=True, order=True)
class Metric:
    """The identity of a metric. Another set of dimensions is another metric: CloudWatch never adds across them."""

    namespace: str
    name: str
    dimensions: Dimensions = ()


class MetricStore:
    """Thread-safe. Metrics are kept apart by unit, as in CloudWatch; a question that names no unit gets all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._metrics: dict[Metric, dict[str, _Minutes]] = {}

    def put(
        self,
        namespace: str,
        metric: str,
        dimensions: Dimensions,
        at: float,
        value: float,
        unit: str = "None",
        count: float = 1.0,
    ) -> None:
        """Take ``count`` observations of ``value`` made at the epoch second ``at``."""
        with self._lock:
            self._minute(Metric(namespace, metric, dimensions), at, unit).add(value, count)

    def put_statistics(
        self, metric: Metric, at: float, unit: str, *, minimum: float, maximum: float, total: float, count: float
    ) -> None:
        """Take observations that somebody has already summarized."""
        with self._lock:
            self._minute(metric, at, unit).add_statistics(minimum, maximum, total, count)

    def metrics(self) -> list[Metric]:
        """Return every metric that was ever observed, sorted."""
        with self._lock:
            return sorted(self._metrics)

    def latest(self, metric: Metric) -> float | None:
        """Return the start of the last minute in which the metric was observed, in epoch seconds."""
        with self._lock:
            return max(
                (minute for minutes in self._metrics.get(metric, {}).values() for minute in minutes), default=None
            )

    def units(self, metric: Metric) -> list[str]:
        """Return the units in which the metric was observed."""
        with self._lock:
            return sorted(self._metrics.get(metric, {}))

    def periods(
        self, metric: Metric, start: int, end: int, period: int, unit: str | None = None
    ) -> Mapping[int, Aggregate]:
        """Aggregate by period, from ``start`` (inclusive, on a minute) to ``end`` (exclusive), in epoch seconds.

        Periods are counted from ``start``, as GetMetricData and GetMetricStatistics do (AWS, in boto3 issue 3457). A
        period without observations isn't there: no data point is not 0.
        """
        periods: dict[int, Aggregate] = {}
        with self._lock:
            for name, minutes in self._metrics.get(metric, {}).items():
                if unit in (None, name):
                    for minute in _between(minutes, start, end):
                        begin = start + (minute - start) // period * period
                        periods.setdefault(begin, Aggregate()).merge(minutes[minute])
        return dict(sorted(periods.items()))

    def _minute(self, metric: Metric, at: float, unit: str) -> Aggregate:
        minutes = self._metrics.setdefault(metric, {}).setdefault(unit, {})
        minute = int(at // MINUTE) * MINUTE
        seen = minutes.get(minute)
        if seen is None:
            seen = minutes[minute] = Aggregate()
        return seen


def _between(minutes: _Minutes, start: int, end: int) -> Iterator[int]:
    """Yield the stored minutes of a span, by whichever is shorter: the span or what is stored."""
    if (end - start) // MINUTE < len(minutes):
        return (minute for minute in range(start, end, MINUTE) if minute in minutes)
    return (minute for minute in minutes if start <= minute < end)
