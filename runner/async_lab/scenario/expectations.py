"""What a scenario expects its metrics to show, and whether they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from async_lab.observation.aggregate import aggregate, is_percentile, unit_of
from async_lab.observation.metrics import Metrics, Percentiles
from async_lab.wording import amount

_ZERO_OF_NOTHING = ("Sum", "SampleCount")
NO_DATA_POINT = "no data point"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One condition on one metric, in the metric's own unit: counts or milliseconds."""

    metric: str
    statistic: str = "Sum"
    """By minute, combined over the whole run: the sum of sums, the lowest of the minima, the highest percentile …"""
    data_point: int | None = None
    """Look only at the n-th minute that has a data point, 1 for the first."""
    equals: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    absent: bool = False
    """The metric must have no data point at all, which is not the same as 0."""

    @property
    def unit(self) -> str:
        """The unit of the number that is compared."""
        return unit_of(self.metric, self.statistic)

    @property
    def subject(self) -> str:
        """What is looked at: ``Sum of Throttles``."""
        if self.absent:
            return self.metric
        where = ", highest minute" if self.is_percentile else ""
        where = f", point {self.data_point}" if self.data_point else where
        return f"{self.statistic} of {self.metric}{where}"

    @property
    def is_percentile(self) -> bool:
        """Whether it is of a percentile, which doesn't follow from other statistics: CloudWatch is asked for it."""
        return is_percentile(self.statistic)

    @property
    def words(self) -> str:
        """What is expected of it: ``6 to 8``, ``at most 500 ms``."""
        if self.absent:
            return NO_DATA_POINT
        if self.equals is not None:
            return amount(self.equals, self.unit)
        low, high = (None if bound is None else amount(bound, self.unit) for bound in (self.at_least, self.at_most))
        if low and high:
            return f"{low} to {high}"
        return f"at least {low}" if low else f"at most {high}"

    def admits(self, value: float | None) -> bool:
        """Whether a value, None for no data point, is as expected."""
        if self.absent or value is None:
            return self.absent and value is None
        if self.equals is not None:
            return value == self.equals
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An expectation beside what was seen."""

    expectation: Expectation
    value: float | None
    """In the expectation's unit; None when there is no data point to take it from."""

    @property
    def is_met(self) -> bool:
        """Whether the metrics show what was expected."""
        return self.expectation.admits(self.value)

    @property
    def seen(self) -> str:
        """What was seen, in words."""
        return NO_DATA_POINT if self.value is None else amount(self.value, self.expectation.unit)

    def __str__(self) -> str:
        return f"{self.expectation.subject}: expected {self.expectation.words}, saw {self.seen}"


def percentiles_of(expectations: Sequence[Expectation]) -> list[tuple[str, str]]:
    """Return the metrics and percentiles that expectations are about, each once."""
    return list(dict.fromkeys((one.metric, one.statistic) for one in expectations if one.is_percentile))


def compare(
    expectations: Sequence[Expectation], metrics: Metrics, percentiles: Percentiles = MappingProxyType({})
) -> tuple[Comparison, ...]:
    """Set every expectation beside what the metrics of the run show, and the percentiles of ``percentiles_of``."""
    return tuple(
        Comparison(
            expectation,
            _percentile(expectation, percentiles) if expectation.is_percentile else _value(expectation, metrics),
        )
        for expectation in expectations
    )


def _percentile(expectation: Expectation, percentiles: Percentiles) -> float | None:
    values = percentiles[expectation.metric, expectation.statistic]
    if expectation.data_point:
        values = values[expectation.data_point - 1 : expectation.data_point]
    return max(values, default=None)


def _value(expectation: Expectation, metrics: Metrics) -> float | None:
    points = metrics[expectation.metric].points
    if expectation.data_point:
        points = points[expectation.data_point - 1 : expectation.data_point]
    elif not points and expectation.statistic in _ZERO_OF_NOTHING and not expectation.absent:
        return 0  # AWS leaves out some zeros and not others: a sum doesn't depend on it
    return aggregate(expectation.statistic, points)
