"""The metrics of one account and region, aggregated by minute as they come in; by second too, where that is asked."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from async_lab.cloudwatch.aggregate import Aggregate

MINUTE = 60  # standard resolution, in seconds
SECOND = 1  # high resolution

Dimensions = tuple[tuple[str, str], ...]  # (name, value) pairs, sorted by name
_Buckets = dict[int, Aggregate]  # by the epoch second at which the minute, or the second, starts


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
        self._metrics: dict[Metric, dict[str, _Buckets]] = {}
        self._fine: dict[Metric, dict[str, _Buckets]] = {}
        """By second, of the metrics that come in high resolution; their minutes stand in ``_metrics`` like all."""
        self._fine_since = 0.0

    def put(
        self,
        namespace: str,
        metric: str,
        dimensions: Dimensions,
        at: float,
        value: float,
        unit: str = "None",
        count: float = 1.0,
        resolution: int = MINUTE,
    ) -> None:
        """Take ``count`` observations of ``value`` made at the epoch second ``at``; ``resolution`` MINUTE or SECOND."""
        identity = Metric(namespace, metric, dimensions)
        with self._lock:
            _bucket(self._metrics, identity, unit, int(at) // MINUTE * MINUTE).add(value, count)
            if resolution != MINUTE:
                _bucket(self._fine, identity, unit, int(at)).add(value, count)

    def put_statistics(
        self,
        metric: Metric,
        at: float,
        unit: str,
        *,
        minimum: float,
        maximum: float,
        total: float,
        count: float,
        resolution: int = MINUTE,
    ) -> None:
        """Take observations that somebody has already summarized."""
        with self._lock:
            _bucket(self._metrics, metric, unit, int(at) // MINUTE * MINUTE).add_statistics(
                minimum, maximum, total, count
            )
            if resolution != MINUTE:
                _bucket(self._fine, metric, unit, int(at)).add_statistics(minimum, maximum, total, count)

    def forget_seconds(self, before: float) -> None:
        """Keep no more than the minutes of what was observed before an epoch second."""
        with self._lock:
            self._fine_since = before
            for buckets in (each for units in self._fine.values() for each in units.values()):
                while buckets and (oldest := next(iter(buckets))) < before:  # they come in the order of time, or nearly
                    del buckets[oldest]

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
        """Aggregate by period, from ``start`` (inclusive, aligned) to ``end`` (exclusive), in epoch seconds.

        Periods are counted from ``start``, as GetMetricData and GetMetricStatistics do (AWS, in boto3 issue 3457). A
        period without observations isn't there: no data point is not 0. A metric that never came in high resolution has
        its minutes' data points at shorter periods too, and nothing between them.
        """
        periods: dict[int, Aggregate] = {}
        with self._lock:
            is_fine = period < MINUTE and metric in self._fine
            kept, step = (self._fine, SECOND) if is_fine else (self._metrics, MINUTE)
            since = max(start, math.ceil(self._fine_since)) if is_fine else start
            for name, buckets in kept.get(metric, {}).items():
                if unit in (None, name):
                    for at in _between(buckets, since, end, step):
                        begin = start + (at - start) // period * period
                        periods.setdefault(begin, Aggregate()).merge(buckets[at])
        return dict(sorted(periods.items()))


def _bucket(kept: dict[Metric, dict[str, _Buckets]], metric: Metric, unit: str, at: int) -> Aggregate:
    buckets = kept.setdefault(metric, {}).setdefault(unit, {})
    seen = buckets.get(at)
    if seen is None:
        seen = buckets[at] = Aggregate()
    return seen


def _between(buckets: _Buckets, start: int, end: int, step: int) -> Iterator[int]:
    """Yield the stored starts in a span, by whichever is shorter: the span or what is stored.

    Minutes begin at whole ones, wherever the span does.
    """
    if (end - start) // step < len(buckets):
        return (at for at in range(-(-start // step) * step, end, step) if at in buckets)
    return (at for at in buckets if start <= at < end)
