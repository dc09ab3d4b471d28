"""What is seen around a function: alarms, who may invoke it, where its failed events go, which qualifiers are used."""

import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from packages import deployed

from async_lab.diagnosis import Confidence, diagnose
from async_lab.endpoint.cloudwatch import store
from async_lab.endpoint.embedded import ACCOUNT_ID
from async_lab.observation.alarms import StandingAlarm, standing
from async_lab.observation.configuration import read_configuration
from async_lab.observation.failure_targets import FailureTarget, read_failure_targets
from async_lab.observation.gaps import Looks
from async_lab.observation.invokers import Invoker, read_invokers
from async_lab.observation.look import look_at
from async_lab.observation.metrics import METRIC_NAMES

ACCOUNT = "123456789012"
NOW = 1_692_778_920.0


@pytest.fixture(scope="module")
def lab_settings():
    return {"region": "eu-west-1", "start": NOW}


@pytest.fixture
def clients(target):
    return target.client


# --- alarms ---


def put_alarm(async_lab, name, **settings):
    of_one = {"Namespace": "AWS/Lambda", "Statistic": "Sum", "Period": 60}
    async_lab.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        **(settings if "Metrics" in settings else of_one | settings),
    )


def of(function):
    return [{"Name": "FunctionName", "Value": function}]


def query(function, metric, identity):
    stat = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": of(function)}, "Period": 60}
    return {"Id": identity, "ReturnData": False, "MetricStat": stat | {"Stat": "Sum"}}


def test_alarms_over_a_functions_metrics_are_found_also_in_metric_math(async_lab):
    topic = async_lab.client("sns").create_topic(Name="on-call")["TopicArn"]
    put_alarm(async_lab, "dropped", MetricName="AsyncEventsDropped", Dimensions=of("orders"), AlarmActions=[topic])
    put_alarm(
        async_lab, "silent", MetricName="Errors", Dimensions=of("orders"), AlarmActions=[topic], ActionsEnabled=False
    )
    put_alarm(async_lab, "another", MetricName="Errors", Dimensions=of("orders-2"))
    put_alarm(async_lab, "account", MetricName="Errors")
    both = [query("orders", "Throttles", "a"), query("orders", "Invocations", "b")]
    put_alarm(async_lab, "share", Metrics=[*both, {"Id": "c", "Expression": "a / b", "ReturnData": True}])

    assert standing(async_lab.client("cloudwatch"), "orders") == (
        StandingAlarm("dropped", "INSUFFICIENT_DATA", ("AsyncEventsDropped",), has_actions=True),
        StandingAlarm("share", "INSUFFICIENT_DATA", ("Invocations", "Throttles"), has_actions=False),
        StandingAlarm("silent", "INSUFFICIENT_DATA", ("Errors",), has_actions=False),
    )


# --- who may invoke it ---


def test_a_function_without_a_policy_has_no_invokers(as_told, lambda_):
    assert read_invokers(lambda_, as_told().name) == ()


def test_services_and_accounts_that_may_invoke_are_told_with_their_source(as_told, lambda_):
    function = as_told()
    allow = {"FunctionName": function.name, "Action": "lambda:InvokeFunction"}
    source = "arn:aws:events:eu-west-1:123456789012:rule/hourly"
    lambda_.add_permission(StatementId="a", Principal="events.amazonaws.com", SourceArn=source, **allow)
    lambda_.add_permission(StatementId="b", Principal="999999999999", **allow)

    found = read_invokers(lambda_, function.name)
    assert found[0] == Invoker("events.amazonaws.com", source)
    assert "999999999999" in found[1].principal
    assert found[1].source_arn is None


@pytest.mark.parametrize(
    ("statement", "invokers"),
    [
        ({"Effect": "Allow", "Principal": "*"}, (Invoker("*"),)),
        ({"Effect": "Deny", "Principal": "*"}, ()),
        ({"Effect": "Allow", "Principal": {"AWS": ["1", "2"]}}, (Invoker("1"), Invoker("2"))),
        (
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Condition": {"ArnEquals": {"aws:SourceArn": ["arn:a", "arn:b"]}},
            },
            (Invoker("sns.amazonaws.com", "arn:a, arn:b"),),
        ),
    ],
)
def test_a_policy_of_any_form_is_read(clients, statement, invokers):
    class Answers:
        exceptions = clients("lambda").exceptions

        def get_policy(self, **_):
            return {"Policy": json.dumps({"Statement": [statement]})}

    assert read_invokers(Answers(), "any") == invokers


# --- where failed events go ---


def targets_of(target, clients, function):
    looks = Looks()
    configuration = read_configuration(target.client("lambda"), function.name, looks)
    return tuple(read_failure_targets(clients, configuration, target.now(), looks)), looks.gaps


def test_a_queues_messages_are_counted_and_nothing_is_taken_out(as_told, sqs, target):
    function = as_told(dead_letter_queue=True)
    queue = function.dead_letter_queue
    name = queue.rpartition(":")[2]
    for _ in range(3):
        sqs.send_message(QueueUrl=name, MessageBody="lost")
    (found,), gaps = targets_of(target, target.client, function)

    assert found == FailureTarget(queue, is_dead_letter=True, exists=True, waiting=3)
    assert [str(gap) for gap in gaps] == [
        f"How old the oldest message in {found.name} is could not be seen: CloudWatch has no data point."
    ]
    attributes = sqs.get_queue_attributes(QueueUrl=name, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "3"


def test_the_age_of_the_oldest_message_is_what_cloudwatch_last_had(async_lab, as_told, sqs, target):
    function = as_told(failure_queue=True)
    name = function.failure_queue.rpartition(":")[2]
    sqs.send_message(QueueUrl=name, MessageBody="lost")
    for minutes_ago, age in ((11, 100), (1, 700), (30, 9_000)):
        at, dimensions = async_lab.now - 60 * minutes_ago, (("QueueName", name),)
        store(ACCOUNT_ID, "eu-west-1").put("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions, at, age)
    (found,), gaps = targets_of(target, target.client, function)

    assert (found.oldest_seconds, found.qualifier, gaps) == (700, "$LATEST", [])


def test_a_topics_subscriptions_are_counted(async_lab, as_told, target):
    sns = async_lab.client("sns")
    topic = sns.create_topic(Name="failed")["TopicArn"]
    function = as_told(on_failure=topic)
    (unheard,), _ = targets_of(target, target.client, function)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=async_lab.queue("heard"))
    (heard,), gaps = targets_of(target, target.client, function)
    sns.delete_topic(TopicArn=topic)
    (gone,), _ = targets_of(target, target.client, function)

    assert gone.exists is False
    assert (unheard.exists, unheard.subscriptions) == (True, 0)
    assert (heard.exists, heard.subscriptions, gaps) == (True, 1, [])


def test_buckets_functions_and_buses_are_there_or_not(async_lab, as_told, lambda_, target):
    s3, events = async_lab.client("s3"), async_lab.client("events")
    s3.create_bucket(Bucket="failed-events", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    bus, other = events.create_event_bus(Name="failed")["EventBusArn"], as_told()
    functions = [as_told(on_failure=arn) for arn in ("arn:aws:s3:::failed-events", bus, other.arn)]

    def seen():
        looked = [targets_of(target, target.client, function) for function in functions]
        assert not any(gaps for _, gaps in looked)
        return [found.exists for targets, _ in looked for found in targets]

    assert seen() == [True, True, True]
    s3.delete_bucket(Bucket="failed-events")
    events.delete_event_bus(Name="failed")
    lambda_.delete_function(FunctionName=other.name)
    assert seen() == [False, False, False]


def test_a_target_that_can_not_be_asked_for_is_a_gap_and_not_missing(as_told, target):
    function, asked = as_told(failure_queue=True), []

    def refusing(service):
        client = target.client(service)

        def refuse(model, **_):
            asked.append(model.name)
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

        if service == "sqs":
            client.meta.events.register("before-call.sqs.*", refuse)
        return client

    (found,), gaps = targets_of(target, refusing, function)
    assert found.exists is None
    assert [gap.permission for gap in gaps] == ["sqs:GetQueueUrl"]
    assert asked == ["GetQueueUrl"]


def test_what_can_not_be_reached_is_a_gap():
    looks = Looks()

    def unreachable():
        raise EndpointConnectionError(endpoint_url="https://sqs.eu-west-1.amazonaws.com")

    assert looks.at("the queue", "sqs:GetQueueUrl", unreachable) is None
    assert "sqs:GetQueueUrl failed (Could not connect" in str(looks.gaps[0])


def test_an_answer_that_is_not_awss_is_a_gap():
    looks = Looks()

    def garbled():
        raise ResponseParserError("Unable to parse response, invalid XML received")

    assert looks.at("the queue", "sqs:GetQueueUrl", garbled) is None
    assert "invalid XML" in str(looks.gaps[0])


# --- all of it ---


def test_events_are_counted_by_the_qualifier_that_they_were_sent_to(async_lab, as_told, lambda_, clients):
    function = as_told()
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    for qualifier, count in (("live", 3), ("1", 2), ("$LATEST", 1)):
        for _ in range(count):
            async_lab.send(f"{function}:{qualifier}")
    function.send()
    async_lab.advance(seconds=60)
    seen = look_at(clients, function.name, None, async_lab.now - 600, async_lab.now)

    assert seen.received_by_qualifier == {"live": 3, "1": 2, "$LATEST": 2}
    assert seen.qualifiers[0] == "live"
    assert set(seen.metrics) == set(METRIC_NAMES)
    assert seen.metrics["AsyncEventsReceived"].total == 7
    alone = look_at(clients, function.name, "1", async_lab.now - 600, async_lab.now)
    assert alone.metrics["AsyncEventsReceived"].total == 2
    assert (alone.qualifiers, alone.gaps) == (("1",), ())


def test_invocations_that_lambda_stopped_as_recursive_are_summed(async_lab, as_told, clients):
    for function, value in (("looping", 2), ("looping", 3), ("another", 7)):
        dimensions = (("FunctionName", function),)
        at = async_lab.now
        store(ACCOUNT_ID, "eu-west-1").put("AWS/Lambda", "RecursiveInvocationsDropped", dimensions, at, value)
    function = as_told()
    seen = look_at(clients, function.name, None, async_lab.now - 300, async_lab.now)
    assert seen.recursions_stopped == 0
    deployed(clients, "looping")
    assert look_at(clients, "looping", None, async_lab.now - 300, async_lab.now).recursions_stopped == 5


def test_without_list_metrics_nobody_knows_which_qualifier_was_invoked(async_lab, as_told, clients):
    function = as_told(retries=0)
    function.send({"fail": "no"})
    async_lab.advance(seconds=60)

    def refusing(service):
        client = clients(service)

        def refuse(model, **_):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

        client.meta.events.register("before-call.cloudwatch.ListMetrics", refuse)
        return client

    seen = look_at(refusing, function.name, None, async_lab.now - 300, async_lab.now)
    assert [gap.permission for gap in seen.gaps] == ["cloudwatch:ListMetrics"]
    assert (seen.received_by_qualifier, seen.settings, seen.are_settings_certain) == (None, None, False)
    assert diagnose(seen)[0].confidence is Confidence.LIKELY


def test_events_of_before_are_not_counted(async_lab, as_told, clients):
    function = as_told()
    function.send()
    async_lab.advance(seconds=600)
    seen = look_at(clients, function.name, None, async_lab.now - 300, async_lab.now)

    assert seen.received_by_qualifier == {}
    assert seen.metrics["AsyncEventsReceived"].is_absent
