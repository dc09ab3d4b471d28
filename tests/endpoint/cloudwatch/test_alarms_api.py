import json
import socket
from datetime import UTC, datetime

import pytest
from alarm_changes import alarm_changes
from botocore.exceptions import ClientError
from cloudwatch_client import START, client

from async_lab.cloudwatch.queries import Query
from async_lab.endpoint.cloudwatch import evaluate, store
from async_lab.endpoint.cloudwatch.alarms import HISTORY_ITEMS, HISTORY_SECONDS, book

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"
FIRST_MINUTE = START // 60 * 60

DROPPED = {
    "AlarmName": "dropped",
    "Namespace": "AWS/Lambda",
    "MetricName": "AsyncEventsDropped",
    "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def observe(name, value, minutes=0, count=1.0):
    store(ACCOUNT, REGION).put(
        "AWS/Lambda", name, (("FunctionName", "f"),), START + 60 * minutes, value, "Count", count
    )


def let_pass(clock, minutes):
    """Evaluate as the endpoint's clock does, at each whole minute."""
    for _ in range(minutes):
        clock.move_to(clock.now() // 60 * 60 + 60)
        evaluate(clock.now())


def alarm(cloudwatch, name="dropped", type_="MetricAlarm"):
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=[type_])[f"{type_}s"]
    return found


def state(cloudwatch, name="dropped", type_="MetricAlarm"):
    return alarm(cloudwatch, name, type_)["StateValue"]


def states(cloudwatch, name="dropped"):
    """The states an alarm went through, with the minutes at which it did."""
    return [(int((at - FIRST_MINUTE) // 60), state) for at, state in alarm_changes(cloudwatch, name)]


def stat(id_, name, **more):
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": DROPPED["Dimensions"]}
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False, **more}


def test_an_alarm_begins_without_enough_data_and_follows_its_metric_in_virtual_time(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED)
    assert state(cloudwatch) == "INSUFFICIENT_DATA"
    let_pass(clock, 1)
    observe("AsyncEventsDropped", 1, minutes=2)
    let_pass(clock, 6)
    assert states(cloudwatch) == [(1, "OK"), (3, "ALARM"), (6, "OK")]


def test_an_alarm_says_when_and_why_it_changed(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED)
    observe("AsyncEventsDropped", 2)
    let_pass(clock, 1)
    found = alarm(cloudwatch)
    assert found["StateUpdatedTimestamp"] == datetime(2026, 11, 23, 8, 24, tzinfo=UTC)
    assert found["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [2.0 (23/11/26 08:23:00)] "
        "was greater than the threshold (0.0) (minimum 1 datapoint for INSUFFICIENT_DATA -> ALARM transition)."
    )
    data = json.loads(found["StateReasonData"])
    assert (data["statistic"], data["recentDatapoints"], data["threshold"]) == ("Sum", [2.0], 0.0)
    assert data["evaluatedDatapoints"] == [{"timestamp": "2026-11-23T08:23:00.000+0000", "value": 2.0}]


def test_a_minute_that_is_not_over_is_not_evaluated(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED)
    observe("AsyncEventsDropped", 1)
    evaluate(clock.now())
    assert state(cloudwatch) == "OK"


def test_a_longer_period_slides_from_minute_to_minute(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED | {"Period": 300, "Threshold": 2.0})
    for minutes in (3, 4, 5):
        observe("AsyncEventsDropped", 1, minutes=minutes)
    let_pass(clock, 6)
    assert states(cloudwatch)[-1] == (6, "ALARM")


def test_m_out_of_n_data_points_are_enough(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED | {"EvaluationPeriods": 3, "DatapointsToAlarm": 2})
    for minutes, value in enumerate((1, 0, 1, 0, 0)):
        observe("AsyncEventsDropped", value, minutes)
    let_pass(clock, 5)
    assert states(cloudwatch) == [(1, "OK"), (3, "ALARM"), (4, "OK")]


def test_an_alarm_on_a_percentile(cloudwatch, clock):
    definition = {name: value for name, value in DROPPED.items() if name != "Statistic"}
    cloudwatch.put_metric_alarm(
        **definition | {"ExtendedStatistic": "p90", "MetricName": "AsyncEventAge", "Threshold": 1000.0}
    )
    observe("AsyncEventAge", 10, count=8)
    observe("AsyncEventAge", 5000, count=2)
    let_pass(clock, 1)
    assert state(cloudwatch) == "ALARM"


@pytest.mark.parametrize(("treatment", "expected"), [("ignore", "INSUFFICIENT_DATA"), ("evaluate", "ALARM")])
def test_a_percentile_of_few_samples_changes_the_state_only_if_it_may(cloudwatch, clock, treatment, expected):
    definition = {name: value for name, value in DROPPED.items() if name != "Statistic"}
    cloudwatch.put_metric_alarm(
        **definition | {"ExtendedStatistic": "p90", "EvaluateLowSampleCountPercentile": treatment}
    )
    observe("AsyncEventsDropped", 1, count=99)
    let_pass(clock, 1)
    assert state(cloudwatch) == expected


def test_an_alarm_on_metric_math(cloudwatch, clock):
    common = ("AlarmName", "EvaluationPeriods", "ComparisonOperator")
    cloudwatch.put_metric_alarm(
        **{name: DROPPED[name] for name in common},
        Threshold=50.0,
        Metrics=[
            {"Id": "rate", "Expression": "100 * e / i", "Label": "Error rate", "ReturnData": True},
            stat("e", "Errors"),
            stat("i", "Invocations"),
        ],
    )
    for minutes, errors in enumerate((1, 3)):
        observe("Errors", errors, minutes)
        observe("Invocations", 4, minutes)
    let_pass(clock, 2)
    assert states(cloudwatch) == [(1, "OK"), (2, "ALARM")]
    assert alarm(cloudwatch)["Metrics"][0]["Label"] == "Error rate"


def test_composite_alarms_follow_their_children_and_each_other(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED)
    cloudwatch.put_composite_alarm(AlarmName="unhealthy", AlarmRule='ALARM("dropped")')
    cloudwatch.put_composite_alarm(AlarmName="page", AlarmRule=f"ALARM({ARN}unhealthy) AND NOT OK(dropped)")
    let_pass(clock, 1)
    observe("AsyncEventsDropped", 1, minutes=1)
    let_pass(clock, 1)
    assert states(cloudwatch, "unhealthy") == states(cloudwatch, "page") == [(1, "OK"), (2, "ALARM")]
    reason = alarm(cloudwatch, "unhealthy", "CompositeAlarm")["StateReason"]
    assert reason == f"{ARN}dropped transitioned to ALARM at Monday 23 November, 2026 08:25:00 UTC"
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName="unhealthy")["MetricAlarms"]
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName="dropped", AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [each["AlarmName"] for each in (*children, *parents)] == ["dropped", "unhealthy", "page"]


def topic_with_queue(endpoint):
    sns, sqs = client("sns", endpoint), client("sqs", endpoint)
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    queue = sqs.create_queue(QueueName="mail")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, lambda: [
        json.loads(message["Body"])
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    ]


def test_a_change_of_state_is_told_to_the_topics_of_the_new_state_once(cloudwatch, clock, endpoint):
    topic, receive = topic_with_queue(endpoint)
    cloudwatch.put_metric_alarm(**DROPPED, AlarmActions=[topic], AlarmDescription="Events are lost.")
    for minutes in range(3):
        observe("AsyncEventsDropped", 1, minutes)
    let_pass(clock, 3)
    (envelope,) = receive()
    assert envelope["Subject"] == 'ALARM: "dropped" in US East (N. Virginia)'
    message = json.loads(envelope["Message"])
    assert (message["OldStateValue"], message["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert message["StateChangeTime"] == "2026-11-23T08:24:00.000+0000"
    assert message["Trigger"]["Dimensions"] == [{"name": "FunctionName", "value": "f"}]
    actions = cloudwatch.describe_alarm_history(AlarmName="dropped", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in actions] == [f"Successfully executed action {topic}"]


def test_a_composite_alarm_tells_its_rule(cloudwatch, clock, endpoint):
    topic, receive = topic_with_queue(endpoint)
    cloudwatch.put_composite_alarm(AlarmName="always", AlarmRule="TRUE", AlarmActions=[topic])
    let_pass(clock, 2)
    (envelope,) = receive()
    message = json.loads(envelope["Message"])
    assert (message["AlarmRule"], message["NewStateValue"]) == ("TRUE", "ALARM")
    assert message["NewStateReason"] == f"{ARN}always was created and its alarm rule evaluates to ALARM"


def test_metric_math_is_told_whole(cloudwatch, clock, endpoint):
    topic, receive = topic_with_queue(endpoint)
    common = ("AlarmName", "EvaluationPeriods", "ComparisonOperator", "Threshold")
    metrics = [{"Id": "x", "Expression": "FILL(e, 1)"}, stat("e", "Errors")]
    cloudwatch.put_metric_alarm(**{name: DROPPED[name] for name in common}, Metrics=metrics, AlarmActions=[topic])
    let_pass(clock, 1)
    (envelope,) = receive()
    trigger = json.loads(envelope["Message"])["Trigger"]
    assert [query["Id"] for query in trigger["Metrics"]] == ["x", "e"]


def test_setting_the_state_an_alarm_is_in_changes_its_reason_alone(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED)
    let_pass(clock, 1)
    cloudwatch.set_alarm_state(AlarmName="dropped", StateValue="OK", StateReason="checked")
    assert alarm(cloudwatch)["StateReason"] == "checked"
    assert states(cloudwatch) == [(1, "OK")]


def test_disabled_actions_are_not_carried_out(cloudwatch, clock, endpoint):
    topic, receive = topic_with_queue(endpoint)
    cloudwatch.put_metric_alarm(**DROPPED, AlarmActions=[topic], OKActions=[topic])
    cloudwatch.disable_alarm_actions(AlarmNames=["dropped"])
    let_pass(clock, 1)
    assert receive() == []
    assert alarm(cloudwatch)["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=["dropped"])
    observe("AsyncEventsDropped", 1, minutes=1)
    let_pass(clock, 1)
    assert len(receive()) == 1


def test_a_subscriber_that_does_not_answer_holds_up_no_alarm(cloudwatch, clock, endpoint):
    topic, receive = topic_with_queue(endpoint)
    sns = client("sns", endpoint)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else's, and nobody listens
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
        cloudwatch.put_metric_alarm(**DROPPED, OKActions=[topic])
        let_pass(clock, 1)
    assert alarm(cloudwatch)["StateValue"] == "OK"
    assert len(receive()) == 1


def test_an_action_that_fails_is_in_the_history(cloudwatch, clock):
    gone = f"arn:aws:sns:{REGION}:{ACCOUNT}:gone"
    cloudwatch.put_metric_alarm(**DROPPED, OKActions=[gone])
    let_pass(clock, 1)
    (item,) = cloudwatch.describe_alarm_history(AlarmName="dropped", HistoryItemType="Action")["AlarmHistoryItems"]
    assert item["HistorySummary"] == f"Failed to execute action {gone}"
    assert "Topic does not exist" in json.loads(item["HistoryData"])["error"]


def test_a_state_that_was_set_by_hand_lasts_until_the_next_evaluation(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED)
    cloudwatch.put_composite_alarm(AlarmName="page", AlarmRule="ALARM(dropped)")
    let_pass(clock, 1)
    cloudwatch.set_alarm_state(AlarmName="dropped", StateValue="ALARM", StateReason="a drill")
    assert alarm(cloudwatch)["StateReason"] == "a drill"
    assert state(cloudwatch, "page", "CompositeAlarm") == "ALARM"
    let_pass(clock, 1)
    assert (state(cloudwatch), state(cloudwatch, "page", "CompositeAlarm")) == ("OK", "OK")


def test_changing_an_alarm_keeps_its_state_and_tags(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED, Tags=[{"Key": "team", "Value": "a"}])
    let_pass(clock, 1)
    cloudwatch.put_metric_alarm(**DROPPED | {"Threshold": 5.0}, Tags=[{"Key": "team", "Value": "b"}])
    found = alarm(cloudwatch)
    assert (found["StateValue"], found["Threshold"]) == ("OK", 5.0)
    assert cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "a"}]


def test_a_deleted_alarm_leaves_its_history_and_nothing_else(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED, Tags=[{"Key": "team", "Value": "a"}])
    cloudwatch.delete_alarms(AlarmNames=["dropped", "never-was"])
    cloudwatch.put_metric_alarm(**DROPPED)
    assert cloudwatch.list_tags_for_resource(ResourceARN=f"{ARN}dropped")["Tags"] == []
    items = cloudwatch.describe_alarm_history(AlarmName="dropped", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == [
        f'Alarm "dropped" {did}' for did in ("created", "deleted", "created")
    ]


@pytest.mark.parametrize(
    ("rule", "names", "said"),
    [
        ("ALARM(dropped)", ["dropped"], "Cannot delete dropped as there are composite alarm(s) depending on it."),
        (
            f"NOT OK({ARN}dropped)",
            ["dropped"],
            "Cannot delete dropped as there are composite alarm(s) depending on it.",
        ),
        (
            'OK("dropped") OR OK(late)',
            ["never-was", "dropped", "late"],
            "Cannot delete dropped,late as there are composite alarm(s) depending on them.",
        ),
    ],
)
def test_an_alarm_that_a_composite_alarm_depends_on_is_not_deleted(cloudwatch, rule, names, said):
    for name in ("dropped", "late", "free"):
        cloudwatch.put_metric_alarm(**DROPPED | {"AlarmName": name})
    cloudwatch.put_composite_alarm(AlarmName="page", AlarmRule=rule)
    with pytest.raises(ClientError) as refused:
        cloudwatch.delete_alarms(AlarmNames=[*names, "free"])
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationError", said)
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 3
    cloudwatch.put_composite_alarm(AlarmName="page", AlarmRule="FALSE")
    cloudwatch.delete_alarms(AlarmNames=[*names, "free"])
    assert set(names).isdisjoint(each["AlarmName"] for each in cloudwatch.describe_alarms()["MetricAlarms"])


def test_composite_alarms_are_deleted_one_at_a_time_from_the_top(cloudwatch):
    cloudwatch.put_metric_alarm(**DROPPED)
    cloudwatch.put_composite_alarm(AlarmName="unhealthy", AlarmRule="ALARM(dropped)")
    cloudwatch.put_composite_alarm(AlarmName="page", AlarmRule="ALARM(unhealthy)")
    with pytest.raises(ClientError, match="Cannot delete unhealthy as"):
        cloudwatch.delete_alarms(AlarmNames=["unhealthy"])
    with pytest.raises(ClientError, match="ValidationError"):
        cloudwatch.delete_alarms(AlarmNames=["unhealthy", "page"])
    cloudwatch.delete_alarms(AlarmNames=["page"])
    cloudwatch.delete_alarms(AlarmNames=["dropped", "unhealthy"])
    kept = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert kept["MetricAlarms"] + kept["CompositeAlarms"] == []


def test_alarms_are_listed_by_prefix_state_and_action_in_pages(cloudwatch, clock):
    for number in range(3):
        cloudwatch.put_metric_alarm(
            **DROPPED | {"AlarmName": f"a{number}", "AlarmActions": [f"arn:aws:sns:::t{number}"]}
        )
    cloudwatch.put_metric_alarm(**DROPPED)
    cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule="TRUE")
    listed = [
        [each["AlarmName"] for each in cloudwatch.describe_alarms(**asked)["MetricAlarms"]]
        for asked in ({}, {"AlarmNamePrefix": "a"}, {"StateValue": "OK"}, {"ActionPrefix": "arn:aws:sns:::t1"})
    ]
    assert listed == [["a0", "a1", "a2", "dropped"], ["a0", "a1", "a2"], [], ["a1"]]
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["MetricAlarms"]) for page in pages] == [3, 1]


def test_alarms_are_found_by_the_metric_they_watch(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED)
    names = ("MetricName", "Namespace", "Dimensions")
    asked = {name: DROPPED[name] for name in names}
    assert len(cloudwatch.describe_alarms_for_metric(**asked)["MetricAlarms"]) == 1
    assert cloudwatch.describe_alarms_for_metric(**asked, Statistic="Maximum")["MetricAlarms"] == []
    assert cloudwatch.describe_alarms_for_metric(**asked | {"Dimensions": []})["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
        ({"TreatMissingData": "zero"}, "Option zero is not supported"),
        ({"ExtendedStatistic": "p99"}, "Exactly one of Statistic"),
        ({"Period": 90}, "multiple of 60"),
        ({"Period": 5}, "10, 20, 30 or a multiple of 60"),
        ({"Metrics": [stat("m", "Errors", ReturnData=True)]}, "mutually exclusive"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "Anomaly detection"),
        ({"EvaluateLowSampleCountPercentile": "maybe"}, "Option maybe is not supported"),
    ],
)
def test_a_wrong_alarm_is_refused(cloudwatch, clock, wrong, part):
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_alarm(**DROPPED | wrong)
    assert part in error.value.response["Error"]["Message"]
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize("name", ["MetricName", "Namespace", "Period", "Threshold"])
def test_an_alarm_without_a_part_of_its_metric_is_refused(cloudwatch, clock, name):
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_alarm(**{key: value for key, value in DROPPED.items() if key != name})
    assert f"The parameter {name} is required" in error.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("metrics", "part"),
    [
        ([stat("e", "Errors")], "Exactly one element"),
        ([{"Id": "x", "Expression": "y"}, stat("e", "Errors")], "Undefined variable y"),
        ([{"Id": "x", "Expression": "[e, e]"}, stat("e", "Errors")], "single time series"),
        ([{"Id": "x", "Expression": "SEARCH('a', 'Sum')"}, stat("e", "Errors")], "SEARCH"),
        ([{"Id": "x", "Expression": "TIME_SERIES(1)"}], "at least one metric"),
    ],
)
def test_wrong_metric_math_of_an_alarm_is_refused(cloudwatch, clock, metrics, part):
    common = ("AlarmName", "EvaluationPeriods", "ComparisonOperator", "Threshold")
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_alarm(**{name: DROPPED[name] for name in common}, Metrics=metrics)
    assert part in error.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("rule", "part"), [("ALARM(gone)", "[gone] in the alarm rule do not exist"), ("ALARM(", "Invalid AlarmRule")]
)
def test_a_wrong_composite_alarm_is_refused(cloudwatch, clock, rule, part):
    with pytest.raises(ClientError) as error:
        cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule=rule)
    assert part in error.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"AlarmName": "gone"}, "ResourceNotFound"),
        ({"StateValue": "BROKEN"}, "ValidationError"),
        ({"StateReasonData": "{"}, "InvalidFormat"),
    ],
)
def test_a_wrong_state_is_refused(cloudwatch, clock, wrong, code):
    cloudwatch.put_metric_alarm(**DROPPED)
    with pytest.raises(ClientError) as error:
        cloudwatch.set_alarm_state(**{"AlarmName": "dropped", "StateValue": "OK", "StateReason": "r"} | wrong)
    assert error.value.response["Error"]["Code"] == code


def test_an_alarm_on_a_queue_sees_what_is_in_it(cloudwatch, clock, endpoint):
    sqs = client("sqs", endpoint)
    queue = sqs.create_queue(QueueName="failures")["QueueUrl"]
    watched = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "failures"}],
        "Statistic": "Maximum",
    }
    cloudwatch.put_metric_alarm(**DROPPED | watched)
    let_pass(clock, 1)
    sqs.send_message(QueueUrl=queue, MessageBody="lost")
    let_pass(clock, 1)
    assert states(cloudwatch) == [(1, "OK"), (2, "ALARM")]


def test_a_dashboard_is_stamped_with_the_endpoints_time(cloudwatch, clock):
    cloudwatch.put_dashboard(DashboardName="lab", DashboardBody='{"widgets": []}')
    (entry,) = cloudwatch.list_dashboards()["DashboardEntries"]
    assert entry["LastModified"] == datetime.fromtimestamp(START, UTC)


def test_an_alarm_that_cannot_be_evaluated_says_so_and_the_others_go_on(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**{**DROPPED, "AlarmName": "a-odd"})
    cloudwatch.put_metric_alarm(**DROPPED)
    odd = book(ACCOUNT, REGION).alarms["a-odd"]
    odd.queries = (Query("q", expression="nothing"),)  # as no request can make it
    observe("AsyncEventsDropped", 1, minutes=1)
    let_pass(clock, 2)
    assert state(cloudwatch) == "ALARM"
    assert state(cloudwatch, "a-odd") == "INSUFFICIENT_DATA"
    assert "could not be evaluated" in alarm(cloudwatch, "a-odd")["StateReason"]


def test_the_history_of_alarms_is_bounded(cloudwatch, clock):
    cloudwatch.put_metric_alarm(**DROPPED)
    kept, dropped = book(ACCOUNT, REGION), book(ACCOUNT, REGION).alarms["dropped"]
    for number in range(HISTORY_ITEMS + 10):
        kept.note(dropped, START + number / 1_000, "Action", "", {})
    assert len(kept.history) == HISTORY_ITEMS
    kept.note(dropped, START + HISTORY_SECONDS + 3_600, "Action", "", {})
    assert len(kept.history) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"EvaluationPeriods": 1_000_000_000},
        {"Period": 86_400, "EvaluationPeriods": 8},
        {"Threshold": float("nan")},
        {"Threshold": float("inf")},
    ],
)
def test_numbers_that_no_alarm_can_have_are_refused(cloudwatch, odd):
    with pytest.raises(ClientError, match=r"Validation|InvalidParameter"):
        cloudwatch.put_metric_alarm(**{**DROPPED, **odd})


def test_an_alarm_on_what_a_number_chooses_is_evaluated(cloudwatch, clock):
    chosen = {name: value for name, value in DROPPED.items() if name in {"EvaluationPeriods", "ComparisonOperator"}}
    metrics = [stat("m1", "AsyncEventsDropped"), {"Id": "e", "Expression": "IF(SUM(m1) > 0, 5, m1)"}]
    cloudwatch.put_metric_alarm(AlarmName="odd", Threshold=4, Metrics=metrics, **chosen)
    observe("AsyncEventsDropped", 1, minutes=0)
    let_pass(clock, 1)
    assert state(cloudwatch, "odd") == "ALARM"


@pytest.mark.parametrize("missing", ["ComparisonOperator", "EvaluationPeriods", "Threshold"])
def test_what_an_alarm_can_not_do_without_is_named(cloudwatch, missing):
    definition = {name: value for name, value in DROPPED.items() if name != missing}
    with pytest.raises(ClientError, match=f"The parameter {missing} is required"):
        cloudwatch.put_metric_alarm(**definition)


def test_a_dashboards_name_has_no_other_characters_than_aws_allows(cloudwatch):
    with pytest.raises(ClientError, match="DashboardName contains invalid characters") as error:
        cloudwatch.put_dashboard(DashboardName="a b", DashboardBody='{"widgets": []}')
    assert error.value.response["Error"]["Code"] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("nonsense", "Invalid arn syntax: nonsense"),
        ("arn:aws:sns:eu-north-1:123456789012:alarms", "Invalid region eu-north-1 specified. Only .* is supported"),
        ("arn:aws:automate:us-east-1:ec2:stop", "async-lab carries out alarms' actions of .* alone"),
        ("arn:aws:ssm:us-east-1:123456789012:opsitem:1", "async-lab carries out alarms' actions of .* alone"),
    ],
)
def test_actions_that_nobody_would_carry_out_are_refused(cloudwatch, action, said):
    with pytest.raises(ClientError, match=said):
        cloudwatch.put_metric_alarm(**DROPPED, AlarmActions=[action])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
