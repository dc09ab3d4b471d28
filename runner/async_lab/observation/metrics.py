"""What CloudWatch holds about one function, minute by minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from async_lab.errors import EnvironmentFailure
from async_lab.lambda_metrics import NAMESPACE, UNITS

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef

METRIC_NAMES = tuple(UNITS)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class DataPoint:
    """One minute of one metric, in the metric's own unit."""

    minute: int
    """Epoch seconds of the minute's start."""
    sample_count: float
    sum: float
    minimum: float
    maximum: float

    @property
    def average(self) -> float:
        """The mean of the minute's samples."""
        return self.sum / self.sample_count


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """The data points of one metric in time order; none at all when CloudWatch has none, which isn't 0."""

    metric: str
    points: tuple[DataPoint, ...]

    @property
    def unit(self) -> str:
        """CloudWatch's unit: ``Count`` or ``Milliseconds``."""
        return UNITS[self.metric]

    @property
    def is_absent(self) -> bool:
        """Whether there is no data point, which for some metrics is the finding."""
        return not self.points

    @property
    def total(self) -> float:
        """The sum of all samples; 0 when absent."""
        return sum(point.sum for point in self.points)

    @property
    def maximum(self) -> float:
        """The highest sample; 0 when absent."""
        return max((point.maximum for point in self.points), default=0.0)


Metrics = Mapping[str, MetricSeries]
"""Every one of METRIC_NAMES, also those that are absent."""

PERIOD_SECONDS = 60
_STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum")
_COMPLETE = "Complete"
_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""Between attempts to get what CloudWatch had only a part of."""


def collect(
    client: CloudWatchClient,
    function_name: str,
    start: float,
    end: float,
    pause: Callable[[float], None] = time.sleep,
    *,
    qualifier: str | None = None,
) -> Metrics:
    """Ask CloudWatch for every metric of the function from ``start`` to ``end`` (epoch seconds), in one call.

    ``qualifier`` asks for what went to one alias or version; None for all together. It asks again while an answer is
    incomplete. Raises EnvironmentFailure when it stays so: a gap would pass for 0.
    """
    dimensions = dimensions_of(function_name, None if qualifier is None else f"{function_name}:{qualifier}")
    return _once_complete(lambda: _collected(client, dimensions, start, end), pause)


def _once_complete(ask: Callable[[], _Answer], pause: Callable[[float], None]) -> _Answer:
    """Return the answer as soon as it is complete. Raises the last EnvironmentFailure when it stays incomplete."""
    for seconds in _PAUSES_SECONDS:
        try:
            return ask()
        except EnvironmentFailure:
            pause(seconds)
    return ask()


Percentiles = Mapping[tuple[str, str], tuple[float, ...]]
"""By metric and statistic (``p99``): one value for each of the metric's data points, in its own unit."""
_MOST_QUERIES = 500  # API reference, GetMetricData


def collect_percentiles(
    client: CloudWatchClient,
    function_name: str,
    wanted: Sequence[tuple[str, str]],
    metrics: Metrics,
    pause: Callable[[float], None] = time.sleep,
) -> Percentiles:
    """Ask CloudWatch for percentiles of what has been collected: ``wanted`` are metrics with statistics.

    Minutes' percentiles can't be put together from their other statistics, nor to that of a longer time. Raises
    EnvironmentFailure when CloudWatch doesn't give them for every minute.
    """
    asked = [one for one in wanted if metrics[one[0]].points]
    found: dict[tuple[str, str], tuple[float, ...]] = dict.fromkeys(wanted, ())
    for first in range(0, len(asked), _MOST_QUERIES):
        part = asked[first : first + _MOST_QUERIES]
        found |= _once_complete(partial(_percentiles, client, function_name, part, metrics), pause)
    return found


def _percentiles(
    client: CloudWatchClient, function_name: str, asked: Sequence[tuple[str, str]], metrics: Metrics
) -> Percentiles:
    minutes = {one: [point.minute for point in metrics[one[0]].points] for one in asked}
    dimensions = dimensions_of(function_name)
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query(f"q{number}", *one, dimensions) for number, one in enumerate(asked)],
        StartTime=first_minute(min(each[0] for each in minutes.values())),
        EndTime=last_minute(max(each[-1] for each in minutes.values())),
    )
    values: dict[str, dict[int, float]] = {f"q{number}": {} for number in range(len(asked))}
    for result in (result for page in pages for result in page["MetricDataResults"]):
        stamps = (int(stamp.timestamp()) for stamp in result["Timestamps"])
        values[result["Id"]].update(zip(stamps, result["Values"], strict=False))
    of_wanted = dict(zip(asked, values.values(), strict=True))
    for (metric, statistic), by_minute in of_wanted.items():
        if not by_minute.keys() >= set(minutes[metric, statistic]):
            raise EnvironmentFailure(
                f"CloudWatch gives {statistic} of {metric} of {function_name} for only some of its minutes."
            )
    return {one: tuple(by_minute[minute] for minute in minutes[one]) for one, by_minute in of_wanted.items()}


def dimensions_of(function_name: str, resource: str | None = None) -> list[DimensionTypeDef]:
    """Return the dimensions that Lambda publishes a function's metrics under, or those of one resource of it (doc)."""
    dimensions: list[DimensionTypeDef] = [{"Name": "FunctionName", "Value": function_name}]
    if resource is not None:
        dimensions.append({"Name": "Resource", "Value": resource})
    return dimensions


def _collected(client: CloudWatchClient, dimensions: list[DimensionTypeDef], start: float, end: float) -> Metrics:
    function_name = dimensions[-1]["Value"]
    queries = [
        query(f"{metric.lower()}_{statistic.lower()}", metric, statistic, dimensions)
        for metric in METRIC_NAMES
        for statistic in _STATISTICS
    ]
    values: dict[str, dict[int, float]] = {query["Id"]: {} for query in queries}
    missing: dict[str, str] = {query["Id"]: "no answer" for query in queries}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=first_minute(start),
        EndTime=last_minute(end),
        ScanBy="TimestampAscending",
    )
    for page in pages:
        missing |= {message["Code"]: message["Value"] for message in page.get("Messages", [])}
        for result in page["MetricDataResults"]:
            minutes = (int(stamp.timestamp()) for stamp in result["Timestamps"])
            values[result["Id"]].update(zip(minutes, result["Values"], strict=False))
            if (status := result.get("StatusCode", _COMPLETE)) == _COMPLETE:
                missing.pop(result["Id"], None)
            else:  # of a result on several pages the last one counts
                missing[result["Id"]] = ": ".join([status, *(said["Value"] for said in result.get("Messages", []))])
    missing |= {metric: "its statistics differ in minutes" for metric in METRIC_NAMES if not _is_even(metric, values)}
    if missing:
        what, why = next(iter(missing.items()))
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise EnvironmentFailure(f"CloudWatch gives the metrics of {function_name} incompletely ({what}: {why}{more}).")
    return {metric: MetricSeries(metric, tuple(_points(metric, values))) for metric in METRIC_NAMES}


def sums(
    client: CloudWatchClient,
    metric: str,
    dimension_sets: Sequence[list[DimensionTypeDef]],
    start: float,
    end: float,
) -> list[float]:
    """Return the sum of a metric's samples from ``start`` to ``end`` (epoch seconds) for each set of dimensions.

    0 where there is no data point. At most 500 sets, which is what CloudWatch takes.
    """
    return _totals(
        client, [query(f"set_{number}", metric, "Sum", each) for number, each in enumerate(dimension_sets)], start, end
    )


@dataclass(frozen=True, slots=True)
class AgeBand:
    """How many attempts there were at events of some age, in seconds."""

    over: float
    up_to: float | None
    """None: however old."""
    attempts: float


_AGE_BOUNDS_SECONDS = (1, 5, 60, 300, 3_600)


def ages_of(
    client: CloudWatchClient, function_name: str, resource: str | None, start: float, end: float
) -> tuple[AgeBand, ...]:
    """Return how old events were at their attempts from ``start`` to ``end`` (epoch seconds), the youngest first.

    CloudWatch's trimmed count tells how many samples lie in a range, the lower bound excluded (CloudWatch user guide,
    statistics definitions); unlike percentiles, counts of minutes add up.
    """
    bounds = [0, *_AGE_BOUNDS_SECONDS, None]
    bands = list(pairwise(bounds))
    dimensions = dimensions_of(function_name, resource)
    queries = [
        query(
            f"band_{number}",
            "AsyncEventAge",
            f"TC({low * 1000 if low else ''}:{'' if high is None else high * 1000})",
            dimensions,
        )
        for number, (low, high) in enumerate(bands)
    ]
    counts = _totals(client, queries, start, end)
    return tuple(
        AgeBand(low or 0, high, attempts) for (low, high), attempts in zip(bands, counts, strict=True) if attempts
    )


def _totals(client: CloudWatchClient, queries: list[MetricDataQueryTypeDef], start: float, end: float) -> list[float]:
    totals = dict.fromkeys((one["Id"] for one in queries), 0.0)
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=first_minute(start), EndTime=last_minute(end)
    )
    for result in (result for page in pages for result in page["MetricDataResults"]):
        totals[result["Id"]] += sum(result["Values"])
    return list(totals.values())


def unreserved_by_minute(client: CloudWatchClient, start: float, end: float) -> dict[int, float]:
    """Return how many executions without a reservation ran in the region at once, at the most, by minute."""
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query("unreserved", "UnreservedConcurrentExecutions", "Maximum", [])],
        StartTime=first_minute(start),
        EndTime=last_minute(end),
    )
    results = [result for page in pages for result in page["MetricDataResults"]]
    return {
        int(stamp.timestamp()): value
        for result in results
        for stamp, value in zip(result["Timestamps"], result["Values"], strict=True)
    }


def first_minute(start: float) -> datetime:
    """Return the beginning of the minute that an instant is in; CloudWatch is asked for whole minutes."""
    return datetime.fromtimestamp(start // PERIOD_SECONDS * PERIOD_SECONDS, UTC)


def last_minute(end: float) -> datetime:
    """Return the end of the minute that an instant is in."""
    return datetime.fromtimestamp((end // PERIOD_SECONDS + 1) * PERIOD_SECONDS, UTC)


def query(identity: str, metric: str, statistic: str, dimensions: list[DimensionTypeDef]) -> MetricDataQueryTypeDef:
    """Return what GetMetricData is to be asked for a metric of Lambda's, by minute."""
    return {
        "Id": identity,
        "MetricStat": {
            "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
            "Period": PERIOD_SECONDS,
            "Stat": statistic,
        },
    }


def _by_statistic(metric: str, values: Mapping[str, Mapping[int, float]]) -> list[Mapping[int, float]]:
    return [values[f"{metric.lower()}_{statistic.lower()}"] for statistic in _STATISTICS]


def _is_even(metric: str, values: Mapping[str, Mapping[int, float]]) -> bool:
    """Whether each minute has all statistics: one that came while CloudWatch was asked may have some."""
    return len({tuple(sorted(minutes)) for minutes in _by_statistic(metric, values)}) == 1


def _points(metric: str, values: Mapping[str, Mapping[int, float]]) -> Iterator[DataPoint]:
    by_statistic = _by_statistic(metric, values)
    for minute in sorted(by_statistic[0]):
        yield DataPoint(minute, *(statistic[minute] for statistic in by_statistic))
