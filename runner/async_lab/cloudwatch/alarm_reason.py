"""The sentences and the JSON in which CloudWatch says why an alarm changed its state.

Source of the form: alarm notifications and histories as published in AWS's user guide and knowledge base.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from async_lab.cloudwatch.alarm_state import MetricAlarm, Missing, State, Verdict
from async_lab.timestamps import iso_with_offset

INITIAL = "Unchecked: Initial alarm creation"

_COMPARED = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_FILLED_AS = {Missing.BREACHING: "Breaching", Missing.NOT_BREACHING: "NonBreaching"}


def sentence(rule: MetricAlarm, verdict: Verdict, before: State) -> str:
    """Say why an alarm went from ``before`` to the verdict's state."""
    if verdict.state is State.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_datapoints(verdict.filled)} {_were(verdict.filled)} unknown."
    if not verdict.evaluated:
        return (
            f"Threshold Crossed: no datapoints were received for {_plural(rule.evaluation_periods, 'period')} "
            f"and {_filled(rule, verdict)}."
        )
    return f"Threshold Crossed: {_crossed(rule, verdict, before)}."


def data(rule: MetricAlarm, verdict: Verdict, at: float, asked: Mapping[str, Any]) -> str:
    """Return StateReasonData; ``asked`` adds what is known of the metric: statistic, period, unit."""
    points = verdict.evaluated
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": iso_with_offset(at),
            **({"startDate": iso_with_offset(points[0].at)} if points else {}),
            **asked,
            "recentDatapoints": [point.value for point in points],
            "threshold": rule.threshold,
            "evaluatedDatapoints": [
                {"timestamp": iso_with_offset(point.at), "value": point.value} for point in reversed(points)
            ],
        },
        separators=(",", ":"),
    )


def _crossed(rule: MetricAlarm, verdict: Verdict, before: State) -> str:
    is_alarm = verdict.state is State.ALARM
    decisive = [point for point in verdict.evaluated if rule.is_breached_by(point.value) is is_alarm]
    listed = ", ".join(
        f"{point.value} ({datetime.fromtimestamp(point.at, UTC):%d/%m/%y %H:%M:%S})" for point in decisive
    )
    needed = rule.datapoints_to_alarm
    fewest = needed if is_alarm else rule.evaluation_periods - needed + 1
    comparison = f"{'' if is_alarm else 'not '}{_COMPARED[rule.comparison]}"
    gaps = f" and {_filled(rule, verdict)}" if verdict.filled and rule.missing in _FILLED_AS else ""
    return (
        f"{len(decisive)} out of the last {len(verdict.evaluated)} datapoints [{listed}] {_were(len(decisive))} "
        f"{comparison} the threshold ({rule.threshold}){gaps} "
        f"(minimum {_datapoints(fewest)} for {before} -> {verdict.state} transition)"
    )


def _filled(rule: MetricAlarm, verdict: Verdict) -> str:
    filled = _plural(verdict.filled, "missing datapoint")
    return f"{filled} {_were(verdict.filled)} treated as [{_FILLED_AS[rule.missing]}]"


def _datapoints(number: int) -> str:
    return _plural(number, "datapoint")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
