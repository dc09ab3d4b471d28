"""CloudWatch's alarms, with what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from async_lab.observation import alarms as changed
from async_lab.observation.alarms import AlarmChange

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it is now."""

    name: str
    state: str
    """OK, ALARM or INSUFFICIENT_DATA."""
    reason: str
    history: tuple[AlarmChange, ...] = ()
    """Its changes of state, the earliest first."""


def alarms(client: CloudWatchClient, start: float, end: float) -> Iterator[Alarm]:
    """Yield all alarms, metric and composite ones, with their changes from ``start`` to ``end`` (epoch seconds)."""
    kinds: Any = ["MetricAlarm", "CompositeAlarm"]
    for page in client.get_paginator("describe_alarms").paginate(AlarmTypes=kinds):
        for alarm in (*page["MetricAlarms"], *page["CompositeAlarms"]):
            history = changed.changes(client, [alarm["AlarmName"]], start, end)
            yield Alarm(alarm["AlarmName"], alarm["StateValue"], alarm.get("StateReason", ""), history)
