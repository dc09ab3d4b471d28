"""What follows from a function's log: subscriptions, metric filters and embedded metrics."""

import base64
import gzip
import json

import pytest
from botocore.exceptions import ClientError

SAYS = """
def handler(event, context):
    for line in event["say"]:
        print(line)
"""


@pytest.fixture
def speaker(lab):
    """A function that prints what it is told to, whose log group is there."""
    name = lab.function(source=SAYS)
    lab.logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    return name


def say(lab, name, *lines):
    lab.send(name, {"say": list(lines)})
    lab.endpoint.wait(1)


def subscribe(lab, name, reader, pattern=""):
    lab.logs.put_subscription_filter(
        logGroupName=f"/aws/lambda/{name}", filterName="all", filterPattern=pattern, destinationArn=lab.arn(reader)
    )


def filtered(lab, name, pattern, **transformation):
    lab.logs.put_metric_filter(
        logGroupName=f"/aws/lambda/{name}",
        filterName="f",
        filterPattern=pattern,
        metricTransformations=[{"metricNamespace": name, "metricName": "Found", "metricValue": "1", **transformation}],
    )


def total(lab, namespace, metric, **dimensions):
    points = lab.cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=lab.target.now() - 3_600,
        EndTime=lab.target.now() + 60,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points) if points else None


def test_a_subscriber_hears_of_what_matches_alone(lab, speaker):
    reader = lab.function()
    lab.allow(reader, "logs", f"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/{speaker}:*")
    subscribe(lab, speaker, reader, "ERROR")
    say(lab, speaker, "all is well")
    assert lab.invoked(reader) == []
    say(lab, speaker, "all is well", "an ERROR")
    [event] = lab.invoked(reader)
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert [each["message"] for each in data["logEvents"]] == ["an ERROR"]
    assert data["logEvents"][0]["timestamp"] // 1_000 <= lab.target.now()
    assert (data["logGroup"], data["subscriptionFilters"]) == (f"/aws/lambda/{speaker}", ["all"])


def test_a_function_that_does_not_let_the_log_in_is_refused(lab, speaker):
    with pytest.raises(ClientError, match="Make sure you have given CloudWatch Logs permission"):
        subscribe(lab, speaker, lab.function())


def test_a_metric_filter_counts_what_matches(lab, speaker):
    filtered(lab, speaker, "ERROR")
    say(lab, speaker, "an ERROR", "well", "an ERROR")
    assert total(lab, speaker, "Found") == 2


def test_a_metric_filter_takes_values_and_dimensions_from_the_message(lab, speaker):
    filtered(lab, speaker, "{ $.took > 0 }", metricValue="$.took", dimensions={"Shop": "$.shop"})
    say(lab, speaker, '{"took": 2, "shop": "a"}', '{"took": 3, "shop": "b"}', '{"took": 4}')
    assert (total(lab, speaker, "Found", Shop="a"), total(lab, speaker, "Found", Shop="b")) == (2, 3)
    assert total(lab, speaker, "Found") is None


def test_a_metric_filter_says_its_default_where_nothing_matches(lab, speaker):
    filtered(lab, speaker, "ERROR", defaultValue=0)
    say(lab, speaker, "well")
    assert total(lab, speaker, "Found") == 0


def test_a_metric_filter_that_is_put_again_replaces_itself(lab, speaker):
    filtered(lab, speaker, "ERROR")
    filtered(lab, speaker, "WARN")
    [each] = lab.logs.describe_metric_filters(logGroupName=f"/aws/lambda/{speaker}")["metricFilters"]
    assert each["filterPattern"] == "WARN"


def test_a_metric_filter_of_fields_has_their_values(lab, speaker):
    filtered(lab, speaker, "[level=ERROR, shop, took > 1]", metricValue="$took", dimensions={"Shop": "$shop"})
    say(lab, speaker, "ERROR a 2.5", "ERROR a 0.5", "INFO a 9", "ERROR b 4")
    assert total(lab, speaker, "Found", Shop="a") == 2.5
    assert total(lab, speaker, "Found", Shop="b") == 4


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("%ERR.R%", ["ERROR a 2"]),
        ("[level, shop=b, took]", ["INFO b 3"]),
        ('{ $.level = "WARN" }', ['{"level": "WARN"}']),
    ],
)
def test_log_events_are_found_by_a_pattern(lab, speaker, pattern, found):
    say(lab, speaker, "ERROR a 2", "INFO b 3", '{"level": "WARN"}')
    group = f"/aws/lambda/{speaker}"
    events = lab.logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
    assert [event["message"].strip() for event in events] == found
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        lab.logs.filter_log_events(logGroupName=group, filterPattern="[a, b")


@pytest.mark.parametrize("pattern", ["[a, b", "%x!%"])
def test_what_is_no_pattern_is_refused_when_it_is_put(lab, speaker, pattern):
    with pytest.raises(ClientError, match="Invalid"):
        filtered(lab, speaker, pattern)


def test_embedded_metrics_of_a_log_line_become_metrics(lab, speaker):
    metadata = {
        "Timestamp": round(lab.target.now() * 1_000),
        "CloudWatchMetrics": [
            {
                "Namespace": speaker,
                "Dimensions": [["Shop"], ["Shop", "Till"]],
                "Metrics": [{"Name": "Orders", "Unit": "Count"}],
            }
        ],
    }
    say(lab, speaker, json.dumps({"_aws": metadata, "Shop": "a", "Till": "1", "Orders": [2, 3]}))
    assert total(lab, speaker, "Orders", Shop="a") == 5
    assert total(lab, speaker, "Orders", Shop="a", Till="1") == 5
    assert total(lab, speaker, "Orders") is None


def test_embedded_metrics_of_high_resolution_are_kept_by_the_second(lab, speaker):
    metrics = [{"Name": "Fine", "StorageResolution": 1}, {"Name": "Coarse"}]
    at = round(lab.target.now() // 60 * 60) + 7
    directive = {"Namespace": speaker, "Dimensions": [[]], "Metrics": metrics}
    line = {"_aws": {"Timestamp": at * 1_000, "CloudWatchMetrics": [directive]}, "Fine": 1, "Coarse": 1}
    say(lab, speaker, json.dumps(line))
    for name, expected in (("Fine", at), ("Coarse", at - 7)):
        (point,) = lab.cloudwatch.get_metric_statistics(
            Namespace=speaker, MetricName=name, StartTime=at - 7, EndTime=at + 60, Period=1, Statistics=["Sum"]
        )["Datapoints"]
        assert point["Timestamp"].timestamp() == expected


def test_a_line_that_is_no_well_formed_embedded_metric_is_a_log_line_alone(lab, speaker):
    say(lab, speaker, '{"_aws": {"CloudWatchMetrics": [{"Namespace": "x"}]}}', '"_aws"')
    assert sum('"_aws"' in line for line in lab.log(speaker)) == 2


def test_subscriptions_are_listed_by_the_beginning_of_their_names(lab, speaker):
    reader = lab.function()
    lab.allow(reader, "logs", f"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/{speaker}:*")
    subscribe(lab, speaker, reader)
    group = f"/aws/lambda/{speaker}"
    for prefix, expected in (("a", ["all"]), ("b", [])):
        found = lab.logs.describe_subscription_filters(logGroupName=group, filterNamePrefix=prefix)
        assert [each["filterName"] for each in found["subscriptionFilters"]] == expected


@pytest.mark.parametrize(
    ("call", "wrong", "named"),
    [
        ("filter_log_events", {"logStreamNamePrefix": "2026"}, "logStreamNamePrefix of FilterLogEvents"),
        ("describe_log_groups", {"logGroupNamePattern": "x"}, "logGroupNamePattern of DescribeLogGroups"),
    ],
)
def test_what_a_log_is_not_looked_through_by_is_named(lab, speaker, call, wrong, named):
    where = {"logGroupName": f"/aws/lambda/{speaker}"} if call == "filter_log_events" else {}
    with pytest.raises(ClientError, match=f"async-lab doesn't model {named} yet"):
        getattr(lab.logs, call)(**where, **wrong)
