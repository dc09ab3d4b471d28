import json

import pytest
from lambda_client import FUNCTION_ARN, NAME, REGION, client

from async_lab.endpoint.sources import triggers


@pytest.fixture
def invoked(functions, create):
    """What was invoked: function, qualifier, payload. The function has an alias."""
    create()
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="$LATEST")
    calls = []

    def invoke(region, name, qualifier, payload):
        assert region == REGION
        calls.append((name, qualifier, json.loads(payload)))

    triggers.install(invoke)
    return calls


@pytest.mark.parametrize(("arn", "qualifier"), [(FUNCTION_ARN, None), (f"{FUNCTION_ARN}:live", "live")])
def test_new_object_invokes_the_function(url, invoked, arn, qualifier):
    s3 = client("s3", url)
    s3.create_bucket(Bucket="incoming", CreateBucketConfiguration={"LocationConstraint": REGION})
    wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="incoming", NotificationConfiguration=wanted)
    s3.put_object(Bucket="incoming", Key="order.json", Body=b"{}")
    ((name, called, event),) = invoked
    assert (name, called) == (NAME, qualifier)
    assert event["Records"][0]["s3"]["object"]["key"] == "order.json"


@pytest.mark.parametrize(("arn", "qualifier"), [(FUNCTION_ARN, None), (f"{FUNCTION_ARN}:live", "live")])
def test_notification_invokes_the_function(url, invoked, arn, qualifier):
    sns = client("sns", url)
    topic = sns.create_topic(Name="incoming")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello", Subject="greeting")
    ((name, called, event),) = invoked
    assert (name, called) == (NAME, qualifier)
    (record,) = event["Records"]
    assert (record["EventSource"], record["Sns"]["Message"], record["Sns"]["Subject"]) == (
        "aws:sns",
        "hello",
        "greeting",
    )


@pytest.fixture
def rule(url, invoked):
    """Puts an event to a rule with the given targets; it matches events of the shop."""
    events = client("events", url)

    def send(source, *targets):
        events.put_rule(Name="orders", EventPattern=json.dumps({"source": ["shop"]}))
        events.put_targets(Rule="orders", Targets=list(targets))
        events.put_events(Entries=[{"Source": source, "DetailType": "Order", "Detail": '{"order": 1}'}])

    return send


def test_event_that_matches_a_rule_invokes_the_function(rule, invoked):
    rule("shop", {"Id": "1", "Arn": f"{FUNCTION_ARN}:live"})
    ((name, qualifier, event),) = invoked
    assert (name, qualifier, event["detail"], event["detail-type"]) == (NAME, "live", {"order": 1}, "Order")
    assert event["time"].endswith("Z")


def test_rule_passes_its_own_input_on(rule, invoked):
    rule("shop", {"Id": "1", "Arn": FUNCTION_ARN, "Input": '{"constant": true}'})
    assert invoked == [(NAME, None, {"constant": True})]


def test_event_that_matches_no_rule_invokes_nothing(rule, invoked):
    rule("elsewhere", {"Id": "1", "Arn": FUNCTION_ARN})
    assert invoked == []


def test_trigger_of_a_function_that_is_gone_is_forgotten(functions, rule, invoked):
    functions.delete_function(FunctionName=NAME)
    rule("shop", {"Id": "1", "Arn": FUNCTION_ARN})
    assert invoked == []
