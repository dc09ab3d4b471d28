"""SNS to functions and queues: whole events, permissions, and what becomes of what can't be delivered."""

import json

import pytest
from botocore.exceptions import ClientError


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


def text(value):
    return {"DataType": "String", "StringValue": value}


def received(lab, url):
    answer = lab.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return answer.get("Messages", [])


@pytest.mark.parametrize(
    ("policy", "scope", "attributes", "message", "is_delivered"),
    [
        ({"a": [{"equals-ignore-case": "X"}]}, "MessageAttributes", {"a": text("x")}, "m", True),
        ({"a": [{"anything-but": {"suffix": "y"}}]}, "MessageAttributes", {"a": text("x")}, "m", True),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, "MessageAttributes", {"a": text("10.1.1.1")}, "m", True),
        ({"a": [{"wildcard": "x*"}]}, "MessageAttributes", {"a": text("y")}, "m", False),
        (
            {"n": [{"numeric": [">", 3]}]},
            "MessageAttributes",
            {"n": {"DataType": "Number", "StringValue": "5"}},
            "m",
            1,
        ),
        (
            {"a": ["x"]},
            "MessageAttributes",
            {"a": {"DataType": "String.Array", "StringValue": '["y", "x"]'}},
            "m",
            True,
        ),
        (
            {"a": [{"exists": True}]},
            "MessageAttributes",
            {"a": {"DataType": "Binary", "BinaryValue": b"1"}},
            "m",
            False,
        ),
        ({"$or": [{"a": ["x"]}, {"b": ["x"]}]}, "MessageAttributes", {"b": text("x")}, "m", True),
        ({"a": {"b": [{"numeric": ["=", 1]}]}}, "MessageBody", {}, '{"a": {"b": 1}}', True),
        ({"a": ["x"]}, "MessageBody", {"a": text("x")}, "no JSON", False),
        ({"a": ["x"]}, "MessageBody", {"a": text("x")}, "[1]", False),
    ],
)
def test_a_filter_policy_lets_through(lab, policy, scope, attributes, message, is_delivered):
    url, arn = lab.open_queue("sns")
    topic, _ = subscribed(lab, "sqs", arn, FilterPolicy=json.dumps(policy), FilterPolicyScope=scope)
    lab.sns.publish(TopicArn=topic, Message=message, MessageAttributes=attributes)
    assert len(received(lab, url)) == is_delivered


def test_a_scope_that_is_set_later_counts_from_then_on(lab):
    url, arn = lab.open_queue("sns")
    topic, subscription = subscribed(lab, "sqs", arn, FilterPolicy=json.dumps({"a": ["x"]}))
    lab.sns.publish(TopicArn=topic, Message='{"a": "x"}')
    lab.sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="FilterPolicyScope", AttributeValue="MessageBody"
    )
    lab.sns.publish(TopicArn=topic, Message='{"a": "x"}')
    assert len(received(lab, url)) == 1


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"FilterPolicy": '{"a": [{"like": "x"}]}'}, "Unrecognized match type like"),
        ({"FilterPolicyScope": "Body"}, "FilterPolicyScope: Invalid value"),
        ({"RedrivePolicy": '{"deadLetterTargetArn": "x"}'}, "deadLetterTargetArn"),
    ],
)
def test_a_subscription_that_is_refused_is_not_made(lab, attributes, said):
    topic = lab.topic()
    with pytest.raises(ClientError, match=said):
        lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=lab.open_queue("sns")[1], Attributes=attributes)
    assert lab.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


@pytest.mark.parametrize(("protocol", "said"), [("fax", "protocol string: fax"), ("firehose", "nothing to firehose")])
def test_a_protocol_that_gets_nothing_is_refused(lab, protocol, said):
    with pytest.raises(ClientError, match=said):
        lab.sns.subscribe(TopicArn=lab.topic(), Protocol=protocol, Endpoint="arn:aws:firehose:eu-west-1:1:x/y")


@pytest.mark.parametrize(
    ("message", "structure", "said"),
    [("", None, "Empty message"), ("{", "json", "failed to parse"), ('{"sqs": "a"}', "json", "No default entry")],
)
def test_a_message_that_says_nothing_is_refused(lab, message, structure, said):
    topic, _ = subscribed(lab, "sqs", lab.open_queue("sns")[1])
    asked = {"MessageStructure": structure} if structure else {}
    with pytest.raises(ClientError, match=said):
        lab.sns.publish(TopicArn=topic, Message=message, **asked)


@pytest.mark.parametrize("call", ["get_topic_attributes", "list_subscriptions_by_topic", "publish"])
def test_what_is_no_topics_arn_is_refused(lab, call):
    more = {"Message": "m"} if call == "publish" else {}
    with pytest.raises(ClientError, match=r"InvalidParameter|NotFound"):
        getattr(lab.sns, call)(TopicArn="orders", **more)


@pytest.mark.parametrize("raw", ["true", "false"])
def test_a_raw_message_comes_with_its_attributes(lab, raw):
    url, arn = lab.open_queue("sns")
    topic, _ = subscribed(lab, "sqs", arn, RawMessageDelivery=raw)
    bytes_ = {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
    lab.sns.publish(TopicArn=topic, Message="m", MessageAttributes={"kind": text("order"), "raw": bytes_})
    [message] = received(lab, url)
    if raw == "true":
        assert message["Body"] == "m"
        assert message["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff"
        assert message["MessageAttributes"]["kind"]["StringValue"] == "order"
    else:
        assert json.loads(message["Body"])["MessageAttributes"]["raw"] == {"Type": "Binary", "Value": "AP8="}


def test_a_fifo_topic_tells_its_queue_of_the_deduplication(lab):
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = lab.sns.create_topic(Name="orders.fifo", Attributes=attributes)["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    url = lab.sqs.create_queue(
        QueueName="orders.fifo", Attributes={"FifoQueue": "true", "Policy": json.dumps({"Statement": [statement]})}
    )["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    for message in ("1", "1", "2"):
        lab.sns.publish(TopicArn=topic, Message=message, MessageGroupId=message)
    assert [message["Body"] for message in received(lab, url)] == ["1", "2"]
