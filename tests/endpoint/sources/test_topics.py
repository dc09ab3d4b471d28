"""SNS to functions and queues: whole events, permissions, and what becomes of what can't be delivered."""

import json

from measured import payloads, total


def subscribed(sns, protocol, endpoint, **attributes):
    topic = sns.create_topic(Name="orders")["TopicArn"]
    answer = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    return topic, answer["SubscriptionArn"]


def test_a_function_gets_the_whole_event_of_a_notification(as_told, sns, allow):
    function = as_told()
    topic, subscription = subscribed(sns, "lambda", function.arn)
    allow(function, "sns", topic)
    attributes = {
        "kind": {"DataType": "String", "StringValue": "order"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="greeting", MessageAttributes=attributes)
    [event] = payloads(function)
    [record] = event["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    told = record["Sns"]
    assert told["Timestamp"].startswith("2026-11-23T08:2")
    assert told["Timestamp"].endswith("Z")
    assert told["UnsubscribeUrl"].endswith(subscription)
    assert told["SigningCertUrl"].startswith("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-")
    assert told["Signature"]
    assert {
        name: told[name] for name in ("Type", "MessageId", "TopicArn", "Subject", "Message", "SignatureVersion")
    } == {
        "Type": "Notification",
        "MessageId": sent["MessageId"],
        "TopicArn": topic,
        "Subject": "greeting",
        "Message": "hello",
        "SignatureVersion": "2",
    }
    assert told["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "order"},
        "raw": {"Type": "Binary", "Value": "AP8="},
    }


def test_a_notification_without_subject_and_attributes_has_them_empty(as_told, sns, allow):
    function = as_told()
    topic, _ = subscribed(sns, "lambda", function.arn)
    allow(function, "sns", topic)
    sns.publish(TopicArn=topic, Message="hello")
    told = payloads(function)[0]["Records"][0]["Sns"]
    assert (told["Subject"], told["MessageAttributes"]) == (None, {})


def test_a_topic_without_permission_never_invokes_and_counts_it(async_lab, as_told, sns, allow):
    function = as_told()
    topic, _ = subscribed(sns, "lambda", function.arn)
    allow(function, "sns", topic + "-other")
    sns.publish(TopicArn=topic, Message="hello")
    short = topic.rpartition(":")[2]
    assert payloads(function) == []
    assert total(async_lab, "AWS/SNS", "NumberOfMessagesPublished", TopicName=short) == 1
    assert total(async_lab, "AWS/SNS", "NumberOfNotificationsFailed", TopicName=short) == 1
    assert total(async_lab, "AWS/SNS", "NumberOfNotificationsDelivered", TopicName=short) == 0


def test_a_permission_of_an_alias_is_not_the_functions(as_told, lambda_, sns, allow):
    function = as_told()
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="$LATEST")
    topic, _ = subscribed(sns, "lambda", f"{function.arn}:live")
    allow(function, "sns", topic)
    sns.publish(TopicArn=topic, Message="before")
    allow(function, "sns", topic, Qualifier="live")
    sns.publish(TopicArn=topic, Message="after")
    assert [event["Records"][0]["Sns"]["Message"] for event in payloads(function)] == ["after"]
    assert [event.qualifier for event in function.events] == ["live"]


def test_what_a_function_does_not_get_is_in_the_subscriptions_dead_letter_queue(async_lab, as_told, sns, open_queue):
    queue = open_queue("sns")
    function = as_told()
    redrive = json.dumps({"deadLetterTargetArn": queue})
    topic, _ = subscribed(sns, "lambda", function.arn, RedrivePolicy=redrive)
    sns.publish(TopicArn=topic, Message="hello")
    [message] = async_lab.messages(queue)
    assert message.json["Message"] == "hello"


def test_a_queue_gets_notifications_if_its_policy_lets_the_topic_in(async_lab, sns, open_queue):
    closed, opened = async_lab.queue("closed"), open_queue("sns")
    topic, _ = subscribed(sns, "sqs", closed)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=opened)
    sns.publish(TopicArn=topic, Message="hello")
    assert async_lab.messages(closed) == []
    [message] = async_lab.messages(opened)
    assert message.json["Message"] == "hello"
    assert total(async_lab, "AWS/SNS", "NumberOfNotificationsFailed", TopicName=topic.rpartition(":")[2]) == 1


def test_a_filter_policy_keeps_messages_from_a_function(as_told, sns, allow):
    function = as_told()
    topic, _ = subscribed(sns, "lambda", function.arn, FilterPolicy=json.dumps({"kind": ["order"]}))
    allow(function, "sns", topic)
    for kind in ("order", "refund"):
        sns.publish(
            TopicArn=topic, Message=kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}}
        )
    assert [event["Records"][0]["Sns"]["Message"] for event in payloads(function)] == ["order"]


def test_the_message_for_a_protocol_is_that_protocols(as_told, sns, allow):
    function = as_told()
    topic, _ = subscribed(sns, "lambda", function.arn)
    allow(function, "sns", topic)
    sns.publish(
        TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "for all", "lambda": "for functions"})
    )
    assert payloads(function)[0]["Records"][0]["Sns"]["Message"] == "for functions"
