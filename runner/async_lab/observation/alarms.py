"""Which alarms changed their state, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
