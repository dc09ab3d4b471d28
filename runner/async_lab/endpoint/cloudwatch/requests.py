"""From a request's parameters to our types, and PutMetricData's into the store; what CloudWatch refuses, in its words.

Sources of the words: AWS API reference, and moto's and LocalStack's tests that were validated against AWS; where
neither has them, the sentence is ours in AWS's form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError

from async_lab.cloudwatch.labels import MetricStat
from async_lab.cloudwatch.queries import Query
from async_lab.cloudwatch.series import Span
from async_lab.cloudwatch.statistic import UnknownStatistic, statistic
from async_lab.cloudwatch.store import MINUTE, SECOND, Dimensions, Metric, MetricStore

MOST_QUERIES = 500  # GetMetricData, API reference
MOST_DATA_POINTS = 100_800  # GetMetricData, one page
MOST_PERIODS = 1_000_000  # of one query: our own bound, nearly two years of minutes
MOST_STATISTICS = 1_440  # GetMetricStatistics, data points in one answer
SUB_MINUTE_PERIODS = (1, 5, 10, 20, 30)  # seconds, for high-resolution metrics

_PARAMETERS = Mapping[str, Any]
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")


def seconds(time: datetime) -> float:
    """Return the epoch second of a request's time; moto leaves out the time zone, which is UTC."""
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def dimensions(given: Sequence[Mapping[str, str]] | None) -> Dimensions:
    """Return a request's dimensions in our order."""
    return tuple(sorted((each["Name"], each["Value"]) for each in given or ()))


def data_span(parameters: _PARAMETERS) -> Span:
    """Return GetMetricData's span: each query rounds its start down (API reference).

    Raises:
        ValidationError: it doesn't end after its start.

    """
    start, end = seconds(parameters["StartTime"]), seconds(parameters["EndTime"])
    if start > end:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    if start == end:
        raise ValidationError("The parameter StartTime must not equal parameter EndTime.")
    return _span(start, end)


def statistics_span(parameters: _PARAMETERS) -> Span:
    """Return GetMetricStatistics' span.

    Raises:
        InvalidParameterValue: it doesn't end after its start.

    """
    start, end = seconds(parameters["StartTime"]), seconds(parameters["EndTime"])
    if start >= end:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    return _span(start, end)


def statistics_stats(parameters: _PARAMETERS) -> list[MetricStat]:
    """Return what GetMetricStatistics asks for, one per statistic.

    Raises:
        InvalidParameterCombination: no statistic, or too many data points.
        InvalidParameterValue: a period or a statistic that isn't one.

    """
    names = [*(parameters.get("Statistics") or ()), *(parameters.get("ExtendedStatistics") or ())]
    if not names:
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    period = _period(parameters["Period"], "Period")
    asked = int(seconds(parameters["EndTime"]) - seconds(parameters["StartTime"])) // period
    if asked > MOST_STATISTICS:
        raise InvalidParameterCombination(
            f"You have requested up to {asked} datapoints, which exceeds the limit of {MOST_STATISTICS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    metric = Metric(parameters["Namespace"], parameters["MetricName"], dimensions(parameters.get("Dimensions")))
    unit = parameters.get("Unit")
    return [MetricStat(metric, _statistic(name, "ExtendedStatistics"), period, unit) for name in names]


def queries(given: Sequence[_PARAMETERS], owner: str = "MetricDataQueries") -> list[Query]:
    """Return the queries of GetMetricData (or, with another ``owner``, of an alarm).

    Raises:
        ValidationError: too many of them, an id that isn't one or is there twice, neither a metric nor an expression.
        InvalidParameterValue: a period or a statistic that isn't one.

    """
    _check_count(owner, given, MOST_QUERIES)
    result = [_query(each, f"{owner}.member.{number}") for number, each in enumerate(given, start=1)]
    if len({query.id for query in result}) < len(result):
        raise ValidationError(f"The values for parameter id in {owner} are not unique.")
    return result


def check_size(queries: Sequence[Query], span: Span) -> None:
    """Refuse queries over more periods than can be answered: expressions give values where nothing was observed.

    Raises:
        ValidationError: there are more than ``MOST_PERIODS``.

    """
    shortest = min((query.stat.period if query.stat else query.period or MINUTE for query in queries), default=MINUTE)
    if (span.end - span.start) // shortest > MOST_PERIODS:
        raise ValidationError(
            f"You have requested more than {MOST_PERIODS:,} periods, which exceeds the limit. "
            "You may reduce them by increasing Period, or decreasing the time range."
        )


def page_size(parameters: _PARAMETERS) -> int:
    """Return the most data points that GetMetricData may answer with at once.

    Raises:
        ValidationError: more than CloudWatch gives.

    """
    size = int(parameters.get("MaxDatapoints") or MOST_DATA_POINTS)
    if not 0 < size <= MOST_DATA_POINTS:
        raise ValidationError(f"The value {size} for parameter MaxDatapoints must be between 1 and {MOST_DATA_POINTS}.")
    return size


def check_value(value: float, name: str) -> float:
    """Return a metric's value.

    Raises:
        InvalidParameterValue: it isn't a finite number.

    """
    if math.isnan(value):
        raise InvalidParameterValue(f"The value NaN for parameter {name} is invalid.")
    if math.isinf(value):
        raise InvalidParameterValue(f"The value {'-' if value < 0 else ''}Infinity for parameter {name} is invalid.")
    return value


def _query(given: _PARAMETERS, owner: str) -> Query:
    name = given["Id"]
    if not _ID.fullmatch(name):
        raise ValidationError(
            f"The value {name} for parameter {owner}.Id is invalid: it must begin with a lower case letter."
        )
    stat, expression = given.get("MetricStat"), given.get("Expression")
    if not stat and not expression:
        raise ValidationError(f"The parameter {owner}.MetricStat is required.\n")  # AWS answers with the empty line
    if stat and expression:
        raise ValidationError(f"The parameters {owner}.Expression and {owner}.MetricStat are mutually exclusive.")
    period = given.get("Period")
    return Query(
        id=name,
        stat=_metric_stat(stat, f"{owner}.MetricStat") if stat else None,
        expression=expression,
        label=given.get("Label"),
        period=_period(period, f"{owner}.Period") if period else None,
        returns_data=given.get("ReturnData") is not False,
    )


def _metric_stat(given: _PARAMETERS, owner: str) -> MetricStat:
    metric = given["Metric"]
    return MetricStat(
        Metric(metric.get("Namespace", ""), metric.get("MetricName", ""), dimensions(metric.get("Dimensions"))),
        _statistic(given["Stat"], f"{owner}.Stat"),
        _period(given["Period"], f"{owner}.Period"),
        given.get("Unit"),
    )


def _statistic(name: str, parameter: str) -> str:
    try:
        statistic(name)
    except UnknownStatistic:
        raise InvalidParameterValue(f"The value {name} for parameter {parameter} is not supported.") from None
    return name


def _period(given: str | float, parameter: str) -> int:
    period = int(given)
    if period in SUB_MINUTE_PERIODS or (period > 0 and period % MINUTE == 0):
        return period
    raise InvalidParameterValue(f"The parameter {parameter} must be 1, 5, 10, 20, 30 or a multiple of 60.")


def _span(start: float, end: float) -> Span:
    return Span(int(start), math.ceil(end))


MOST_FUTURE_SECONDS = 2 * 3600  # API reference, MetricDatum
MOST_PAST_SECONDS = 14 * 24 * 3600

MOST_DATA = 1_000  # API reference, PutMetricData
MOST_VALUES = 150  # API reference, MetricDatum

_AWSS_OWN = "AWS/"  # API reference, PutMetricData: for AWS's services alone; words: assumed
_STATISTIC_FIELDS = ("SampleCount", "Sum", "Minimum", "Maximum")


def put_data(store: MetricStore, namespace: str, data: Sequence[Mapping[str, Any]], now: float) -> None:
    """Take all data of a request, or none of them. ``now`` in epoch seconds is the time of those that say none.

    Raises:
        InvalidParameterValue, InvalidParameterCombination: as CloudWatch says it.

    """
    if namespace.startswith(_AWSS_OWN):
        raise InvalidParameterValue(f"The value {namespace} for parameter Namespace is invalid.")
    _check_count("MetricData", data, MOST_DATA)
    for number, datum in enumerate(data, start=1):
        _check(datum, f"MetricData.member.{number}", now)
    for datum in data:
        _put(store, namespace, datum, now)


def _check_count(name: str, given: Sequence[Any], limit: int) -> None:
    if len(given) > limit:
        raise ValidationError(f"The collection {name} must not have a size greater than {limit}.")


def _put(store: MetricStore, namespace: str, datum: Mapping[str, Any], now: float) -> None:
    metric = Metric(namespace, datum["MetricName"], dimensions(datum.get("Dimensions")))
    at = _time(datum, now)
    unit = datum.get("Unit") or "None"
    resolution = int(datum.get("StorageResolution") or MINUTE)
    if summary := datum.get("StatisticValues"):
        count, total, minimum, maximum = (float(summary[name]) for name in _STATISTIC_FIELDS)
        store.put_statistics(
            metric, at, unit, minimum=minimum, maximum=maximum, total=total, count=count, resolution=resolution
        )
    for value, count in _observations(datum):
        store.put(metric.namespace, metric.name, metric.dimensions, at, value, unit, count, resolution)


def _observations(datum: Mapping[str, Any]) -> Sequence[tuple[float, float]]:
    if "Value" in datum:
        return [(float(datum["Value"]), 1.0)]
    values = [float(value) for value in datum.get("Values") or ()]
    counts = [float(count) for count in datum.get("Counts") or [1] * len(values)]
    return list(zip(values, counts, strict=True))


def _time(datum: Mapping[str, Any], now: float) -> float:
    return seconds(datum["Timestamp"]) if datum.get("Timestamp") else now


def _check(datum: Mapping[str, Any], owner: str, now: float) -> None:
    values, counts, summary = datum.get("Values"), datum.get("Counts"), datum.get("StatisticValues")
    if "Value" in datum and values:
        raise InvalidParameterCombination(
            f"The parameters {owner}.Value and {owner}.Values are mutually exclusive and you have specified both."
        )
    if "Value" in datum and summary:
        raise InvalidParameterCombination(
            f"The parameters {owner}.Value and {owner}.StatisticValues are mutually exclusive "
            "and you have specified both."
        )
    if values and counts and len(values) != len(counts):
        raise InvalidParameterValue(f"The parameters {owner}.Values and {owner}.Counts must be of the same size.")
    if "Value" not in datum and not values and not summary:
        raise InvalidParameterCombination(
            f"At least one of the parameters must be specified: {owner}.Value, {owner}.Values, {owner}.StatisticValues."
        )
    if (resolution := datum.get("StorageResolution")) and int(resolution) not in (SECOND, MINUTE):
        raise InvalidParameterValue(
            f"The value {resolution} for parameter {owner}.StorageResolution is invalid: it must be 1 or 60."
        )
    _check_count(f"{owner}.Values", values or (), MOST_VALUES)
    _check_numbers(datum, owner)
    _check_time(_time(datum, now), owner, now)


def _check_numbers(datum: Mapping[str, Any], owner: str) -> None:
    if "Value" in datum:
        check_value(float(datum["Value"]), f"{owner}.Value")
    for value in datum.get("Values") or ():
        check_value(float(value), f"{owner}.Values")
    summary = datum.get("StatisticValues") or {}
    for name in _STATISTIC_FIELDS if summary else ():
        if name not in summary:
            raise InvalidParameterValue(f"The parameter {owner}.StatisticValues.{name} is required.")
        check_value(float(summary[name]), f"{owner}.StatisticValues.{name}")
    if summary and float(summary["Minimum"]) > float(summary["Maximum"]):
        raise InvalidParameterValue(  # assumed
            f"The parameter {owner}.StatisticValues.Maximum must not be less than {owner}.StatisticValues.Minimum."
        )


def _check_time(at: float, owner: str, now: float) -> None:
    if at > now + MOST_FUTURE_SECONDS:
        raise InvalidParameterValue(
            f"The parameter {owner}.Timestamp must specify a time no more than two hours in the future."
        )
    if at < now - MOST_PAST_SECONDS:
        raise InvalidParameterValue(f"The parameter {owner}.Timestamp must specify a time within the past two weeks.")
