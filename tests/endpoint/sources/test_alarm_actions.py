"""Alarms invoke functions where they are permitted."""

import json

import pytest
from measured import payloads


@pytest.fixture
def alarm(cloudwatch):
    """Makes an alarm on orders that invokes a function; returns its name."""

    def make(function, **changed):
        cloudwatch.put_metric_alarm(
            **{
                "AlarmName": "failed",
                "Namespace": "Shop",
                "MetricName": "Failed",
                "Dimensions": [{"Name": "Till", "Value": "failed"}],
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 0.0,
                "ComparisonOperator": "GreaterThanThreshold",
                "AlarmActions": [function.arn],
                **changed,
            }
        )
        return "failed"

    return make


@pytest.fixture
def fail(async_lab, cloudwatch):
    """Lets an order fail, and time pass until its alarm knows."""

    def put(alarm):
        datum = {"MetricName": "Failed", "Dimensions": [{"Name": "Till", "Value": alarm}], "Value": 1}
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])
        async_lab.advance(minutes=2)

    return put


def arn_of(alarm):
    return f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{alarm}"


def test_a_function_gets_the_event_of_an_alarm(as_told, alarm, allow, fail):
    function = as_told()
    made = alarm(function, AlarmDescription="orders fail")
    allow(function, "lambda.alarms.cloudwatch", arn_of(made))
    fail(made)
    [event] = payloads(function)
    data = event.pop("alarmData")
    assert event.pop("time").endswith("+0000")
    assert event == {
        "source": "aws.cloudwatch",
        "alarmArn": arn_of(made),
        "accountId": "123456789012",
        "region": "eu-west-1",
    }
    assert (data["alarmName"], data["state"]["value"], data["previousState"]["value"]) == (
        made,
        "ALARM",
        "INSUFFICIENT_DATA",
    )
    assert json.loads(data["state"]["reasonData"])["recentDatapoints"] == [1.0]
    assert data["configuration"]["description"] == "orders fail"
    assert data["configuration"]["metrics"][0]["metricStat"] == {
        "metric": {"namespace": "Shop", "name": "Failed", "dimensions": {"Till": made}},
        "period": 60,
        "stat": "Sum",
    }


def test_an_alarm_that_may_not_invoke_says_so_in_its_history(as_told, alarm, cloudwatch, fail):
    function = as_told()
    made = alarm(function)
    fail(made)
    assert payloads(function) == []
    history = cloudwatch.describe_alarm_history(AlarmName=made, HistoryItemType="Action")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"].startswith("Failed to execute action")
    assert "does not let lambda.alarms.cloudwatch.amazonaws.com in" in history[0]["HistoryData"]


def test_a_composite_alarm_tells_its_rule_to_a_function(as_told, alarm, cloudwatch, allow, fail):
    function, inner = as_told(), as_told()
    made = alarm(inner)
    cloudwatch.put_composite_alarm(AlarmName=f"{made}-all", AlarmRule=f"ALARM({made})", AlarmActions=[function.arn])
    allow(function, "lambda.alarms.cloudwatch")
    fail(made)
    [event] = [event for event in payloads(function) if event["alarmData"]["state"]["value"] == "ALARM"]
    assert event["alarmData"]["configuration"] == {"alarmRule": f"ALARM({made})"}
