"""Alarms as they are kept in moto's backend, and their histories."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.cloudwatch.utils import make_arn_for_alarm
from moto.sns.models import sns_backends

from async_lab import arns
from async_lab.cloudwatch.alarm_reason import INITIAL
from async_lab.cloudwatch.alarm_state import MetricAlarm, Missing, State
from async_lab.cloudwatch.labels import MetricStat
from async_lab.cloudwatch.queries import Query
from async_lab.cloudwatch.store import Metric
from async_lab.endpoint.cloudwatch.requests import dimensions, queries
from async_lab.timestamps import iso_with_offset

METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"

HIGH_RESOLUTION = (10, 20, 30)
"""Periods in seconds of alarms that are looked at every 10 s (API reference, PutMetricAlarm)."""

HISTORY_SECONDS = 30 * 24 * 3_600
"""How long CloudWatch keeps an alarm's history (API reference, DescribeAlarmHistory)."""
HISTORY_ITEMS = 10_000
"""How many entries of a region are kept at the most: our own bound."""

ACTIONS = {State.OK: "OKActions", State.ALARM: "AlarmActions", State.INSUFFICIENT_DATA: "InsufficientDataActions"}


@dataclass(frozen=True, slots=True)
class AlarmState:
    """A state, since when (epoch seconds), and why."""

    state: State
    at: float
    reason: str = INITIAL
    data: str = ""


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """An entry of an alarm's history; ``kind`` is ConfigurationUpdate, StateUpdate or Action."""

    alarm: str
    alarm_type: str
    at: float
    kind: str
    summary: str
    data: str


@dataclass(slots=True)
class Alarm:
    """An alarm: the request that made it, and its state. moto's tagging asks for its ``name`` and ``alarm_arn``."""

    name: str
    alarm_arn: str
    definition: Mapping[str, Any]
    configured_at: float
    condition: AlarmState
    queries: tuple[Query, ...] = ()  # of a metric alarm; the last that returns data is what it watches
    rule: MetricAlarm | None = None

    @property
    def type(self) -> str:
        """MetricAlarm or CompositeAlarm."""
        return COMPOSITE if "AlarmRule" in self.definition else METRIC

    @property
    def period(self) -> int:
        """The length in seconds of what a metric alarm evaluates."""
        periods = [query.period for query in self.queries if query.returns_data and query.period]
        periods += [query.stat.period for query in self.queries if query.stat]
        return periods[0]

    @property
    def actions(self) -> list[str]:
        """The ARNs to notify of the present state."""
        is_enabled = self.definition.get("ActionsEnabled") is not False
        return list(self.definition.get(ACTIONS[self.condition.state]) or ()) if is_enabled else []


@dataclass(frozen=True, slots=True)
class AlarmRegistry:
    """All alarms of an account and region, by name, and their common history, oldest entry first."""

    account_id: str
    region: str
    alarms: dict[str, Alarm]
    history: deque[HistoryItem] = field(default_factory=lambda: deque(maxlen=HISTORY_ITEMS))
    frequent: dict[str, None] = field(default_factory=dict)
    """Names of alarms that were made to be looked at every 10 s: nobody goes through all alarms at every instant."""

    def of(self, type_: str) -> list[Alarm]:
        """Return the alarms of a type. Alarms that moto's own services made aren't ours to evaluate."""
        return [alarm for alarm in list(self.alarms.values()) if isinstance(alarm, Alarm) and alarm.type == type_]

    def high_resolution(self) -> list[Alarm]:
        """Return the metric alarms that are looked at every 10 s."""
        return [alarm for name in list(self.frequent) if (alarm := self.alarms.get(name)) is not None]

    def named(self, reference: str) -> Alarm | None:
        """Return an alarm by its name or ARN."""
        return self.alarms.get(reference.rpartition(":alarm:")[2])

    def put(self, definition: Mapping[str, Any], at: float) -> Alarm:
        """Create an alarm, or change the one of that name, which keeps its state (API reference, PutMetricAlarm)."""
        name = definition["AlarmName"]
        before = self.named(name)
        is_metric = "AlarmRule" not in definition
        alarm = Alarm(
            name=name,
            alarm_arn=make_arn_for_alarm(self.region, self.account_id, name),
            definition=definition,
            configured_at=at,
            condition=before.condition if before else AlarmState(State.INSUFFICIENT_DATA, at),
            queries=tuple(_queries(definition)) if is_metric else (),
            rule=_rule(definition) if is_metric else None,
        )
        self.alarms[name] = alarm
        self.frequent.pop(name, None)
        if is_metric and alarm.period in HIGH_RESOLUTION:
            self.frequent[name] = None
        self.note(alarm, at, "ConfigurationUpdate", f'Alarm "{name}" {"updated" if before else "created"}', {})
        return alarm

    def note(self, alarm: Alarm, at: float, kind: str, summary: str, data: Mapping[str, Any]) -> None:
        """Add to the history."""
        text = json.dumps({"version": "1.0", **data}, separators=(",", ":"))
        while self.history and self.history[0].at < at - HISTORY_SECONDS:
            self.history.popleft()
        self.history.append(HistoryItem(alarm.name, alarm.type, at, kind, summary, text))


def book(account_id: str, region: str) -> AlarmRegistry:
    """Return the alarms of an account and region. They live in moto's backend, so that its reset clears them too."""
    backend = cloudwatch_backends[account_id][region]
    kept: AlarmRegistry = vars(backend).setdefault("alarm_book", AlarmRegistry(account_id, region, backend.alarms))
    return kept


def books() -> list[AlarmRegistry]:
    """Return those of every account and region that has any.

    Regions may be added meanwhile. A list of ``keys()`` is made in one go, one of moto's own iterator is not.
    """
    places = [
        (account_id, region)
        for account_id, regions in list(cloudwatch_backends.items())
        for region in list(regions.keys())
    ]
    return [book(*place) for place in places if cloudwatch_backends[place[0]][place[1]].alarms]


def has_high_resolution() -> bool:
    """Whether some alarm is looked at every 10 s."""
    return any(each.high_resolution() for each in books())


def _queries(definition: Mapping[str, Any]) -> list[Query]:
    if definition.get("Metrics"):
        return queries(definition["Metrics"], "Metrics")
    metric = Metric(definition["Namespace"], definition["MetricName"], dimensions(definition.get("Dimensions")))
    wanted = definition.get("Statistic") or definition["ExtendedStatistic"]
    return [Query("m", MetricStat(metric, wanted, int(definition["Period"]), definition.get("Unit")))]


def _rule(definition: Mapping[str, Any]) -> MetricAlarm:
    periods = int(definition["EvaluationPeriods"])
    return MetricAlarm(
        comparison=definition["ComparisonOperator"],
        threshold=float(definition["Threshold"]),
        evaluation_periods=periods,
        datapoints_to_alarm=int(definition.get("DatapointsToAlarm") or periods),
        missing=Missing(definition.get("TreatMissingData") or "missing"),
    )


def change(book: AlarmRegistry, alarm: Alarm, after: AlarmState) -> None:
    """Put an alarm into a condition. Actions are for a change of state alone."""
    before, alarm.condition = alarm.condition, after
    if before.state is after.state:
        return
    summary = f"Alarm updated from {before.state} to {after.state}"
    states = {"oldState": _described(before), "newState": _described(after)}
    book.note(alarm, after.at, "StateUpdate", summary, states)
    for arn in alarm.actions:
        _act(book, alarm, before, arn)


def _act(book: AlarmRegistry, alarm: Alarm, before: AlarmState, arn: str) -> None:
    failure = ACTIONS_BY_SERVICE[arns.service_of(arn)](book, alarm, before, arn)
    summary = f"Failed to execute action {arn}" if failure else f"Successfully executed action {arn}"
    outcome = {"actionState": "Failed", "error": failure} if failure else {"actionState": "Succeeded"}
    data = {**outcome, "notificationResource": arn, "stateUpdateTimestamp": int(alarm.condition.at * 1000)}
    book.note(alarm, alarm.condition.at, "Action", summary, data)


def _publish(book: AlarmRegistry, alarm: Alarm, before: AlarmState, arn: str) -> str | None:
    region = arns.parse(arn).region
    backends = sns_backends[book.account_id]
    topic = backends[region].topics.get(arn) if region in backends else None
    if topic is None:
        return "Topic does not exist"
    subject = f'{alarm.condition.state}: "{alarm.name}" in {region_name(book.region)}'
    with suppress(Exception):  # what subscribers make of it is not the alarm's to know
        topic.publish(json.dumps(message(book, alarm, before)), subject=subject[:100])
    return None


Action = Callable[[AlarmRegistry, Alarm, AlarmState, str], str | None]
"""Tells an action's target of an alarm that was in another state before; returns why it could not."""
ACTIONS_BY_SERVICE: dict[str, Action] = {"sns": _publish}
"""How actions are carried out, by the service of their ARN."""


def message(book: AlarmRegistry, alarm: Alarm, before: AlarmState) -> dict[str, Any]:
    """Return the notification of an alarm's change, as SNS subscribers get it."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.definition.get("AlarmDescription"),
        "AWSAccountId": book.account_id,
        "AlarmConfigurationUpdatedTimestamp": iso_with_offset(alarm.configured_at),
        "NewStateValue": alarm.condition.state,
        "NewStateReason": alarm.condition.reason,
        "StateChangeTime": iso_with_offset(alarm.condition.at),
        "Region": region_name(book.region),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before.state,
        **{name: list(alarm.definition.get(name) or ()) for name in ACTIONS.values()},
        **_watched(alarm),
    }


@lru_cache(maxsize=64)
def region_name(region: str) -> str:
    """Return a region's name in words: notifications say "US East (N. Virginia)"."""
    from botocore.loaders import Loader

    for partition in Loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region


def _watched(alarm: Alarm) -> dict[str, Any]:
    if alarm.type == METRIC:
        return {"Trigger": _trigger(alarm.definition)}
    return {"AlarmRule": alarm.definition["AlarmRule"]}


def _trigger(definition: Mapping[str, Any]) -> dict[str, Any]:
    common = {
        "Period": definition.get("Period"),
        "EvaluationPeriods": definition["EvaluationPeriods"],
        "ComparisonOperator": definition["ComparisonOperator"],
        "Threshold": definition["Threshold"],
        "TreatMissingData": definition.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": definition.get("EvaluateLowSampleCountPercentile") or "",
    }
    if datapoints := definition.get("DatapointsToAlarm"):  # left out where the alarm leaves it out (snapshot)
        common["DatapointsToAlarm"] = datapoints
    if definition.get("Metrics"):
        return {**common, "Metrics": definition["Metrics"]}
    statistic = definition.get("Statistic")
    return {
        **common,
        "MetricName": definition["MetricName"],
        "Namespace": definition["Namespace"],
        "StatisticType": "Statistic" if statistic else "ExtendedStatistic",
        **({"Statistic": statistic.upper()} if statistic else {"ExtendedStatistic": definition["ExtendedStatistic"]}),
        "Unit": definition.get("Unit"),
        "Dimensions": [{"name": each["Name"], "value": each["Value"]} for each in definition.get("Dimensions") or ()],
    }


def _described(condition: AlarmState) -> dict[str, Any]:
    data = {"stateReasonData": json.loads(condition.data)} if condition.data else {}
    return {"stateValue": condition.state, "stateReason": condition.reason, **data}
