"""CloudWatch's statistics of several minutes taken together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from async_lab.lambda_metrics import COUNT, UNITS
from async_lab.observation.metrics import DataPoint

_COMBINE: Mapping[str, Callable[[Sequence[DataPoint]], float]] = {
    "Sum": lambda points: sum(point.sum for point in points),
    "SampleCount": lambda points: sum(point.sample_count for point in points),
    "Minimum": lambda points: min(point.minimum for point in points),
    "Maximum": lambda points: max(point.maximum for point in points),
    "Average": lambda points: sum(point.sum for point in points) / sum(point.sample_count for point in points),
}
STATISTICS = tuple(_COMBINE)


_PERCENTILE = re.compile(r"p(100(\.0{1,10})?|\d{1,2}(\.\d{1,10})?)")


def is_percentile(statistic: str) -> bool:
    """Whether it is one of CloudWatch's percentiles: ``p50``, ``p99.9`` (CloudWatch user guide)."""
    return _PERCENTILE.fullmatch(statistic) is not None


def aggregate(statistic: str, points: Sequence[DataPoint]) -> float | None:
    """Return a statistic of all samples of the points, in the metric's unit; None when there is no point."""
    return _COMBINE[statistic](points) if points else None


def unit_of(metric: str, statistic: str) -> str:
    """Return CloudWatch's unit of a metric's statistic: ``Count`` or ``Milliseconds``."""
    return COUNT if statistic == "SampleCount" else UNITS[metric]
