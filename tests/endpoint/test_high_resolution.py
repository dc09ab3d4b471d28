"""Alarms that are looked at every ten seconds."""

from datetime import UTC, datetime

import pytest
from alarm_changes import alarm_changes

from async_lab.endpoint.cloudwatch import has_high_resolution

ALARM = {
    "AlarmName": "fine",
    "Namespace": "Shop",
    "MetricName": "Orders",
    "Statistic": "Sum",
    "Period": 10,
    "EvaluationPeriods": 2,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


@pytest.fixture
def begun(async_lab):
    """The beginning of a minute, in epoch seconds, that is now."""
    async_lab.advance(seconds=60 - async_lab.now % 60)
    return round(async_lab.now)


def put(cloudwatch, value, resolution=1):
    data = [{"MetricName": "Orders", "Value": value, "StorageResolution": resolution}]
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)


def changes(cloudwatch, begun, name="fine"):
    """Seconds after ``begun`` at which an alarm changed, and to what."""
    return [(round(at - begun), state) for at, state in alarm_changes(cloudwatch, name)]


@pytest.mark.parametrize(("period", "expected"), [(10, [(10, "OK"), (30, "ALARM"), (60, "OK")]), (30, [(10, "OK")])])
def test_an_alarm_changes_within_a_minute(async_lab, cloudwatch, begun, period, expected):
    cloudwatch.put_metric_alarm(**ALARM | {"Period": period})
    async_lab.advance(seconds=12)  # in the second ten seconds
    put(cloudwatch, 6)
    async_lab.advance(seconds=10)
    put(cloudwatch, 7)
    async_lab.advance(seconds=38)
    assert changes(cloudwatch, begun) == expected


def test_a_composite_alarm_follows_within_the_minute(async_lab, cloudwatch, begun):
    cloudwatch.put_metric_alarm(**ALARM | {"EvaluationPeriods": 1})
    cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(fine)")
    async_lab.advance(seconds=12)
    put(cloudwatch, 6)
    async_lab.advance(seconds=30)
    assert (20, "ALARM") in changes(cloudwatch, begun, "all")


def test_a_metric_by_minute_is_missing_between_its_minutes(async_lab, cloudwatch, begun):
    asked = ALARM | {"EvaluationPeriods": 1, "TreatMissingData": "missing", "Threshold": 0}
    cloudwatch.put_metric_alarm(**asked)
    async_lab.advance(seconds=2)
    put(cloudwatch, 1, resolution=60)
    async_lab.advance(seconds=57)
    assert changes(cloudwatch, begun)[0] == (10, "ALARM")
    assert changes(cloudwatch, begun)[-1][1] == "INSUFFICIENT_DATA"


def test_lambdas_own_metrics_are_by_minute(async_lab, as_told, cloudwatch, begun):
    function = as_told()
    async_lab.advance(seconds=25)
    function.invoke()
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        StartTime=begun,
        EndTime=begun + 60,
        Period=10,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [(point["Timestamp"], point["Sum"]) for point in points] == [(datetime.fromtimestamp(begun, UTC), 1)]


def test_an_alarm_that_is_changed_or_deleted_is_no_longer_looked_at_within_a_minute(async_lab, cloudwatch, begun):
    cloudwatch.put_metric_alarm(**ALARM)
    cloudwatch.put_metric_alarm(**ALARM | {"Period": 60})
    assert has_high_resolution() is False
    async_lab.advance(seconds=50)
    assert changes(cloudwatch, begun) == []
    cloudwatch.put_metric_alarm(**ALARM | {"AlarmName": "gone"})
    assert has_high_resolution() is True
    cloudwatch.delete_alarms(AlarmNames=["gone"])
    assert has_high_resolution() is False
