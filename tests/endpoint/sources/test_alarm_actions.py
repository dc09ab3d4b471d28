"""Alarms invoke functions where they are permitted."""

import json

import pytest


@pytest.fixture
def alarm(lab):
    """Makes an alarm on orders that invokes a function; returns its name."""
    made = []

    def make(name, **changed):
        lab.made += 1
        alarm = f"alarm-{lab.made}"
        lab.cloudwatch.put_metric_alarm(
            **{
                "AlarmName": alarm,
                "Namespace": "Shop",
                "MetricName": "Failed",
                "Dimensions": [{"Name": "Till", "Value": alarm}],
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 0.0,
                "ComparisonOperator": "GreaterThanThreshold",
                "AlarmActions": [lab.arn(name)],
                **changed,
            }
        )
        made.append(alarm)
        return alarm

    yield make
    lab.cloudwatch.delete_alarms(AlarmNames=made)


def fail(lab, alarm):
    datum = {"MetricName": "Failed", "Dimensions": [{"Name": "Till", "Value": alarm}], "Value": 1}
    lab.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])
    lab.endpoint.wait(120)


def arn_of(alarm):
    return f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{alarm}"


def test_a_function_gets_the_event_of_an_alarm(lab, alarm):
    name = lab.function()
    made = alarm(name, AlarmDescription="orders fail")
    lab.allow(name, "lambda.alarms.cloudwatch", arn_of(made))
    fail(lab, made)
    [event] = lab.invoked(name)
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


def test_an_alarm_that_may_not_invoke_says_so_in_its_history(lab, alarm):
    name = lab.function()
    made = alarm(name)
    fail(lab, made)
    assert lab.invoked(name) == []
    history = lab.cloudwatch.describe_alarm_history(AlarmName=made, HistoryItemType="Action")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"].startswith("Failed to execute action")
    assert "does not let lambda.alarms.cloudwatch.amazonaws.com in" in history[0]["HistoryData"]


def test_a_composite_alarm_tells_its_rule_to_a_function(lab, alarm):
    name, inner = lab.function(), lab.function()
    made = alarm(inner)
    lab.cloudwatch.put_composite_alarm(
        AlarmName=f"{made}-all", AlarmRule=f"ALARM({made})", AlarmActions=[lab.arn(name)]
    )
    lab.allow(name, "lambda.alarms.cloudwatch")
    fail(lab, made)
    [event] = [event for event in lab.invoked(name) if event["alarmData"]["state"]["value"] == "ALARM"]
    assert event["alarmData"]["configuration"] == {"alarmRule": f"ALARM({made})"}
    lab.cloudwatch.delete_alarms(AlarmNames=[f"{made}-all"])
