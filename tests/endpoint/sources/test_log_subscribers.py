"""What follows from a function's log: subscriptions, metric filters and embedded metrics."""

import base64
import gzip
import json

import pytest
from botocore.exceptions import ClientError
from measured import measured, payloads

SAYS = """
def handler(event, context):
    for line in event["say"]:
        print(line)
"""


@pytest.fixture
def speaker(async_lab, logs, handler):
    """A function that prints what it is told to, whose log group is there."""
    function = async_lab.function(handler(SAYS), name="speaker")
    logs.create_log_group(logGroupName="/aws/lambda/speaker")
    return function


@pytest.fixture
def say(async_lab, speaker):
    """Has the speaker print lines."""

    def send(*lines):
        speaker.send({"say": list(lines)})
        async_lab.advance(seconds=1)

    return send


@pytest.fixture
def subscribe(logs, speaker):
    """Subscribes a function to the speaker's log."""

    def put(reader, pattern=""):
        logs.put_subscription_filter(
            logGroupName="/aws/lambda/speaker", filterName="all", filterPattern=pattern, destinationArn=reader.arn
        )

    return put


@pytest.fixture
def filtered(logs, speaker):
    """Puts a metric filter of the speaker's log: `Found` in the namespace `Log`."""

    def put(pattern, **transformation):
        metric = {"metricNamespace": "Log", "metricName": "Found", "metricValue": "1", **transformation}
        logs.put_metric_filter(
            logGroupName="/aws/lambda/speaker",
            filterName="f",
            filterPattern=pattern,
            metricTransformations=[metric],
        )

    return put


@pytest.fixture
def found(async_lab):
    """Data points of a metric in the namespace `Log`: their sums."""
    return lambda metric="Found", **dimensions: measured(async_lab, "Sum", "Log", metric, **dimensions)


def test_a_subscriber_hears_of_what_matches_alone(async_lab, as_told, allow, speaker, say, subscribe):
    reader = as_told()
    allow(reader, "logs", f"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/{speaker}:*")
    subscribe(reader, "ERROR")
    say("all is well")
    assert payloads(reader) == []
    say("all is well", "an ERROR")
    [event] = payloads(reader)
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert [each["message"] for each in data["logEvents"]] == ["an ERROR"]
    assert data["logEvents"][0]["timestamp"] // 1_000 <= async_lab.now
    assert (data["logGroup"], data["subscriptionFilters"]) == (f"/aws/lambda/{speaker}", ["all"])


def test_a_function_that_does_not_let_the_log_in_is_refused(as_told, subscribe):
    with pytest.raises(ClientError, match="Make sure you have given CloudWatch Logs permission"):
        subscribe(as_told())


def test_a_metric_filter_counts_what_matches(say, filtered, found):
    filtered("ERROR")
    say("an ERROR", "well", "an ERROR")
    assert found() == [2]


def test_a_metric_filter_takes_values_and_dimensions_from_the_message(say, filtered, found):
    filtered("{ $.took > 0 }", metricValue="$.took", dimensions={"Shop": "$.shop"})
    say('{"took": 2, "shop": "a"}', '{"took": 3, "shop": "b"}', '{"took": 4}')
    assert (found(Shop="a"), found(Shop="b")) == ([2], [3])
    assert found() == []


def test_a_value_that_is_no_number_is_no_data_point(say, filtered, found):
    filtered("{ $.took = * }", metricValue="$.took")
    say(*(json.dumps({"took": value}) for value in ("fast", "nan", "inf", "1_0", "", True, [1], {"a": 1}, None)))
    assert found() == []
    say(*(json.dumps({"took": value}) for value in (1, "2.5", -0.5, "1e1")))
    assert found() == [13]


def test_a_metric_filter_says_its_default_where_nothing_matches(say, filtered, found):
    filtered("ERROR", defaultValue=0)
    say("well")
    assert found() == [0]


def test_a_metric_filter_that_is_put_again_replaces_itself(logs, filtered):
    filtered("ERROR")
    filtered("WARN")
    [each] = logs.describe_metric_filters(logGroupName="/aws/lambda/speaker")["metricFilters"]
    assert each["filterPattern"] == "WARN"


def test_a_metric_filter_of_fields_has_their_values(say, filtered, found):
    filtered("[level=ERROR, shop, took > 1]", metricValue="$took", dimensions={"Shop": "$shop"})
    say("ERROR a 2.5", "ERROR a 0.5", "INFO a 9", "ERROR b 4")
    assert found(Shop="a") == [2.5]
    assert found(Shop="b") == [4]


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("%ERR.R%", ["ERROR a 2"]),
        ("[level, shop=b, took]", ["INFO b 3"]),
        ('{ $.level = "WARN" }', ['{"level": "WARN"}']),
    ],
)
def test_log_events_are_found_by_a_pattern(logs, say, pattern, lines):
    say("ERROR a 2", "INFO b 3", '{"level": "WARN"}')
    group = "/aws/lambda/speaker"
    events = logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
    assert [event["message"].strip() for event in events] == lines
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        logs.filter_log_events(logGroupName=group, filterPattern="[a, b")


@pytest.mark.parametrize("pattern", ["[a, b", "%x!%"])
def test_what_is_no_pattern_is_refused_when_it_is_put(pattern, filtered):
    with pytest.raises(ClientError, match="Invalid"):
        filtered(pattern)


def test_embedded_metrics_of_a_log_line_become_metrics(async_lab, say, found):
    metadata = {
        "Timestamp": round(async_lab.now * 1_000),
        "CloudWatchMetrics": [
            {
                "Namespace": "Log",
                "Dimensions": [["Shop"], ["Shop", "Till"]],
                "Metrics": [{"Name": "Orders", "Unit": "Count"}],
            }
        ],
    }
    say(json.dumps({"_aws": metadata, "Shop": "a", "Till": "1", "Orders": [2, 3]}))
    assert found("Orders", Shop="a") == [5]
    assert found("Orders", Shop="a", Till="1") == [5]
    assert found("Orders") == []


def test_embedded_metrics_of_high_resolution_are_kept_by_the_second(async_lab, say):
    metrics = [{"Name": "Fine", "StorageResolution": 1}, {"Name": "Coarse"}]
    at = round(async_lab.now // 60 * 60) + 7
    directive = {"Namespace": "Log", "Dimensions": [[]], "Metrics": metrics}
    line = {"_aws": {"Timestamp": at * 1_000, "CloudWatchMetrics": [directive]}, "Fine": 1, "Coarse": 1}
    say(json.dumps(line))
    for name, expected in (("Fine", at), ("Coarse", at - 7)):
        (point,) = async_lab.client("cloudwatch").get_metric_statistics(
            Namespace="Log", MetricName=name, StartTime=at - 7, EndTime=at + 60, Period=1, Statistics=["Sum"]
        )["Datapoints"]
        assert point["Timestamp"].timestamp() == expected


def test_a_line_that_is_no_well_formed_embedded_metric_is_a_log_line_alone(speaker, say):
    say('{"_aws": {"CloudWatchMetrics": [{"Namespace": "x"}]}}', '"_aws"')
    assert sum('"_aws"' in line for line in speaker.logs) == 2


def test_subscriptions_are_listed_by_the_beginning_of_their_names(logs, as_told, allow, speaker, subscribe):
    reader, group = as_told(), f"/aws/lambda/{speaker}"
    allow(reader, "logs", f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}:*")
    subscribe(reader)
    for prefix, expected in (("a", ["all"]), ("b", [])):
        listed = logs.describe_subscription_filters(logGroupName=group, filterNamePrefix=prefix)
        assert [each["filterName"] for each in listed["subscriptionFilters"]] == expected


@pytest.mark.parametrize(
    ("call", "wrong", "named"),
    [
        (
            "filter_log_events",
            {"logGroupName": "/aws/lambda/speaker", "logStreamNamePrefix": "2026"},
            "logStreamNamePrefix of FilterLogEvents",
        ),
        ("describe_log_groups", {"logGroupNamePattern": "x"}, "logGroupNamePattern of DescribeLogGroups"),
    ],
)
def test_what_a_log_is_not_looked_through_by_is_named(logs, speaker, call, wrong, named):
    with pytest.raises(ClientError, match=f"async-lab doesn't model {named} yet"):
        getattr(logs, call)(**wrong)
