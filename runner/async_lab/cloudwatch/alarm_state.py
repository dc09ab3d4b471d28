"""When an alarm changes its state: M out of N data points, and what missing ones count as.

Source: CloudWatch user guide, "Evaluating an alarm" and "Configuring how CloudWatch alarms treat missing data". An
alarm looks at more periods than it evaluates, so that late data don't count as missing; how many more isn't published
(assumed: 2, as in the guide's examples).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

EXTRA_PERIODS = 2


class State(StrEnum):
    """The states of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Missing(StrEnum):
    """How an alarm treats missing data (TreatMissingData)."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """``datapoints_to_alarm`` (M) of ``evaluation_periods`` (N) must breach; ``comparison`` is a key of COMPARISONS."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: Missing = Missing.MISSING

    def is_breached_by(self, value: float) -> bool:
        """Tell whether a data point breaches the threshold."""
        return COMPARISONS[self.comparison](value, self.threshold)

    @property
    def range(self) -> int:
        """The number of periods to look at, the evaluation range."""
        return self.evaluation_periods + EXTRA_PERIODS


@dataclass(frozen=True, slots=True)
class Point:
    """A data point: the epoch second at which its period starts, and its value."""

    at: int
    value: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state, the data points it was decided on in time order, and how many missing ones were put in for it."""

    state: State
    evaluated: tuple[Point, ...] = ()
    filled: int = 0


def judge(rule: MetricAlarm, window: Sequence[Point | None], current: State) -> Verdict:
    """Return the next state of an alarm in state ``current``.

    ``window`` is the evaluation range, oldest period first, None where a period has no data point.
    """
    present = tuple(point for point in window if point)
    evaluated = present[-rule.evaluation_periods :]
    short = rule.evaluation_periods - len(evaluated)
    breaching = sum(rule.is_breached_by(point.value) for point in evaluated)
    if rule.missing is Missing.BREACHING:
        breaching += short
    if breaching >= rule.datapoints_to_alarm:
        return Verdict(State.ALARM, evaluated, short)
    if short and rule.missing in {Missing.MISSING, Missing.IGNORE} and breaching == len(present):
        return Verdict(_without_contrary(rule, window, current), evaluated, short)
    return Verdict(State.OK, evaluated, short)


def _without_contrary(rule: MetricAlarm, window: Sequence[Point | None], current: State) -> State:
    """Decide where data are missing and nothing speaks for OK.

    A breach that is at least M periods old, with nothing but breaches and gaps since, is an alarm; a younger one isn't
    yet, and leaves the state as it is (that it does is assumed).
    """
    oldest = next((number for number, point in enumerate(window) if point), None)
    if rule.missing is Missing.IGNORE:
        return current
    if oldest is None:
        return State.INSUFFICIENT_DATA
    return State.ALARM if len(window) - oldest >= rule.datapoints_to_alarm else current
