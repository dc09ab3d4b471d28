"""What happens when an alarm changes its state: its history says so, and its SNS topics get a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from moto.sns.models import sns_backends

from async_lab.cloudwatch.alarm_reason import stamp
from async_lab.endpoint.cloudwatch.alarms import ACTIONS, METRIC, Alarm, AlarmRegistry, AlarmState

_SERVICE_FIELD = 2  # of an ARN
_REGION_FIELD = 3


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
    service, region = [*arn.split(":"), "", "", "", ""][_SERVICE_FIELD : _REGION_FIELD + 1]
    if service != "sns":
        failure = "This endpoint carries out SNS actions only"
    elif (
        region not in sns_backends[book.account_id]
        or (topic := sns_backends[book.account_id][region].topics.get(arn)) is None
    ):
        failure = "Topic does not exist"
    else:
        failure = None
        subject = f'{alarm.condition.state}: "{alarm.name}" in {region_name(book.region)}'
        with suppress(Exception):  # what subscribers make of it is not the alarm's to know
            topic.publish(json.dumps(message(book, alarm, before)), subject=subject[:100])
    summary = f"Failed to execute action {arn}" if failure else f"Successfully executed action {arn}"
    outcome = {"actionState": "Failed", "error": failure} if failure else {"actionState": "Succeeded"}
    data = {**outcome, "notificationResource": arn, "stateUpdateTimestamp": int(alarm.condition.at * 1000)}
    book.note(alarm, alarm.condition.at, "Action", summary, data)


def message(book: AlarmRegistry, alarm: Alarm, before: AlarmState) -> dict[str, Any]:
    """Return the notification of an alarm's change, as SNS subscribers get it."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.definition.get("AlarmDescription"),
        "AWSAccountId": book.account_id,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured_at),
        "NewStateValue": alarm.condition.state,
        "NewStateReason": alarm.condition.reason,
        "StateChangeTime": stamp(alarm.condition.at),
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
        "DatapointsToAlarm": definition.get("DatapointsToAlarm"),
        "ComparisonOperator": definition["ComparisonOperator"],
        "Threshold": definition["Threshold"],
        "TreatMissingData": definition.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": definition.get("EvaluateLowSampleCountPercentile") or "",
    }
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
