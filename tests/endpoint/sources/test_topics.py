"""SNS to functions and queues: whole events, permissions, and what becomes of what can't be delivered."""

import json

import pytest
from botocore.exceptions import ClientError
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


def text(value):
    return {"DataType": "String", "StringValue": value}


BY_ATTRIBUTES, BY_BODY = "MessageAttributes", "MessageBody"


@pytest.mark.parametrize(
    ("policy", "scope", "attributes", "message", "is_delivered"),
    [
        ({"a": [{"equals-ignore-case": "X"}]}, BY_ATTRIBUTES, {"a": text("x")}, "m", True),
        ({"a": [{"anything-but": {"suffix": "y"}}]}, BY_ATTRIBUTES, {"a": text("x")}, "m", True),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, BY_ATTRIBUTES, {"a": text("10.1.1.1")}, "m", True),
        ({"a": [{"wildcard": "x*"}]}, BY_ATTRIBUTES, {"a": text("y")}, "m", False),
        ({"a": [{"numeric": [">", 3]}]}, BY_ATTRIBUTES, {"a": text("5") | {"DataType": "Number"}}, "m", True),
        ({"a": ["x"]}, BY_ATTRIBUTES, {"a": text('["y", "x"]') | {"DataType": "String.Array"}}, "m", True),
        ({"a": [{"exists": True}]}, BY_ATTRIBUTES, {"a": {"DataType": "Binary", "BinaryValue": b"1"}}, "m", False),
        ({"$or": [{"a": ["x"]}, {"b": ["x"]}]}, BY_ATTRIBUTES, {"b": text("x")}, "m", True),
        ({"a": {"b": [{"numeric": ["=", 1]}]}}, BY_BODY, {}, '{"a": {"b": 1}}', True),
        ({"a": ["x"]}, BY_BODY, {"a": text("x")}, "no JSON", False),
        ({"a": ["x"]}, BY_BODY, {"a": text("x")}, "[1]", False),
    ],
)
def test_a_filter_policy_lets_through(async_lab, sns, open_queue, policy, scope, attributes, message, is_delivered):
    queue = open_queue("sns")
    topic, _ = subscribed(sns, "sqs", queue, FilterPolicy=json.dumps(policy), FilterPolicyScope=scope)
    sns.publish(TopicArn=topic, Message=message, MessageAttributes=attributes)
    assert len(async_lab.messages(queue)) == is_delivered


def test_a_scope_that_is_set_later_counts_from_then_on(async_lab, sns, open_queue):
    queue = open_queue("sns")
    topic, subscription = subscribed(sns, "sqs", queue, FilterPolicy=json.dumps({"a": ["x"]}))
    sns.publish(TopicArn=topic, Message='{"a": "x"}')
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="FilterPolicyScope", AttributeValue=BY_BODY
    )
    sns.publish(TopicArn=topic, Message='{"a": "x"}')
    assert len(async_lab.messages(queue)) == 1


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"FilterPolicy": '{"a": [{"like": "x"}]}'}, "Unrecognized match type like"),
        ({"FilterPolicyScope": "Body"}, "FilterPolicyScope: Invalid value"),
        ({"RedrivePolicy": '{"deadLetterTargetArn": "x"}'}, "deadLetterTargetArn"),
    ],
)
def test_a_subscription_that_is_refused_is_not_made(sns, open_queue, attributes, said):
    with pytest.raises(ClientError, match=said):
        subscribed(sns, "sqs", open_queue("sns"), **attributes)
    assert sns.list_subscriptions()["Subscriptions"] == []


@pytest.mark.parametrize(("protocol", "said"), [("fax", "protocol string: fax"), ("firehose", "nothing to firehose")])
def test_a_protocol_that_gets_nothing_is_refused(sns, protocol, said):
    with pytest.raises(ClientError, match=said):
        subscribed(sns, protocol, "arn:aws:firehose:eu-west-1:1:x/y")


@pytest.mark.parametrize(
    ("message", "structure", "said"),
    [("", None, "Empty message"), ("{", "json", "failed to parse"), ('{"sqs": "a"}', "json", "No default entry")],
)
def test_a_message_that_says_nothing_is_refused(sns, open_queue, message, structure, said):
    topic, _ = subscribed(sns, "sqs", open_queue("sns"))
    asked = {"MessageStructure": structure} if structure else {}
    with pytest.raises(ClientError, match=said):
        sns.publish(TopicArn=topic, Message=message, **asked)


@pytest.mark.parametrize("raw", ["true", "false"])
def test_a_raw_message_comes_with_its_attributes(sns, sqs, open_queue, raw):
    queue = open_queue("sns")
    topic, _ = subscribed(sns, "sqs", queue, RawMessageDelivery=raw)
    bytes_ = {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
    sns.publish(TopicArn=topic, Message="m", MessageAttributes={"kind": text("order"), "raw": bytes_})
    url = queue.rpartition(":")[2]
    [message] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    if raw == "true":
        assert message["Body"] == "m"
        assert message["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff"
        assert message["MessageAttributes"]["kind"]["StringValue"] == "order"
    else:
        assert json.loads(message["Body"])["MessageAttributes"]["raw"] == {"Type": "Binary", "Value": "AP8="}


def test_a_fifo_topic_tells_its_queue_of_the_deduplication(async_lab, sns, sqs):
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns.create_topic(Name="orders.fifo", Attributes=attributes)["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    policy = json.dumps({"Statement": [statement]})
    sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true", "Policy": policy})
    arn = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    for message in ("1", "1", "2"):
        sns.publish(TopicArn=topic, Message=message, MessageGroupId=message)
    assert [message.body for message in async_lab.messages(arn)] == ["1", "2"]


@pytest.mark.parametrize("call", ["get_topic_attributes", "list_subscriptions_by_topic", "publish"])
def test_what_is_no_topics_arn_is_refused(sns, call):
    more = {"Message": "m"} if call == "publish" else {}
    with pytest.raises(ClientError, match=r"InvalidParameter|NotFound"):
        getattr(sns, call)(TopicArn="orders", **more)
