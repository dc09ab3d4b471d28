"""A function that triggers itself is stopped after some sixteen rounds."""

import json
from itertools import count

import pytest
from measured import total

ROUNDS = 16
PASSES_ON = """
import boto3, json, os
def handler(event, context):
    print("ROUND")
    how, where = os.environ["HOW"], os.environ["WHERE"]
    if how == "sns":
        boto3.client("sns").publish(TopicArn=where, Message="again")
    elif how == "sqs":
        boto3.client("sqs").send_message(QueueUrl=where, MessageBody="again")
    elif how == "s3":
        boto3.client("s3").put_object(Bucket=where, Key="again", Body=b"")
    elif how in ("Event", "RequestResponse"):
        boto3.client("lambda").invoke(FunctionName=context.function_name, InvocationType=how)
    elif how == "events":
        boto3.client("events").put_events(Entries=[{"Source": "loop", "DetailType": "x", "Detail": "{}"}])
"""


def rounds(function):
    return sum(line.startswith("ROUND") for line in function.logs)


@pytest.fixture
def dropped(async_lab):
    """How many invocations of a function were stopped as a loop's."""
    return lambda function: total(async_lab, "AWS/Lambda", "RecursiveInvocationsDropped", FunctionName=function)


@pytest.fixture
def looping(async_lab, handler):
    """Make functions that pass on what they get, in such a way, to such a place."""
    code, numbers = handler(PASSES_ON), count(1)

    def make(how, where="", **settings):
        variables = {"HOW": how, "WHERE": where}
        name = f"function-{next(numbers)}"
        return async_lab.function(code, name=name, timeout=30, environment=variables, **settings)

    return make


def test_a_function_that_publishes_to_its_own_topic_is_stopped(async_lab, sns, allow, looping, dropped):
    topic = sns.create_topic(Name="again")["TopicArn"]
    function = looping("sns", topic, failure_queue=True)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn)
    allow(function, "sns", topic)
    function.send()
    async_lab.advance(seconds=120)
    assert rounds(function) == ROUNDS
    assert dropped(function) == 1
    [message] = async_lab.messages(function.failure_queue)
    record = message.json
    assert record["requestPayload"]["Records"][0]["Sns"]["Message"] == "again"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    async_lab.run_until_idle(limit=0)


def test_a_function_that_writes_to_its_own_bucket_is_stopped(async_lab, s3, allow, bucket, looping, dropped):
    function = looping("s3", bucket)
    allow(function, "s3", f"arn:aws:s3:::{bucket}")
    wanted = {"LambdaFunctionArn": function.arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [wanted]}
    )
    function.send()
    async_lab.advance(seconds=120)
    assert (rounds(function), dropped(function)) == (ROUNDS, 1)


def test_a_function_that_sends_to_its_own_queue_is_stopped_and_its_message_is_a_dead_letter(
    async_lab, lambda_, sqs, looping, dropped
):
    url, arn, dead = "again", async_lab.queue("again"), async_lab.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
    function = looping("sqs", url)
    lambda_.create_event_source_mapping(FunctionName=function.name, EventSourceArn=arn)
    sqs.send_message(QueueUrl=url, MessageBody="begin")
    async_lab.advance(seconds=120)
    assert (rounds(function), dropped(function)) == (ROUNDS, 1)
    assert [message.body for message in async_lab.messages(dead)] == ["again"]


def test_two_functions_that_are_each_others_destination_are_stopped(async_lab, lambda_, looping, dropped):
    one, two = looping("none"), looping("none")
    for function, other in ((one, two), (two, one)):
        destination = {"OnSuccess": {"Destination": other.arn}}
        lambda_.put_function_event_invoke_config(FunctionName=function.name, DestinationConfig=destination)
    one.send()
    async_lab.advance(seconds=120)
    assert (rounds(one), rounds(two), dropped(one)) == (ROUNDS, ROUNDS, 1)


@pytest.mark.parametrize("how", ["Event", "RequestResponse"])
def test_a_function_that_invokes_itself_is_stopped(async_lab, looping, dropped, how):
    function = looping(how)
    function.send()
    async_lab.advance(seconds=30)
    assert rounds(function) >= ROUNDS
    assert dropped(function) >= 1


def test_two_functions_that_invoke_each_other_are_stopped(async_lab, sns, allow, looping):
    topic, other = (sns.create_topic(Name=name)["TopicArn"] for name in ("one", "other"))
    one, two = looping("sns", other), looping("sns", topic)
    for function, source in ((one, topic), (two, other)):
        sns.subscribe(TopicArn=source, Protocol="lambda", Endpoint=function.arn)
        allow(function, "sns", source)
    one.send()
    async_lab.advance(seconds=120)
    assert (rounds(one), rounds(two)) == (ROUNDS, ROUNDS)


def test_a_function_may_be_allowed_to_go_on(async_lab, lambda_, looping, dropped):
    function = looping("Event")
    assert lambda_.get_function_recursion_config(FunctionName=function.name)["RecursiveLoop"] == "Terminate"
    lambda_.put_function_recursion_config(FunctionName=function.name, RecursiveLoop="Allow")
    assert lambda_.get_function_recursion_config(FunctionName=function.name)["RecursiveLoop"] == "Allow"
    function.send()
    async_lab.advance(seconds=2)
    assert rounds(function) > ROUNDS
    assert dropped(function) == 0


def test_many_events_that_nothing_led_to_are_no_loop(async_lab, looping):
    function = looping("none")
    for _ in range(ROUNDS + 4):
        function.send()
    async_lab.advance(seconds=10)
    assert rounds(function) == ROUNDS + 4
