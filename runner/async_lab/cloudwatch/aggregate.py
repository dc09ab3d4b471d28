"""What is kept of all the observations of one metric in one minute, and how two minutes become one period.

Count, sum, minimum and maximum are exact. Percentiles need the distribution: it is exact up to ``EXACT_VALUES``
different values; beyond, values share logarithmic bins as in DDSketch (Masson, Rim and Lee, VLDB 2019), so that memory
and answers stay small for any number of observations.
"""

from __future__ import annotations

import math

RELATIVE_ERROR = (
    0.005  # of a percentile or trimmed statistic, once a period holds more than EXACT_VALUES different values
)
EXACT_VALUES = 512

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = math.log(_GAMMA)

Weighted = tuple[float, float]  # a value and how often it was observed


def representative(value: float) -> float:
    """Return the value that stands for all of ``value``'s bin; it differs by at most ``RELATIVE_ERROR``."""
    if value == 0:
        return 0.0
    bin_number = math.ceil(math.log(abs(value)) / _LOG_GAMMA)
    return math.copysign(2 * math.exp(bin_number * _LOG_GAMMA) / (_GAMMA + 1), value)


class Aggregate:
    """The observations of a span of time; grows by ``add``, ``add_statistics`` and ``merge``."""

    __slots__ = ("_binned", "_weights", "count", "has_distribution", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self.count = 0.0
        self.total = 0.0
        self.minimum = math.inf
        self.maximum = -math.inf
        self.has_distribution = True
        self._weights: dict[float, float] = {}
        self._binned = False

    def add(self, value: float, count: float = 1.0) -> None:
        """Take ``count`` observations of ``value``."""
        self._widen(value, value, value * count, count)
        self._weigh(value, count)

    def add_statistics(self, minimum: float, maximum: float, total: float, count: float) -> None:
        """Take observations of which only these four are known.

        They have a percentile only where they can have one value: one observation, or equal minimum and maximum
        (CloudWatch user guide, "Percentiles").
        """
        self._widen(minimum, maximum, total, count)
        if minimum == maximum or count == 1:
            self._weigh(maximum, count)
        else:
            self.has_distribution = False

    def merge(self, other: Aggregate) -> None:
        """Take everything that ``other`` holds."""
        self._widen(other.minimum, other.maximum, other.total, other.count)
        self.has_distribution = self.has_distribution and other.has_distribution
        if not self._weights:  # the usual case, a period of one minute
            self._weights, self._binned = other._weights.copy(), other._binned
            return
        if other._binned and not self._binned:
            self._start_binning()
        for value, count in other._weights.items():
            self._weigh(value, count)

    def distribution(self) -> list[Weighted]:
        """Return values and their counts, in rising order of value, none outside of the minimum and maximum."""
        values = sorted(self._weights.items())
        if self._binned:  # only the outermost bins can reach beyond what was observed
            for end in (0, -1):
                value, count = values[end]
                values[end] = (min(max(value, self.minimum), self.maximum), count)
        return values

    def _widen(self, minimum: float, maximum: float, total: float, count: float) -> None:
        self.count += count
        self.total += total
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)

    def _weigh(self, value: float, count: float) -> None:
        key = representative(value) if self._binned else value
        self._weights[key] = self._weights.get(key, 0.0) + count
        if not self._binned and len(self._weights) > EXACT_VALUES:
            self._start_binning()

    def _start_binning(self) -> None:
        exact, self._weights, self._binned = self._weights, {}, True
        for value, count in exact.items():
            self._weigh(value, count)
