"""The requests about alarms: what they refuse, the definition that is kept, and what is answered from our book.

moto reads and writes the wire formats and keeps tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from moto.cloudwatch import urls
from moto.cloudwatch.exceptions import (
    DashboardInvalidInputError,
    InvalidFormat,
    InvalidParameterCombination,
    InvalidParameterValue,
    ResourceNotFound,
    ValidationError,
)
from moto.core.responses import ActionResult, EmptyResult

from async_lab import arns
from async_lab.cloudwatch.alarm_state import COMPARISONS, Missing, State
from async_lab.cloudwatch.queries import evaluate
from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.series import Series, Span
from async_lab.cloudwatch.statistic import UnknownStatistic, statistic
from async_lab.cloudwatch.store import MINUTE, MetricStore
from async_lab.endpoint import json_text
from async_lab.endpoint.cloudwatch import requests, responses
from async_lab.endpoint.cloudwatch.alarm_evaluation import evaluate_composites
from async_lab.endpoint.cloudwatch.alarms import (
    ACTIONS,
    ACTIONS_BY_SERVICE,
    COMPOSITE,
    HIGH_RESOLUTION,
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

_HOUR, _DAY = 3_600, 86_400
_Parameters = Mapping[str, Any]


def metric_alarm(parameters: _Parameters) -> dict[str, Any]:
    """Return the definition of a metric alarm as it is read back, with CloudWatch's defaults.

    Raises:
        ValidationError, InvalidParameterValue, InvalidParameterCombination: as CloudWatch says it.

    """
    definition = _kept(parameters)
    _check_rule(definition)
    if definition.get("Metrics"):
        definition["Metrics"] = [{"ReturnData": True, **query} for query in definition["Metrics"]]
        _check_metrics(definition)
    else:
        _check_metric(definition)
    return definition


def composite_alarm(parameters: _Parameters, book: AlarmRegistry) -> dict[str, Any]:
    """Return the definition of a composite alarm as it is read back.

    Raises:
        ValidationError: its rule is wrong, or names alarms that don't exist.

    """
    from async_lab.cloudwatch.alarm_rule import AlarmRuleError, alarms_in  # its parser takes a tenth of a second

    definition = _kept(parameters)
    try:
        names = alarms_in(definition["AlarmRule"])
    except AlarmRuleError as error:
        raise ValidationError(str(error)) from None
    missing = [name for name in names if not book.named(name)]
    if missing:
        raise ValidationError(
            f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist"
        )
    return definition


def check_deletion(names: Sequence[str], book: AlarmRegistry) -> None:
    """Check that these alarms may be deleted in one request.

    An alarm may go in the same request as the one composite alarm that depends on it (assumed).

    Raises:
        ValidationError: several are composite alarms, or a composite alarm that stays depends on some of them.

    """
    composites = [alarm for alarm in book.of(COMPOSITE) if alarm.name in names]
    if len(composites) > 1:  # API reference, DeleteAlarms; the words are ours
        raise ValidationError("Only one composite alarm can be deleted in a single request.")
    staying = [alarm for alarm in book.of(COMPOSITE) if alarm.name not in names]
    references = {name for alarm in staying for name in _children_of(alarm.definition["AlarmRule"])}
    needed = {alarm.name for alarm in map(book.named, references) if alarm}
    if kept := [name for name in names if name in needed]:
        them = "it" if len(kept) == 1 else "them"
        raise ValidationError(f"Cannot delete {','.join(kept)} as there are composite alarm(s) depending on {them}.")


def _kept(parameters: _Parameters) -> dict[str, Any]:
    for arn in (arn for name in ACTIONS.values() for arn in parameters.get(name) or ()):
        if not arns.service_of(arn):
            raise ValidationError(f"Invalid arn syntax: {arn}")
        if arns.service_of(arn) not in ACTIONS_BY_SERVICE:
            raise ValidationError(
                f"async-lab carries out alarms' actions of {' and '.join(sorted(ACTIONS_BY_SERVICE))} alone, and not "
                f"{arn}: leave it out, or use AWS."
            )
    return {"ActionsEnabled": True, **{name: value for name, value in parameters.items() if name != "Tags"}}


def _check_rule(definition: _Parameters) -> None:
    for name in ("ComparisonOperator", "EvaluationPeriods"):
        if name not in definition:
            raise ValidationError(f"The parameter {name} is required.")
    if definition["ComparisonOperator"] not in COMPARISONS:
        raise InvalidParameterValue(f"Anomaly detection ({definition['ComparisonOperator']}) is not supported here.")
    if "Threshold" not in definition:
        raise ValidationError("The parameter Threshold is required.")
    requests.check_value(float(definition["Threshold"]), "Threshold")
    missing = definition.get("TreatMissingData")
    if missing is not None and missing not in list(Missing):
        raise ValidationError(
            f"Option {missing} is not supported. Supported options for parameter TreatMissingData are "
            "breaching, notBreaching, ignore and missing."
        )
    low = definition.get("EvaluateLowSampleCountPercentile")
    if low not in {None, "evaluate", "ignore"}:
        raise ValidationError(
            f"Option {low} is not supported. "
            "Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore."
        )
    periods = int(definition["EvaluationPeriods"])
    if not 1 <= int(definition.get("DatapointsToAlarm") or periods) <= periods:
        raise ValidationError("The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.")


def _check_metric(definition: _Parameters) -> None:
    for name in ("MetricName", "Namespace", "Period"):
        if not definition.get(name):
            raise ValidationError(f"The parameter {name} is required.")
    wanted = [definition[name] for name in ("Statistic", "ExtendedStatistic") if definition.get(name)]
    if len(wanted) != 1:
        raise InvalidParameterCombination("Exactly one of Statistic and ExtendedStatistic must be specified")
    try:
        statistic(wanted[0])
    except UnknownStatistic:
        raise InvalidParameterValue(
            f"The value {wanted[0]} for parameter ExtendedStatistic is not supported."
        ) from None
    _check_period(int(definition["Period"]), definition)


def _check_metrics(definition: _Parameters) -> None:
    both = [
        name for name in ("MetricName", "Namespace", "Period", "Statistic", "ExtendedStatistic") if definition.get(name)
    ]
    if both:
        raise InvalidParameterCombination(f"The parameters {both[0]} and Metrics are mutually exclusive.")
    asked = requests.queries(definition["Metrics"], "Metrics")
    returned = [query.id for query in asked if query.returns_data]
    if len(returned) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    if any("SEARCH(" in (query.expression or "") for query in asked):
        raise ValidationError("SEARCH expressions can't be used in alarms.")
    periods = {query.stat.period for query in asked if query.stat}
    if len(periods) != 1:
        raise ValidationError(
            "Metrics list must contain at least one metric, and all metrics must have the same period."
        )
    _check_period(periods.pop(), definition)
    try:
        watched = evaluate(asked, MetricStore(), Span(0, MINUTE))[returned[0]]
    except ExpressionError as error:
        raise ValidationError(f"Invalid metrics list: {error}") from None
    if not isinstance(watched, Series):
        raise ValidationError("Invalid metrics list: the expression must return a single time series.")


def _check_period(period: int, definition: _Parameters) -> None:
    if period not in HIGH_RESOLUTION and period % MINUTE:  # API reference; words: assumed
        raise ValidationError("The parameter Period must be 10, 20, 30 or a multiple of 60.")
    days = 7 if period >= _HOUR else 1
    if period * int(definition["EvaluationPeriods"]) > days * _DAY:
        raise ValidationError(
            f"Metrics cannot be checked across more than {'a week' if days > 1 else 'a day'} "
            f"(EvaluationPeriods * Period must be <= {days * _DAY})."
        )


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
        return self._put(metric_alarm(parameters), parameters)

    def put_composite_alarm(self) -> ActionResult:
        """Create or change a composite alarm."""
        parameters = self._get_params()
        return self._put(composite_alarm(parameters, self._book), parameters)

    def describe_alarms(self) -> ActionResult:
        """List alarms; without AlarmTypes metric alarms alone, as CloudWatch does."""
        parameters = self._get_params()
        types = parameters.get("AlarmTypes") or [METRIC]
        found = [
            alarm for type_ in types for alarm in self._book.of(type_) if _is_asked_for(alarm, parameters, self._book)
        ]
        page, token = responses.page_of(
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
        page, token = responses.page_of(
            found, parameters.get("NextToken"), int(parameters.get("MaxRecords") or HISTORY_PAGE)
        )
        return ActionResult({"AlarmHistoryItems": [_history(item) for item in page], "NextToken": token})

    def delete_alarms(self) -> ActionResult:
        """Delete alarms and their tags, all or none; names that don't exist are no error."""
        names = self._get_params()["AlarmNames"]
        check_deletion(names, self._book)
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
        if reason_data and not json_text.is_json(reason_data):
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
        parameters = self._get_params()
        name = parameters["DashboardName"]
        if not _DASHBOARD.fullmatch(name):
            raise InvalidParameterValue(
                f"The value {name} for field DashboardName contains invalid characters. "
                "It can only contain alphanumerics, dash (-) and underscore (_)."
            )
        if not json_text.is_json(parameters["DashboardBody"]):
            raise DashboardInvalidInputError("Body is invalid JSON")
        result = super().put_dashboard()
        dashboard = self.cloudwatch_backend.get_dashboard(name)
        dashboard.last_modified = utc(type(self).now())
        return result

    def _put(self, definition: Mapping[str, Any], parameters: Mapping[str, Any]) -> ActionResult:
        for arn in (arn for name in ACTIONS.values() for arn in definition.get(name) or ()):
            named = arns.parse(arn).region
            if named and named != self.region:  # words: public issues
                raise ValidationError(f"Invalid region {named} specified. Only {self.region} is supported.")
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
    return [kept.named(child) for child in _children_of(rule)] if rule else []


def _children_of(rule: str) -> Iterable[str]:
    from async_lab.cloudwatch.alarm_rule import alarms_in

    return alarms_in(rule)


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


def install(now: Callable[[], float]) -> None:
    """Make moto answer CloudWatch's requests with ours, in the time that ``now`` tells (epoch seconds).

    Call it before moto's application takes its first CloudWatch request; calling again changes the clock alone.
    """
    MetricsResponse.now = staticmethod(now)
    replace_route(urls.url_paths, "{0}/$", AlarmsResponse.dispatch)
