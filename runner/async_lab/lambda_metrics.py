"""The metrics of ``AWS/Lambda`` that tell about asynchronous invocations: their names, their units, what one reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NAMESPACE = "AWS/Lambda"
COUNT, MILLISECONDS = "Count", "Milliseconds"


@dataclass(frozen=True, slots=True)
class LambdaMetric:
    """One metric of a function (Lambda developer guide, "Types of metrics")."""

    name: str
    unit: str = COUNT
    read_by: tuple[str, ...] = ("Sum",)
    """The statistics that say something."""


METRICS = (
    LambdaMetric("AsyncEventsReceived"),
    LambdaMetric("AsyncEventsDropped"),
    LambdaMetric("AsyncEventAge", MILLISECONDS, ("Minimum", "Maximum")),
    LambdaMetric("Invocations"),
    LambdaMetric("Errors"),
    LambdaMetric("Throttles"),
    LambdaMetric("Duration", MILLISECONDS, ("Maximum",)),
    LambdaMetric("ConcurrentExecutions", read_by=("Maximum",)),
    LambdaMetric("DeadLetterErrors"),
    LambdaMetric("DestinationDeliveryFailures"),
)
"""In the order in which a run shows them."""
UNITS: Mapping[str, str] = {metric.name: metric.unit for metric in METRICS}
"""CloudWatch's units by a metric's name."""
