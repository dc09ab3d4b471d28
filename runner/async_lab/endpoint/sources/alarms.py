"""Alarms invoke functions: what CloudWatch sends them when an alarm changes its state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from async_lab.endpoint.access.resource_policies import Caller
from async_lab.endpoint.cloudwatch import alarms
from async_lab.endpoint.cloudwatch.alarms import METRIC, Alarm, AlarmRegistry, AlarmState
from async_lab.endpoint.delivery.targets import DeliveryFailed
from async_lab.endpoint.sources.reach import Reach
from async_lab.timestamps import iso_with_offset

_PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"


def install(reach: Reach) -> None:
    """Let alarms reach functions; calling again changes ``reach`` alone."""

    def invoke(book: AlarmRegistry, alarm: Alarm, before: AlarmState, arn: str) -> str | None:
        event = json.dumps(_event(book, alarm, before)).encode()
        try:
            reach.function(Caller(_PRINCIPAL, alarm.alarm_arn, book.account_id), arn, event)
        except DeliveryFailed as failed:
            return str(failed)
        return None

    alarms.ACTIONS_BY_SERVICE["lambda"] = invoke


def _event(book: AlarmRegistry, alarm: Alarm, before: AlarmState) -> dict[str, Any]:
    """Return the event (CloudWatch user guide, "Invoke a Lambda function from an alarm")."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.alarm_arn,
        "accountId": book.account_id,
        "time": iso_with_offset(alarm.condition.at),
        "region": book.region,
        "alarmData": {
            "alarmName": alarm.name,
            "state": _state(alarm.condition),
            "previousState": _state(before),
            "configuration": _configuration(alarm),
        },
    }


def _state(state: AlarmState) -> dict[str, Any]:
    told = {"value": str(state.state), "reason": state.reason, "timestamp": iso_with_offset(state.at)}
    return told | ({"reasonData": state.data} if state.data else {})


def _configuration(alarm: Alarm) -> dict[str, Any]:
    definition = alarm.definition
    described = {"description": definition["AlarmDescription"]} if definition.get("AlarmDescription") else {}
    if alarm.type != METRIC:
        return described | {"alarmRule": definition["AlarmRule"]}
    queries = definition.get("Metrics")
    return described | {"metrics": [_query(each) for each in queries] if queries else [_metric(definition)]}


def _metric(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": "m1",
        "metricStat": {
            "metric": _named(definition),
            "period": definition["Period"],
            "stat": definition.get("Statistic") or definition.get("ExtendedStatistic"),
        },
        "returnData": True,
    }


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if statistic := query.get("MetricStat"):
        period, stat = statistic["Period"], statistic["Stat"]
        return told | {"metricStat": {"metric": _named(statistic["Metric"]), "period": period, "stat": stat}}
    return told | {"expression": query["Expression"]}


def _named(metric: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "namespace": metric["Namespace"],
        "name": metric["MetricName"],
        "dimensions": {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()},
    }
