"""Which alarms there are over a function, and which changed their state, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """An alarm that changed its state while the run was watched."""

    name: str
    state: str
    """OK, ALARM or INSUFFICIENT_DATA."""
    at: float
    """Epoch seconds on the target's clock."""
    reason: str


def changes(client: CloudWatchClient, names: Iterable[str], start: float, end: float) -> tuple[AlarmChange, ...]:
    """Return every change of the alarms' states from ``start`` to ``end`` (epoch seconds), the earliest first."""
    found = (change for name in names for change in _changes_of(client, name, start, end))
    return tuple(sorted(found, key=lambda change: change.at))


def _changes_of(client: CloudWatchClient, name: str, start: float, end: float) -> Iterator[AlarmChange]:
    pages = client.get_paginator("describe_alarm_history").paginate(
        AlarmName=name,
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        HistoryItemType="StateUpdate",
        StartDate=datetime.fromtimestamp(start, UTC),
        EndDate=datetime.fromtimestamp(end, UTC),
    )
    for page in pages:
        for item in page["AlarmHistoryItems"]:
            state = json.loads(item["HistoryData"])["newState"]
            yield AlarmChange(name, state["stateValue"], item["Timestamp"].timestamp(), state["stateReason"])


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """A metric alarm over a function's metrics, as it stands."""

    name: str
    state: str
    """OK, ALARM or INSUFFICIENT_DATA."""
    metrics: tuple[str, ...]
    """Names of the function's metrics that it looks at, sorted."""
    has_actions: bool
    """Whether anybody is told when it fires."""


def standing(client: CloudWatchClient, function_name: str) -> tuple[StandingAlarm, ...]:
    """Return the account's metric alarms that look at a function's metrics, by name.

    An alarm that searches for its metrics, and one of the whole account, isn't among them.
    """
    pages = client.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
    found = (_standing(alarm, function_name) for page in pages for alarm in page["MetricAlarms"])
    return tuple(sorted((alarm for alarm in found if alarm.metrics), key=lambda alarm: alarm.name))


def _standing(alarm: Mapping[str, Any], function_name: str) -> StandingAlarm:
    in_expression = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    names = {
        metric["MetricName"]
        for metric in (alarm, *in_expression)
        if {"Name": "FunctionName", "Value": function_name} in metric.get("Dimensions", [])
    }
    has_actions = bool(alarm.get("ActionsEnabled") and alarm.get("AlarmActions"))
    return StandingAlarm(alarm["AlarmName"], alarm["StateValue"], tuple(sorted(names)), has_actions)
