"""What CloudWatch holds about one function, minute by minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

METRIC_UNITS = {
    "AsyncEventsReceived": "Count",
    "AsyncEventsDropped": "Count",
    "AsyncEventAge": "Milliseconds",
    "Invocations": "Count",
    "Errors": "Count",
    "Throttles": "Count",
    "Duration": "Milliseconds",
    "ConcurrentExecutions": "Count",
    "DeadLetterErrors": "Count",
    "DestinationDeliveryFailures": "Count",
}
METRIC_NAMES = tuple(METRIC_UNITS)


@dataclass(frozen=True, slots=True)
class DataPoint:
    """One minute of one metric, in the metric's own unit."""

    minute: int
    """Epoch seconds of the minute's start."""
    sample_count: float
    sum: float
    minimum: float
    maximum: float

    @property
    def average(self) -> float:
        """The mean of the minute's samples."""
        return self.sum / self.sample_count


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """The data points of one metric in time order; none at all when CloudWatch has none, which isn't 0."""

    metric: str
    points: tuple[DataPoint, ...]

    @property
    def unit(self) -> str:
        """CloudWatch's unit: ``Count`` or ``Milliseconds``."""
        return METRIC_UNITS[self.metric]

    @property
    def is_absent(self) -> bool:
        """Whether there is no data point, which for some metrics is the finding."""
        return not self.points

    @property
    def total(self) -> float:
        """The sum of all samples; 0 when absent."""
        return sum(point.sum for point in self.points)

    @property
    def maximum(self) -> float:
        """The highest sample; 0 when absent."""
        return max((point.maximum for point in self.points), default=0.0)


Metrics = Mapping[str, MetricSeries]
"""Every one of METRIC_NAMES, also those that are absent."""
