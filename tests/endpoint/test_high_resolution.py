"""Alarms that are looked at every ten seconds."""

import json
from datetime import UTC, datetime

import pytest
from queue_lab import Lab

from async_lab.endpoint.embedded import Endpoint

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
def lab():
    """An endpoint of the test's own: its alarms go on."""
    with Endpoint() as endpoint:
        yield Lab(endpoint)


@pytest.fixture
def begun(lab):
    """The beginning of a minute, in epoch seconds, that is now."""
    lab.endpoint.wait(60 - lab.target.now() % 60)
    return round(lab.target.now())


def put(lab, value, resolution=1):
    data = [{"MetricName": "Orders", "Value": value, "StorageResolution": resolution}]
    lab.target.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=data)


def changes(lab, begun, name="fine"):
    """Seconds after ``begun`` at which an alarm changed, and to what."""
    items = lab.target.client("cloudwatch").describe_alarm_history(
        AlarmName=name,
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        HistoryItemType="StateUpdate",
        ScanBy="TimestampAscending",
    )["AlarmHistoryItems"]
    return [
        (round(item["Timestamp"].timestamp() - begun), json.loads(item["HistoryData"])["newState"]["stateValue"])
        for item in items
    ]


@pytest.mark.parametrize(("period", "expected"), [(10, [(10, "OK"), (30, "ALARM"), (60, "OK")]), (30, [(10, "OK")])])
def test_an_alarm_changes_within_a_minute(lab, begun, period, expected):
    lab.target.client("cloudwatch").put_metric_alarm(**ALARM | {"Period": period})
    lab.endpoint.wait(12)  # in the second ten seconds
    put(lab, 6)
    lab.endpoint.wait(10)
    put(lab, 7)
    lab.endpoint.wait(38)
    assert changes(lab, begun) == expected


def test_a_composite_alarm_follows_within_the_minute(lab, begun):
    lab.target.client("cloudwatch").put_metric_alarm(**ALARM | {"EvaluationPeriods": 1})
    lab.target.client("cloudwatch").put_composite_alarm(AlarmName="all", AlarmRule="ALARM(fine)")
    lab.endpoint.wait(12)
    put(lab, 6)
    lab.endpoint.wait(30)
    assert (20, "ALARM") in changes(lab, begun, "all")


def test_a_metric_by_minute_is_missing_between_its_minutes(lab, begun):
    asked = ALARM | {"EvaluationPeriods": 1, "TreatMissingData": "missing", "Threshold": 0}
    lab.target.client("cloudwatch").put_metric_alarm(**asked)
    lab.endpoint.wait(2)
    put(lab, 1, resolution=60)
    lab.endpoint.wait(57)
    assert changes(lab, begun)[0] == (10, "ALARM")
    assert changes(lab, begun)[-1][1] == "INSUFFICIENT_DATA"


def test_lambdas_own_metrics_are_by_minute(lab, begun):
    name = lab.function()
    lab.endpoint.wait(25)
    lab.lambda_.invoke(FunctionName=name)
    points = lab.target.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=begun,
        EndTime=begun + 60,
        Period=10,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [(point["Timestamp"], point["Sum"]) for point in points] == [(datetime.fromtimestamp(begun, UTC), 1)]
