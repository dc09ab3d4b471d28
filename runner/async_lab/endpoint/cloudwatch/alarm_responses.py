"""The alarms of moto's CloudWatch, answered from our book. moto reads and writes the wire formats and keeps tags."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.cloudwatch import urls
from moto.cloudwatch.exceptions import InvalidFormat, InvalidParameterValue, ResourceNotFound
from moto.core.responses import ActionResult, EmptyResult

from async_lab.cloudwatch.alarm_rule import alarms_in
from async_lab.cloudwatch.alarm_state import State
from async_lab.endpoint.cloudwatch import alarm_requests, paging, requests
from async_lab.endpoint.cloudwatch.alarm_evaluation import evaluate_composites
from async_lab.endpoint.cloudwatch.alarms import (
    ACTIONS,
    COMPOSITE,
    METRIC,
    Alarm,
    AlarmRegistry,
    AlarmState,
    HistoryItem,
    book,
    change,
)
from async_lab.endpoint.cloudwatch.responses import MetricsResponse, utc
from async_lab.endpoint.moto_patches import replace_route

_DASHBOARD = re.compile(r"[0-9A-Za-z_-]{1,255}")  # API reference, PutDashboard
DESCRIBE_PAGE = HISTORY_PAGE = 100  # API reference, MaxRecords


class AlarmsResponse(MetricsResponse):
    """Everything about alarms and their history; and dashboards' times."""

    @property
    def _book(self) -> AlarmRegistry:
        return book(self.current_account, self.region)

    def put_metric_alarm(self) -> ActionResult:
        """Create or change a metric alarm."""
        parameters = self._get_params()
        return self._put(alarm_requests.metric_alarm(parameters), parameters)

    def put_composite_alarm(self) -> ActionResult:
        """Create or change a composite alarm."""
        parameters = self._get_params()
        return self._put(alarm_requests.composite_alarm(parameters, self._book), parameters)

    def describe_alarms(self) -> ActionResult:
        """List alarms; without AlarmTypes metric alarms alone, as CloudWatch does."""
        parameters = self._get_params()
        types = parameters.get("AlarmTypes") or [METRIC]
        found = [
            alarm for type_ in types for alarm in self._book.of(type_) if _is_asked_for(alarm, parameters, self._book)
        ]
        page, token = paging.page(
            found, parameters.get("NextToken"), int(parameters.get("MaxRecords") or DESCRIBE_PAGE)
        )
        by_type = {type_: [_described(alarm) for alarm in page if alarm.type == type_] for type_ in (METRIC, COMPOSITE)}
        result = {"MetricAlarms": by_type[METRIC], "CompositeAlarms": by_type[COMPOSITE], "NextToken": token}
        return ActionResult(result)

    def describe_alarms_for_metric(self) -> ActionResult:
        """List the alarms that watch a metric itself, not through metric math."""
        parameters = self._get_params()
        alarms = [alarm for alarm in self._book.of(METRIC) if _watches(alarm.definition, parameters)]
        return ActionResult({"MetricAlarms": [_described(alarm) for alarm in alarms]})

    def describe_alarm_history(self) -> ActionResult:
        """List what happened to alarms, deleted ones too."""
        parameters = self._get_params()
        found = [item for item in self._book.history if _is_history_asked_for(item, parameters)]
        if parameters.get("ScanBy") != "TimestampAscending":
            found.reverse()
        page, token = paging.page(found, parameters.get("NextToken"), int(parameters.get("MaxRecords") or HISTORY_PAGE))
        return ActionResult({"AlarmHistoryItems": [_history(item) for item in page], "NextToken": token})

    def delete_alarms(self) -> ActionResult:
        """Delete alarms and their tags, all or none; names that don't exist are no error."""
        names = self._get_params()["AlarmNames"]
        alarm_requests.check_deletion(names, self._book)
        for name in names:
            alarm = self._book.alarms.pop(name, None)
            if alarm:
                self.cloudwatch_backend.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
                self._book.note(alarm, type(self).now(), "ConfigurationUpdate", f'Alarm "{name}" deleted', {})
        return EmptyResult()

    def set_alarm_state(self) -> ActionResult:
        """Put an alarm into a state until its next evaluation; its actions and composite alarms follow at once."""
        parameters, now = self._get_params(), type(self).now()
        reason_data = parameters.get("StateReasonData") or ""
        if reason_data and not _is_json(reason_data):
            raise InvalidFormat("Unknown")
        alarm = self._book.named(parameters["AlarmName"])
        if alarm is None:
            raise ResourceNotFound("")
        state = parameters["StateValue"]
        change(self._book, alarm, AlarmState(State(state), now, parameters["StateReason"], reason_data))
        evaluate_composites(self._book, now)
        return EmptyResult()

    def enable_alarm_actions(self) -> ActionResult:
        """Let alarms act again."""
        return self._enable(actions=True)

    def disable_alarm_actions(self) -> ActionResult:
        """Let alarms change their states without acting."""
        return self._enable(actions=False)

    def put_dashboard(self) -> ActionResult:
        """Store a dashboard, stamped with the endpoint's time."""
        name = self._get_params()["DashboardName"]
        if not _DASHBOARD.fullmatch(name):
            raise InvalidParameterValue(
                f"The value {name} for field DashboardName contains invalid characters. "
                "It can only contain alphanumerics, dash (-) and underscore (_)."
            )
        result = super().put_dashboard()
        dashboard = self.cloudwatch_backend.get_dashboard(self._get_params()["DashboardName"])
        dashboard.last_modified = utc(type(self).now())
        return result

    def _put(self, definition: Mapping[str, Any], parameters: Mapping[str, Any]) -> ActionResult:
        is_new = definition["AlarmName"] not in self._book.alarms
        alarm = self._book.put(definition, type(self).now())
        if is_new and parameters.get("Tags"):  # an update leaves the tags alone (API reference, PutMetricAlarm)
            self.cloudwatch_backend.tagger.tag_resource(alarm.alarm_arn, parameters["Tags"])
        return EmptyResult()

    def _enable(self, *, actions: bool) -> ActionResult:
        for name in self._get_params()["AlarmNames"]:
            alarm = self._book.named(name)
            if alarm:
                alarm.definition = {**alarm.definition, "ActionsEnabled": actions}
        return EmptyResult()


def _described(alarm: Alarm) -> dict[str, Any]:
    condition = alarm.condition
    return {
        **{name: [] for name in ACTIONS.values()},
        "Dimensions": [],
        **alarm.definition,
        "AlarmArn": alarm.alarm_arn,
        "AlarmConfigurationUpdatedTimestamp": utc(alarm.configured_at),
        "StateValue": str(condition.state),
        "StateReason": condition.reason,
        "StateReasonData": condition.data or None,
        "StateUpdatedTimestamp": utc(condition.at),
        "StateTransitionedTimestamp": utc(condition.at),
    }


def _is_asked_for(alarm: Alarm, parameters: Mapping[str, Any], kept: AlarmRegistry) -> bool:
    names, prefix, state = (parameters.get(name) for name in ("AlarmNames", "AlarmNamePrefix", "StateValue"))
    action, children, parents = (
        parameters.get(name) for name in ("ActionPrefix", "ChildrenOfAlarmName", "ParentsOfAlarmName")
    )
    return (
        (not names or alarm.name in names)
        and alarm.name.startswith(prefix or "")
        and (not state or alarm.condition.state == state)
        and (not action or any(arn.startswith(action) for arn in _all_actions(alarm)))
        and (not children or alarm in _children(kept, children))
        and (not parents or kept.named(parents) in _children(kept, alarm.name))
    )


def _all_actions(alarm: Alarm) -> Iterable[str]:
    return (arn for name in ACTIONS.values() for arn in alarm.definition.get(name) or ())


def _children(kept: AlarmRegistry, name: str) -> list[Alarm | None]:
    parent = kept.named(name)
    rule = parent.definition.get("AlarmRule") if parent else None
    return [kept.named(child) for child in alarms_in(rule)] if rule else []


def _watches(definition: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    return all(
        (
            definition.get("MetricName") == parameters["MetricName"],
            definition.get("Namespace") == parameters["Namespace"],
            requests.dimensions(definition.get("Dimensions")) == requests.dimensions(parameters.get("Dimensions")),
            *(
                definition.get(name) == parameters[name]
                for name in ("Statistic", "ExtendedStatistic", "Period", "Unit")
                if parameters.get(name)
            ),
        )
    )


def _is_history_asked_for(item: HistoryItem, parameters: Mapping[str, Any]) -> bool:
    name, kind, start, end = (parameters.get(key) for key in ("AlarmName", "HistoryItemType", "StartDate", "EndDate"))
    return (
        (not name or item.alarm == name)
        and item.alarm_type in (parameters.get("AlarmTypes") or [METRIC])
        and (not kind or item.kind == kind)
        and (not start or item.at >= requests.seconds(start))
        and (not end or item.at <= requests.seconds(end))
    )


def _history(item: HistoryItem) -> dict[str, Any]:
    return {
        "AlarmName": item.alarm,
        "AlarmType": item.alarm_type,
        "Timestamp": utc(item.at),
        "HistoryItemType": item.kind,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def install(now: Callable[[], float]) -> None:
    """Make moto answer CloudWatch's requests with ours, in the time that ``now`` tells (epoch seconds).

    Call it before moto's application takes its first CloudWatch request; calling again changes the clock alone.
    """
    MetricsResponse.now = staticmethod(now)
    replace_route(urls.url_paths, "{0}/$", AlarmsResponse.dispatch)
