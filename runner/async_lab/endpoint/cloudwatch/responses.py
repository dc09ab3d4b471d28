"""The data plane of moto's CloudWatch, answered in pages from our store. moto reads and writes the wire formats.

A page's token says where it begins and nothing else: the store keeps what was asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.utilities.constants import JSON_TYPES

from async_lab.cloudwatch.labels import MetricStat
from async_lab.cloudwatch.queries import Answer, answer
from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.series import Span
from async_lab.cloudwatch.statistic import SIMPLE, statistic
from async_lab.cloudwatch.store import Metric, MetricStore
from async_lab.endpoint.cloudwatch import requests

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of an answer that is on a page; ``is_complete`` when its last data point is on this one."""

    answer: Answer
    points: Sequence[tuple[int, float]]
    is_complete: bool


def page_of(items: Sequence[Item], token: str | None, size: int) -> tuple[Sequence[Item], str | None]:
    """Return a page of ``items`` and the token of the next.

    Raises:
        InvalidParameterValue: the token is none of ours.

    """
    first = _first(token)
    following = str(first + size) if first + size < len(items) else None
    return items[first : first + size], following


def slices(
    answers: Sequence[Answer], token: str | None, size: int, *, descending: bool
) -> tuple[list[Slice], str | None]:
    """Return a page of ``size`` data points over all answers, and the token of the next.

    An answer without data points is on the first page.

    Raises:
        InvalidParameterValue: the token is none of ours.

    """
    first = _first(token)
    result, passed = [], 0
    for each in answers:
        points = sorted(each.points.items(), reverse=descending)
        begin, end = max(first - passed, 0), max(min(first + size - passed, len(points)), 0)
        if begin < end or (not points and not first):
            result.append(Slice(each, points[begin:end], end == len(points)))
        passed += len(points)
    return result, str(first + size) if first + size < passed else None


def _first(token: str | None) -> int:
    if token and not token.isdigit():
        raise InvalidParameterValue("Request parameter NextToken is invalid")
    return int(token or 0)


LIST_PAGE = 500  # metrics, API reference of ListMetrics
SECONDS_KEPT = 3 * 3600  # user guide, "Metrics retention": of what comes in high resolution
RECENT_SECONDS = 3 * 3600  # RecentlyActive has one value, PT3H


def store(account_id: str, region: str) -> MetricStore:
    """Return the metrics of an account and region. They live in moto's backend, so that its reset clears them too."""
    backend = cloudwatch_backends[account_id][region]
    kept: MetricStore = vars(backend).setdefault("metric_store", MetricStore())
    return kept


def utc(at: float) -> datetime:
    """Return an epoch second as moto writes times: UTC, without the zone."""
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None)


class MetricsResponse(CloudWatchResponse):
    """PutMetricData, GetMetricData, GetMetricStatistics and ListMetrics."""

    now: Callable[[], float]  # epoch seconds

    def setup_class(self, *args: Any, **options: Any) -> None:
        """Read the request; answers in JSON say so."""
        super().setup_class(*args, **options)
        if (sent := self.headers.get("Content-Type", "")) in JSON_TYPES:
            self.response_headers["Content-Type"] = sent

    @property
    def _store(self) -> MetricStore:
        kept = store(self.current_account, self.region)
        kept.forget_seconds(type(self).now() - SECONDS_KEPT)
        return kept

    def put_metric_data(self) -> ActionResult:
        """Take observations."""
        parameters = self._get_params()
        requests.put_data(self._store, parameters["Namespace"], parameters.get("MetricData") or [], type(self).now())
        return EmptyResult()

    def get_metric_data(self) -> ActionResult:
        """Answer metric queries and metric math."""
        parameters = self._get_params()
        span = requests.data_span(parameters)
        asked = requests.queries(parameters["MetricDataQueries"])
        requests.check_size(asked, span)
        try:
            answers = answer(asked, self._store, span, {"Region": self.region, "AccountId": self.current_account})
        except ExpressionError as error:
            raise ValidationError(str(error)) from None
        descending = parameters.get("ScanBy") != "TimestampAscending"
        size = requests.page_size(parameters)
        page, token = slices(answers, parameters.get("NextToken"), size, descending=descending)
        return ActionResult({"MetricDataResults": [_result(each) for each in page], "Messages": [], "NextToken": token})

    def get_metric_statistics(self) -> ActionResult:
        """Answer for one metric, several statistics at once."""
        parameters = self._get_params()
        span = requests.statistics_span(parameters)
        stats = requests.statistics_stats(parameters)
        units = [stats[0].unit] if stats[0].unit else self._store.units(stats[0].metric)
        points = [point for unit in units for point in _data_points(self._store, stats, span, unit)]
        return ActionResult({"Label": stats[0].metric.name, "Datapoints": points})

    def list_metrics(self) -> ActionResult:
        """List the metrics that were observed."""
        parameters = self._get_params()
        found = [metric for metric in self._store.metrics() if _is_asked_for(metric, parameters)]
        if parameters.get("RecentlyActive"):
            since = type(self).now() - RECENT_SECONDS
            found = [metric for metric in found if (self._store.latest(metric) or 0) >= since]
        page, token = page_of(found, parameters.get("NextToken"), LIST_PAGE)
        return ActionResult({"Metrics": [_described(metric) for metric in page], "NextToken": token})


def _result(part: Slice) -> dict[str, Any]:
    return {
        "Id": part.answer.id,
        "Label": part.answer.label,
        "Timestamps": [utc(at) for at, _ in part.points],
        "Values": [value for _, value in part.points],
        "StatusCode": "Complete" if part.is_complete else "PartialData",
    }


def _data_points(kept: MetricStore, stats: list[MetricStat], span: Span, unit: str) -> list[dict[str, Any]]:
    period = stats[0].period
    periods = kept.periods(stats[0].metric, span.start_of(period), span.end, period, unit)
    points = []
    for at, seen in periods.items():
        values = {stat.statistic: statistic(stat.statistic)(seen) for stat in stats}
        extended = {name: value for name, value in values.items() if name not in SIMPLE and value is not None}
        point = {"Timestamp": utc(at), "Unit": unit, **{name: values[name] for name in values if name in SIMPLE}}
        points.append(point | ({"ExtendedStatistics": extended} if extended else {}))
    return points


def _is_asked_for(metric: Metric, parameters: Mapping[str, Any]) -> bool:
    has = dict(metric.dimensions)
    return (
        parameters.get("Namespace") in (None, "", metric.namespace)
        and parameters.get("MetricName") in (None, "", metric.name)
        and all(
            each["Name"] in has and each.get("Value") in (None, "", has[each["Name"]])
            for each in parameters.get("Dimensions") or ()
        )
    )


def _described(metric: Metric) -> dict[str, Any]:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
    }
