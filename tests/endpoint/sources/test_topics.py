"""SNS to functions and queues: whole events, permissions, and what becomes of what can't be delivered."""

import json


def subscribed(lab, protocol, endpoint, **attributes):
    topic = lab.topic()
    answer = lab.sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    return topic, answer["SubscriptionArn"]


def test_a_function_gets_the_whole_event_of_a_notification(lab):
    name = lab.function()
    topic, subscription = subscribed(lab, "lambda", lab.arn(name))
    lab.allow(name, "sns", topic)
    attributes = {
        "kind": {"DataType": "String", "StringValue": "order"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = lab.sns.publish(TopicArn=topic, Message="hello", Subject="greeting", MessageAttributes=attributes)
    [event] = lab.invoked(name)
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


def test_a_notification_without_subject_and_attributes_has_them_empty(lab):
    name = lab.function()
    topic, _ = subscribed(lab, "lambda", lab.arn(name))
    lab.allow(name, "sns", topic)
    lab.sns.publish(TopicArn=topic, Message="hello")
    told = lab.invoked(name)[0]["Records"][0]["Sns"]
    assert (told["Subject"], told["MessageAttributes"]) == (None, {})


def test_a_topic_without_permission_never_invokes_and_counts_it(lab):
    name = lab.function()
    topic, _ = subscribed(lab, "lambda", lab.arn(name))
    lab.allow(name, "sns", topic + "-other")
    lab.sns.publish(TopicArn=topic, Message="hello")
    short = topic.rpartition(":")[2]
    assert lab.invoked(name) == []
    assert lab.count("AWS/SNS", "NumberOfMessagesPublished", "TopicName", short) == 1
    assert lab.count("AWS/SNS", "NumberOfNotificationsFailed", "TopicName", short) == 1
    assert lab.count("AWS/SNS", "NumberOfNotificationsDelivered", "TopicName", short) == 0


def test_a_permission_of_an_alias_is_not_the_functions(lab):
    name = lab.function()
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
    topic, _ = subscribed(lab, "lambda", lab.arn(name, "live"))
    lab.allow(name, "sns", topic)
    lab.sns.publish(TopicArn=topic, Message="before")
    lab.allow(name, "sns", topic, qualifier="live")
    lab.sns.publish(TopicArn=topic, Message="after")
    assert [event["Records"][0]["Sns"]["Message"] for event in lab.invoked(name)] == ["after"]
    assert [event.qualifier for event in lab.endpoint.events() if event.function == name] == ["live"]


def test_what_a_function_does_not_get_is_in_the_subscriptions_dead_letter_queue(lab):
    url, queue = lab.open_queue("sns")
    name = lab.function()
    redrive = json.dumps({"deadLetterTargetArn": queue})
    topic, _ = subscribed(lab, "lambda", lab.arn(name), RedrivePolicy=redrive)
    lab.sns.publish(TopicArn=topic, Message="hello")
    [message] = lab.messages(url)
    assert json.loads(message["Body"])["Message"] == "hello"


def test_a_queue_gets_notifications_if_its_policy_lets_the_topic_in(lab):
    closed_url, closed = lab.queue()
    open_url, opened = lab.open_queue("sns")
    topic, _ = subscribed(lab, "sqs", closed)
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=opened)
    lab.sns.publish(TopicArn=topic, Message="hello")
    assert lab.messages(closed_url) == []
    [message] = lab.messages(open_url)
    assert json.loads(message["Body"])["Message"] == "hello"
    assert lab.count("AWS/SNS", "NumberOfNotificationsFailed", "TopicName", topic.rpartition(":")[2]) == 1


def test_a_filter_policy_keeps_messages_from_a_function(lab):
    name = lab.function()
    topic, _ = subscribed(lab, "lambda", lab.arn(name), FilterPolicy=json.dumps({"kind": ["order"]}))
    lab.allow(name, "sns", topic)
    for kind in ("order", "refund"):
        lab.sns.publish(
            TopicArn=topic, Message=kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}}
        )
    assert [event["Records"][0]["Sns"]["Message"] for event in lab.invoked(name)] == ["order"]


def test_the_message_for_a_protocol_is_that_protocols(lab):
    name = lab.function()
    topic, _ = subscribed(lab, "lambda", lab.arn(name))
    lab.allow(name, "sns", topic)
    lab.sns.publish(
        TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "for all", "lambda": "for functions"})
    )
    assert lab.invoked(name)[0]["Records"][0]["Sns"]["Message"] == "for functions"
