"""The history of an alarm's states, for tests of alarms."""

import json


def alarm_changes(cloudwatch, name):
    """The states that an alarm went through, each with its instant in epoch seconds, oldest first."""
    items = cloudwatch.describe_alarm_history(
        AlarmName=name,
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        HistoryItemType="StateUpdate",
        ScanBy="TimestampAscending",
    )["AlarmHistoryItems"]
    return [
        (item["Timestamp"].timestamp(), json.loads(item["HistoryData"])["newState"]["stateValue"]) for item in items
    ]
