"""What is seen around a function: alarms, who may invoke it, where its failed events go, which qualifiers are used."""

import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from queue_lab import Lab, package

from async_lab.diagnosis import Confidence, diagnose
from async_lab.endpoint.cloudwatch import store
from async_lab.endpoint.embedded import ACCOUNT_ID, Endpoint
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
def lab():
    with Endpoint(start=NOW) as endpoint:
        yield Lab(endpoint)


@pytest.fixture(scope="module")
def clients(lab):
    return lab.target.client


# --- alarms ---


def put_alarm(lab, name, **settings):
    of_one = {"Namespace": "AWS/Lambda", "Statistic": "Sum", "Period": 60}
    lab.target.cloudwatch().put_metric_alarm(
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


def test_alarms_over_a_functions_metrics_are_found_also_in_metric_math(lab):
    topic = lab.target.client("sns").create_topic(Name="on-call")["TopicArn"]
    put_alarm(lab, "dropped", MetricName="AsyncEventsDropped", Dimensions=of("orders"), AlarmActions=[topic])
    put_alarm(lab, "silent", MetricName="Errors", Dimensions=of("orders"), AlarmActions=[topic], ActionsEnabled=False)
    put_alarm(lab, "another", MetricName="Errors", Dimensions=of("orders-2"))
    put_alarm(lab, "account", MetricName="Errors")
    both = [query("orders", "Throttles", "a"), query("orders", "Invocations", "b")]
    put_alarm(lab, "share", Metrics=[*both, {"Id": "c", "Expression": "a / b", "ReturnData": True}])

    assert standing(lab.target.cloudwatch(), "orders") == (
        StandingAlarm("dropped", "INSUFFICIENT_DATA", ("AsyncEventsDropped",), has_actions=True),
        StandingAlarm("share", "INSUFFICIENT_DATA", ("Invocations", "Throttles"), has_actions=False),
        StandingAlarm("silent", "INSUFFICIENT_DATA", ("Errors",), has_actions=False),
    )


# --- who may invoke it ---


def test_a_function_without_a_policy_has_no_invokers(lab):
    assert read_invokers(lab.lambda_, lab.function()) == ()


def test_services_and_accounts_that_may_invoke_are_told_with_their_source(lab):
    name = lab.function()
    allow = {"FunctionName": name, "Action": "lambda:InvokeFunction"}
    source = "arn:aws:events:eu-west-1:123456789012:rule/hourly"
    lab.lambda_.add_permission(StatementId="a", Principal="events.amazonaws.com", SourceArn=source, **allow)
    lab.lambda_.add_permission(StatementId="b", Principal="999999999999", **allow)

    found = read_invokers(lab.lambda_, name)
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


def targets_of(lab, clients, looks=None, **settings):
    name = lab.function(**settings)
    looks = looks or Looks()
    configuration = read_configuration(clients("lambda"), name, looks)
    return tuple(read_failure_targets(clients, configuration, lab.target.now(), looks)), looks.gaps


def failing_to(arn):
    return {"asynchronous": {"DestinationConfig": {"OnFailure": {"Destination": arn}}}}


def test_a_queues_messages_are_counted_and_nothing_is_taken_out(lab, clients):
    url, queue = lab.queue()
    for _ in range(3):
        lab.sqs.send_message(QueueUrl=url, MessageBody="lost")
    (target,), gaps = targets_of(lab, clients, DeadLetterConfig={"TargetArn": queue})

    assert target == FailureTarget(queue, is_dead_letter=True, exists=True, waiting=3)
    assert [str(gap) for gap in gaps] == [
        f"How old the oldest message in {target.name} is could not be seen: CloudWatch has no data point."
    ]
    attributes = lab.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "3"


def test_the_age_of_the_oldest_message_is_what_cloudwatch_last_had(lab, clients):
    url, queue = lab.queue()
    lab.sqs.send_message(QueueUrl=url, MessageBody="lost")
    for minutes_ago, age in ((11, 100), (1, 700), (30, 9_000)):
        at, dimensions = lab.target.now() - 60 * minutes_ago, (("QueueName", queue.rpartition(":")[2]),)
        store(ACCOUNT_ID, "eu-west-1").put("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions, at, age)
    (target,), gaps = targets_of(lab, clients, **failing_to(queue))

    assert (target.oldest_seconds, target.qualifier, gaps) == (700, "$LATEST", [])


def test_a_topics_subscriptions_are_counted(lab, clients):
    topic = lab.target.client("sns").create_topic(Name="failed")["TopicArn"]
    (unheard,), _ = targets_of(lab, clients, **failing_to(topic))
    _, queue = lab.queue()
    lab.target.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    (heard,), gaps = targets_of(lab, clients, **failing_to(topic))
    name = lab.function(**failing_to(topic))
    lab.target.client("sns").delete_topic(TopicArn=topic)
    (gone,) = read_failure_targets(clients, read_configuration(clients("lambda"), name, Looks()), NOW, Looks())

    assert gone.exists is False
    assert (unheard.exists, unheard.subscriptions) == (True, 0)
    assert (heard.exists, heard.subscriptions, gaps) == (True, 1, [])


def test_buckets_functions_and_buses_are_there_or_not(lab, clients):
    s3, events = lab.target.client("s3"), lab.target.client("events")
    s3.create_bucket(Bucket="failed-events", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    bus = events.create_event_bus(Name="failed")["EventBusArn"]
    other = lab.function()
    function = lab.lambda_.get_function_configuration(FunctionName=other)["FunctionArn"]
    wanted = ("arn:aws:s3:::failed-events", bus, function)
    names = [lab.function(**failing_to(arn)) for arn in wanted]

    def seen():
        looks = Looks()
        found = [
            target.exists
            for name in names
            for target in read_failure_targets(clients, read_configuration(clients("lambda"), name, looks), NOW, looks)
        ]
        assert looks.gaps == []
        return found

    assert seen() == [True, True, True]
    s3.delete_bucket(Bucket="failed-events")
    events.delete_event_bus(Name="failed")
    lab.lambda_.delete_function(FunctionName=other)
    assert seen() == [False, False, False]


def test_a_target_that_can_not_be_asked_for_is_a_gap_and_not_missing(lab, clients):
    _, queue = lab.queue()
    asked = []

    def refusing(service):
        client = clients(service)

        def refuse(model, **_):
            asked.append(model.name)
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

        if service == "sqs":
            client.meta.events.register("before-call.sqs.*", refuse)
        return client

    (target,), gaps = targets_of(lab, refusing, **failing_to(queue))
    assert target.exists is None
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


def test_events_are_counted_by_the_qualifier_that_they_were_sent_to(lab, clients):
    name = lab.function()
    lab.lambda_.publish_version(FunctionName=name)
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for qualifier, count in (("live", 3), ("1", 2), ("$LATEST", 1)):
        for _ in range(count):
            lab.send(name, Qualifier=qualifier)
    lab.send(name)
    lab.target.wait(60)
    seen = look_at(clients, name, None, lab.target.now() - 600, lab.target.now())

    assert seen.received_by_qualifier == {"live": 3, "1": 2, "$LATEST": 2}
    assert seen.qualifiers[0] == "live"
    assert set(seen.metrics) == set(METRIC_NAMES)
    assert seen.metrics["AsyncEventsReceived"].total == 7
    alone = look_at(clients, name, "1", lab.target.now() - 600, lab.target.now())
    assert alone.metrics["AsyncEventsReceived"].total == 2
    assert (alone.qualifiers, alone.gaps) == (("1",), ())


def test_invocations_that_lambda_stopped_as_recursive_are_summed(lab, clients):
    for function, value in (("looping", 2), ("looping", 3), ("another", 7)):
        dimensions = (("FunctionName", function),)
        at = lab.target.now()
        store(ACCOUNT_ID, "eu-west-1").put("AWS/Lambda", "RecursiveInvocationsDropped", dimensions, at, value)
    name = lab.function()
    seen = look_at(clients, name, None, lab.target.now() - 300, lab.target.now())
    assert seen.recursions_stopped == 0
    lab.lambda_.create_function(
        FunctionName="looping", Role=lab.role, Runtime="python3.13", Handler="app.handler", Code={"ZipFile": package()}
    )
    assert look_at(clients, "looping", None, lab.target.now() - 300, lab.target.now()).recursions_stopped == 5


def test_without_list_metrics_nobody_knows_which_qualifier_was_invoked(lab, clients):
    name = lab.function(asynchronous={"MaximumRetryAttempts": 0})
    lab.send(name, {"fail": "no"})
    lab.target.wait(60)

    def refusing(service):
        client = clients(service)

        def refuse(model, **_):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

        client.meta.events.register("before-call.cloudwatch.ListMetrics", refuse)
        return client

    seen = look_at(refusing, name, None, lab.target.now() - 300, lab.target.now())
    assert [gap.permission for gap in seen.gaps] == ["cloudwatch:ListMetrics"]
    assert (seen.received_by_qualifier, seen.settings, seen.are_settings_certain) == (None, None, False)
    assert diagnose(seen)[0].confidence is Confidence.LIKELY


def test_events_of_before_are_not_counted(lab, clients):
    name = lab.function()
    lab.send(name)
    lab.target.wait(600)
    seen = look_at(clients, name, None, lab.target.now() - 300, lab.target.now())

    assert seen.received_by_qualifier == {}
    assert seen.metrics["AsyncEventsReceived"].is_absent
