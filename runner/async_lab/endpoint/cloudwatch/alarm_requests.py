"""What PutMetricAlarm, PutCompositeAlarm and DeleteAlarms refuse, and the definition that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError

from async_lab.cloudwatch.alarm_rule import AlarmRuleError, alarms_in
from async_lab.cloudwatch.alarm_state import COMPARISONS, Missing
from async_lab.cloudwatch.queries import evaluate
from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.series import Series, Span
from async_lab.cloudwatch.statistic import UnknownStatistic, statistic
from async_lab.cloudwatch.store import MINUTE, MetricStore
from async_lab.endpoint.cloudwatch import requests
from async_lab.endpoint.cloudwatch.alarms import COMPOSITE, AlarmRegistry

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
    references = {name for alarm in staying for name in alarms_in(alarm.definition["AlarmRule"])}
    needed = {alarm.name for alarm in map(book.named, references) if alarm}
    if kept := [name for name in names if name in needed]:
        them = "it" if len(kept) == 1 else "them"
        raise ValidationError(f"Cannot delete {','.join(kept)} as there are composite alarm(s) depending on {them}.")


def _kept(parameters: _Parameters) -> dict[str, Any]:
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
    if period < MINUTE or period % MINUTE:
        raise ValidationError(
            f"Period {period} is not a multiple of 60; this endpoint keeps metrics at standard resolution."
        )
    days = 7 if period >= _HOUR else 1
    if period * int(definition["EvaluationPeriods"]) > days * _DAY:
        raise ValidationError(
            f"Metrics cannot be checked across more than {'a week' if days > 1 else 'a day'} "
            f"(EvaluationPeriods * Period must be <= {days * _DAY})."
        )
