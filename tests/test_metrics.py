from datetime import UTC, datetime

import pytest

from runner.endpoint.embedded import Endpoint
from runner.metrics import METRIC_NAMES, METRIC_UNITS, DataPoint, collect
from runner.target import LocalTarget

MINUTE = 1_692_778_980


@pytest.fixture(scope="module")
def cloudwatch():
    with Endpoint(start=MINUTE + 3600.0) as endpoint:
        yield LocalTarget(endpoint, "eu-west-1").cloudwatch()


def put(cloudwatch, function, metric, at, *values):
    unit = METRIC_UNITS[metric]
    dimensions = [{"Name": "FunctionName", "Value": function}]
    data = {"MetricName": metric, "Dimensions": dimensions, "Timestamp": datetime.fromtimestamp(at, UTC), "Unit": unit}
    cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=[data | {"Value": value} for value in values])


def test_samples_are_collected_by_minute_with_every_statistic(cloudwatch):
    put(cloudwatch, "one", "AsyncEventAge", MINUTE + 5, 35, 1000)
    put(cloudwatch, "one", "AsyncEventAge", MINUTE + 59, 3000)
    put(cloudwatch, "one", "AsyncEventAge", MINUTE + 125, 31_000)
    series = collect(cloudwatch, "one", MINUTE + 5, MINUTE + 130)["AsyncEventAge"]
    assert series.points == (
        DataPoint(MINUTE, sample_count=3, sum=4035, minimum=35, maximum=3000),
        DataPoint(MINUTE + 120, sample_count=1, sum=31_000, minimum=31_000, maximum=31_000),
    )
    assert series.points[0].average == 1345
    assert (series.total, series.maximum, series.unit) == (35_035, 31_000, "Milliseconds")


def test_a_zero_is_a_data_point_and_nothing_is_none(cloudwatch):
    put(cloudwatch, "two", "Errors", MINUTE, 0)
    metrics = collect(cloudwatch, "two", MINUTE, MINUTE)
    assert set(metrics) == set(METRIC_NAMES)
    assert not metrics["Errors"].is_absent
    assert metrics["Throttles"].is_absent
    assert metrics["Throttles"].total == metrics["Throttles"].maximum == 0


def test_other_functions_and_other_minutes_are_left_out(cloudwatch):
    put(cloudwatch, "three", "Invocations", MINUTE - 1, 1)
    put(cloudwatch, "three", "Invocations", MINUTE + 59, 1)
    put(cloudwatch, "three", "Invocations", MINUTE + 60, 1)
    put(cloudwatch, "threefold", "Invocations", MINUTE, 1)
    assert collect(cloudwatch, "three", MINUTE + 30, MINUTE + 45)["Invocations"].total == 1


def test_a_long_run_is_collected_whole(cloudwatch):
    for minute in range(600):
        put(cloudwatch, "four", "Invocations", MINUTE - 60 * minute, 1)
    series = collect(cloudwatch, "four", MINUTE - 36_000, MINUTE)["Invocations"]
    assert series.total == len(series.points) == 600
    assert [point.minute for point in series.points] == sorted(point.minute for point in series.points)


def test_all_metrics_are_asked_for_in_one_call(cloudwatch):
    calls = []
    cloudwatch.meta.events.register("before-call.cloudwatch.*", lambda model, **_: calls.append(model.name))
    collect(cloudwatch, "one", MINUTE, MINUTE + 300)
    assert calls == ["GetMetricData"]
