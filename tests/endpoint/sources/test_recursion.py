"""A function that triggers itself is stopped after some sixteen rounds."""

import json

import pytest

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


def rounds(lab, name):
    return sum(line.startswith("ROUND") for line in lab.log(name))


def dropped(lab, name):
    return lab.count("AWS/Lambda", "RecursiveInvocationsDropped", "FunctionName", name)


def function(lab, how, where="", **settings):
    name = lab.function(source=PASSES_ON, **settings)
    variables = {"HOW": how, "WHERE": where}
    lab.lambda_.update_function_configuration(FunctionName=name, Timeout=30, Environment={"Variables": variables})
    return name


def failures_of(lab):
    url, arn = lab.queue()
    return url, {"DestinationConfig": {"OnFailure": {"Destination": arn}}}


def test_a_function_that_publishes_to_its_own_topic_is_stopped(lab):
    topic, (url, asynchronous) = lab.topic(), failures_of(lab)
    name = function(lab, "sns", topic, asynchronous=asynchronous)
    lab.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=lab.arn(name))
    lab.allow(name, "sns", topic)
    lab.send(name)
    lab.endpoint.wait(120)
    assert rounds(lab, name) == ROUNDS
    assert dropped(lab, name) == 1
    [record] = lab.records(url)
    assert record["requestPayload"]["Records"][0]["Sns"]["Message"] == "again"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert lab.endpoint.is_settled


def test_a_function_that_writes_to_its_own_bucket_is_stopped(lab):
    bucket = lab.bucket()
    name = function(lab, "s3", bucket)
    lab.allow(name, "s3", f"arn:aws:s3:::{bucket}")
    wanted = {"LambdaFunctionArn": lab.arn(name), "Events": ["s3:ObjectCreated:*"]}
    lab.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [wanted]}
    )
    lab.send(name)
    lab.endpoint.wait(120)
    assert (rounds(lab, name), dropped(lab, name)) == (ROUNDS, 1)


def test_a_function_that_sends_to_its_own_queue_is_stopped_and_its_message_is_a_dead_letter(lab):
    (url, arn), (dead_url, dead) = lab.queue(), lab.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5})
    lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
    name = function(lab, "sqs", url)
    made = lab.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    lab.sqs.send_message(QueueUrl=url, MessageBody="begin")
    lab.endpoint.wait(120)
    assert (rounds(lab, name), dropped(lab, name)) == (ROUNDS, 1)
    assert [message["Body"] for message in lab.messages(dead_url)] == ["again"]
    lab.lambda_.delete_event_source_mapping(UUID=made["UUID"])


def test_two_functions_that_are_each_others_destination_are_stopped(lab):
    one, two = function(lab, "none"), function(lab, "none")
    for name, other in ((one, two), (two, one)):
        destination = {"OnSuccess": {"Destination": lab.arn(other)}}
        lab.lambda_.put_function_event_invoke_config(FunctionName=name, DestinationConfig=destination)
    lab.send(one)
    lab.endpoint.wait(120)
    assert (rounds(lab, one), rounds(lab, two), dropped(lab, one)) == (ROUNDS, ROUNDS, 1)


@pytest.mark.parametrize("how", ["Event", "RequestResponse"])
def test_a_function_that_invokes_itself_is_stopped(lab, how):
    name = function(lab, how)
    lab.send(name)
    lab.endpoint.wait(30)
    assert rounds(lab, name) >= ROUNDS
    assert dropped(lab, name) >= 1


def test_two_functions_that_invoke_each_other_are_stopped(lab):
    topic, other = lab.topic(), lab.topic()
    one, two = function(lab, "sns", other), function(lab, "sns", topic)
    for name, source in ((one, topic), (two, other)):
        lab.sns.subscribe(TopicArn=source, Protocol="lambda", Endpoint=lab.arn(name))
        lab.allow(name, "sns", source)
    lab.send(one)
    lab.endpoint.wait(120)
    assert (rounds(lab, one), rounds(lab, two)) == (ROUNDS, ROUNDS)


def test_a_function_may_be_allowed_to_go_on(lab):
    name = function(lab, "Event")
    assert lab.lambda_.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    lab.lambda_.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert lab.lambda_.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    lab.send(name)
    lab.endpoint.wait(2)
    assert rounds(lab, name) > ROUNDS
    assert dropped(lab, name) == 0
    lab.lambda_.delete_function(FunctionName=name)
    lab.endpoint.wait(2)


def test_many_events_that_nothing_led_to_are_no_loop(lab):
    name = function(lab, "none")
    for _ in range(ROUNDS + 4):
        lab.send(name)
    lab.endpoint.wait(10)
    assert rounds(lab, name) == ROUNDS + 4
