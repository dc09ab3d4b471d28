"""Wrong calls as anybody might write them are refused, and leave what stands as it was."""

import json

import pytest
from botocore.exceptions import ClientError

PLACE = "eu-west-1:123456789012"
TOPIC, QUEUE = f"arn:aws:sns:{PLACE}:t", f"arn:aws:sqs:{PLACE}:q"
WITH_PRINCIPAL = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}
MACHINE = {"name": "m", "roleArn": "arn:aws:iam::123456789012:role/r"}


def redrive(**policy):
    return {"QueueUrl": "q", "Attributes": {"RedrivePolicy": json.dumps({"deadLetterTargetArn": QUEUE} | policy)}}


def attribute(name="a", **value):
    return {"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": {name: {"DataType": "String"} | value}}


def subscribed(**more):
    return {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE} | more


def target(**more):
    return {"Rule": "r", "Targets": [{"Id": "1", "Arn": QUEUE} | more]}


WRONG = [
    ("sns", "subscribe", subscribed(Protocol="lambda"), "InvalidParameter", "Lambda endpoint ARN"),
    ("sns", "subscribe", subscribed(Endpoint=TOPIC), "InvalidParameter", "SQS endpoint ARN"),
    ("sns", "subscribe", subscribed(Attributes={"FilterPolicy": "x"}), "InvalidParameter", "failed to parse JSON"),
    ("sns", "subscribe", subscribed(Attributes={"RawMessageDelivery": "x"}), "InvalidParameter", "true or false"),
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "x", "Subject": "a\nb"}, "InvalidParameter", "Subject"),
    ("sns", "publish_batch", {"TopicArn": TOPIC, "PublishBatchRequestEntries": []}, "EmptyBatchRequest", "any entries"),
    (
        "sns",
        "set_topic_attributes",
        {"TopicArn": TOPIC, "AttributeName": "Foo", "AttributeValue": "x"},
        "InvalidParameter",
        "AttributeName",
    ),
    (
        "sns",
        "set_topic_attributes",
        {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": "x"},
        "InvalidParameter",
        "Policy",
    ),
    ("sns", "unsubscribe", {"SubscriptionArn": "x"}, "InvalidParameter", "at least 6 elements, not 1"),
    ("sqs", "receive_message", {"QueueUrl": "q", "VisibilityTimeout": -1}, "InvalidParameterValue", ">= 0"),
    (
        "sqs",
        "send_message",
        {"QueueUrl": "q", "MessageBody": "x", "MessageDeduplicationId": "d"},
        "InvalidParameterValue",
        "queue type",
    ),
    ("sqs", "send_message", attribute("AWS.a", StringValue="x"), "InvalidParameterValue", "beginning with 'AWS.'"),
    (
        "sqs",
        "send_message",
        attribute(DataType="Number", StringValue="abc"),
        "InvalidParameterValue",
        "Can't cast the value",
    ),
    ("sqs", "set_queue_attributes", redrive(maxReceiveCount=0), "InvalidParameterValue", "from 1 to 1000"),
    ("sqs", "set_queue_attributes", redrive(maxReceiveCount=1001), "InvalidParameterValue", "from 1 to 1000"),
    (
        "sqs",
        "set_queue_attributes",
        {"QueueUrl": "q", "Attributes": {"RedrivePolicy": "x"}},
        "InvalidParameterValue",
        "not a valid JSON map",
    ),
    (
        "sqs",
        "set_queue_attributes",
        {"QueueUrl": "q", "Attributes": {"Policy": "x"}},
        "InvalidAttributeValue",
        "Policy",
    ),
    (
        "sqs",
        "set_queue_attributes",
        {"QueueUrl": "q", "Attributes": {"ContentBasedDeduplication": "true"}},
        "InvalidAttributeName",
        "Unknown Attribute ContentBasedDeduplication",
    ),
    ("events", "put_rule", {"Name": "r", "EventPattern": "{}"}, "InvalidEventPatternException", "Empty event pattern"),
    ("events", "put_targets", target(Input="{}", InputPath="$.a"), "ValidationException", "Only one of Input"),
    ("events", "put_targets", target(Input="x"), "ValidationException", "JSON syntax error in input for target 1"),
    ("logs", "put_retention_policy", {"logGroupName": "g", "retentionInDays": 2}, "InvalidParameterException", "[1, 3"),
    ("s3", "put_object", {"Bucket": "bbb", "Key": "k" * 1025, "Body": b""}, "KeyTooLongError", "too long"),
    ("s3", "put_object", {"Bucket": "bbb", "Key": "k", "Body": b"", "ACL": "foo"}, "InvalidArgument", "x-amz-acl"),
    ("s3", "put_bucket_policy", {"Bucket": "bbb", "Policy": "x"}, "MalformedPolicy", "valid JSON"),
    ("s3", "put_bucket_policy", {"Bucket": "bbb", "Policy": "{}"}, "MalformedPolicy", "Missing required field"),
    (
        "s3",
        "put_object_tagging",
        {"Bucket": "bbb", "Key": "k", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}] * 2}},
        "InvalidTag",
        "same key",
    ),
    (
        "s3",
        "put_bucket_versioning",
        {"Bucket": "bbb", "VersioningConfiguration": {"Status": "On"}},
        "MalformedXML",
        "well-formed",
    ),
    ("s3", "list_objects_v2", {"Bucket": "bbb", "MaxKeys": -1}, "InvalidArgument", "maxKeys"),
    (
        "iam",
        "create_policy",
        {"PolicyName": "p", "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [WITH_PRINCIPAL]})},
        "MalformedPolicyDocument",
        "should not specify a principal",
    ),
    ("secretsmanager", "create_secret", {"Name": "a b", "SecretString": "x"}, "ValidationException", "Invalid name"),
    (
        "secretsmanager",
        "create_secret",
        {"Name": "s", "SecretString": "x", "SecretBinary": b"x"},
        "InvalidParameterException",
        "both a binary secret value and a string",
    ),
    ("ssm", "put_parameter", {"Name": "a b", "Value": "v", "Type": "String"}, "ValidationException", "4 symbols"),
    ("ssm", "put_parameter", {"Name": "a/b", "Value": "v", "Type": "String"}, "ValidationException", "fully qualified"),
    (
        "ssm",
        "put_parameter",
        {"Name": "n", "Value": "v" * 4097, "Type": "String"},
        "ValidationException",
        "4096 characters",
    ),
    (
        "ssm",
        "put_parameter",
        {"Name": "n", "Value": "v", "Type": "String", "AllowedPattern": "[0-9]+"},
        "ParameterPatternMismatchException",
        "allowedPattern",
    ),
    ("ssm", "get_parameters_by_path", {"Path": "x"}, "ValidationException", "forward slash"),
    ("stepfunctions", "create_state_machine", MACHINE | {"definition": "x"}, "InvalidDefinition", "INVALID_JSON"),
    ("stepfunctions", "create_state_machine", MACHINE | {"definition": "{}"}, "InvalidDefinition", "SCHEMA"),
    (
        "stepfunctions",
        "create_state_machine",
        MACHINE | {"definition": '{"StartAt": "B", "States": {"A": {"Type": "Pass", "End": true}}}'},
        "InvalidDefinition",
        "MISSING_TRANSITION_TARGET",
    ),
]


@pytest.fixture(scope="module")
def client(_open_lab):
    """Makes clients of a lab with what they are asked about."""
    lab = _open_lab
    lab.reset()
    lab.queue("q")
    lab.client("sns").create_topic(Name="t")
    lab.client("events").put_rule(Name="r", EventPattern='{"source": ["x"]}')
    lab.client("logs").create_log_group(logGroupName="g")
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="bbb", CreateBucketConfiguration={"LocationConstraint": lab.region})
    s3.put_object(Bucket="bbb", Key="k", Body=b"")
    return lab.client


@pytest.mark.parametrize(("service", "operation", "arguments", "code", "said"), WRONG)
def test_a_call_with_a_wrong_value_is_refused(client, service, operation, arguments, code, said):
    with pytest.raises(ClientError) as raised:
        getattr(client(service), operation)(**arguments)
    answer = raised.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"]["Code"].rpartition(".")[2] == code
    assert said in answer["Error"]["Message"]


def test_right_values_are_taken(client):
    sns, sqs, ssm = client("sns"), client("sqs"), client("ssm")
    filtered = {"FilterPolicy": '{"a": ["b"]}', "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, Attributes=filtered)
    sns.publish(TopicArn=TOPIC, Message="x", Subject="An order, für Sie")
    for number in ("1", "-1.5", "+2e10", ".5"):
        sqs.send_message(**attribute(DataType="Number", StringValue=number))
    for name in ("n", "/a/b.c_d-e"):
        ssm.put_parameter(Name=name, Value="1", Type="String", AllowedPattern="[0-9]+")
    ssm.put_parameter(Name="large", Value="v" * 4097, Type="String", Tier="Advanced")
    client("events").put_targets(**target(Input='"text"'))
    client("logs").put_retention_policy(logGroupName="g", retentionInDays=7)
    client("s3").put_object(Bucket="bbb", Key="é" * 512, Body=b"", ACL="private")
