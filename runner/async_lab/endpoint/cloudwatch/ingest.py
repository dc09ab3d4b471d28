"""PutMetricData: what is refused, and how the rest gets into the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue

from async_lab.cloudwatch.store import Metric, MetricStore
from async_lab.endpoint.cloudwatch.requests import check_value, dimensions, seconds

MOST_FUTURE_SECONDS = 2 * 3600  # API reference, MetricDatum
MOST_PAST_SECONDS = 14 * 24 * 3600

_STATISTIC_FIELDS = ("SampleCount", "Sum", "Minimum", "Maximum")


def put(store: MetricStore, namespace: str, data: Sequence[Mapping[str, Any]], now: float) -> None:
    """Take all data of a request, or none of them. ``now`` in epoch seconds is the time of those that say none.

    Raises:
        InvalidParameterValue, InvalidParameterCombination: as CloudWatch says it.

    """
    for number, datum in enumerate(data, start=1):
        _check(datum, f"MetricData.member.{number}", now)
    for datum in data:
        _put(store, namespace, datum, now)


def _put(store: MetricStore, namespace: str, datum: Mapping[str, Any], now: float) -> None:
    metric = Metric(namespace, datum["MetricName"], dimensions(datum.get("Dimensions")))
    at = _time(datum, now)
    unit = datum.get("Unit") or "None"
    if summary := datum.get("StatisticValues"):
        count, total, minimum, maximum = (float(summary[name]) for name in _STATISTIC_FIELDS)
        store.put_statistics(metric, at, unit, minimum=minimum, maximum=maximum, total=total, count=count)
    for value, count in _observations(datum):
        store.put(metric.namespace, metric.name, metric.dimensions, at, value, unit, count)


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


def _check_time(at: float, owner: str, now: float) -> None:
    if at > now + MOST_FUTURE_SECONDS:
        raise InvalidParameterValue(
            f"The parameter {owner}.Timestamp must specify a time no more than two hours in the future."
        )
    if at < now - MOST_PAST_SECONDS:
        raise InvalidParameterValue(f"The parameter {owner}.Timestamp must specify a time within the past two weeks.")
