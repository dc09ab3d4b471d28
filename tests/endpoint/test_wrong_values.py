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


def sent_to(name):
    return json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{PLACE}:{name}", "maxReceiveCount": 3})


def attribute(name="a", **value):
    return {"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": {name: {"DataType": "String"} | value}}


def subscribed(**more):
    return {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE} | more


def target(**more):
    return {"Rule": "r", "Targets": [{"Id": "1", "Arn": QUEUE} | more]}


MAILED = {"Protocol": "email", "Endpoint": "a@b.example"}


OBJECTS = "arn:aws:s3:::bbb/*"


def policy(**statement):
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | statement
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


NOW = 1_795_422_225_000  # the lab's first instant


def logged(*events):
    return {"logGroupName": "g", "logStreamName": "s", "logEvents": [EVENT | event for event in reversed(events)]}


EVENT = {"timestamp": NOW, "message": "x"}


def metric(pattern="{ $.a = 1 }", **transformation):
    made = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"} | transformation
    return {"logGroupName": "g", "filterName": "f", "filterPattern": pattern, "metricTransformations": [made]}


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
    ("sns", "subscribe", subscribed(Protocol="email", Endpoint="x"), "InvalidParameter", "Email address"),
    ("sns", "subscribe", subscribed(Protocol="email-json", Endpoint="a@b, c@d"), "InvalidParameter", "Email address"),
    ("sns", "subscribe", subscribed(Protocol="http", Endpoint="https://127.0.0.1"), "InvalidParameter", "must match"),
    ("sns", "subscribe", subscribed(Protocol="pigeon"), "InvalidParameter", "does not support this protocol string"),
    ("sns", "confirm_subscription", {"TopicArn": TOPIC, "Token": "t"}, "InvalidParameter", "Token"),
    ("sns", "create_topic", {"Name": "n", "Attributes": {"Foo": "x"}}, "InvalidParameter", "Unknown attribute Foo"),
    (
        "sns",
        "create_topic",
        {"Name": "n", "Attributes": {"ContentBasedDeduplication": "true"}},
        "InvalidParameter",
        "FIFO topics alone",
    ),
    (
        "sns",
        "create_topic",
        {"Name": "t", "Attributes": {"DisplayName": "other"}},
        "InvalidParameter",
        "already exists with different attributes",
    ),
    (
        "sns",
        "create_topic",
        {"Name": "t", "Tags": [{"Key": "a", "Value": "b"}]},
        "InvalidParameter",
        "already exists with different tags",
    ),
    *(
        (
            "sns",
            "set_topic_attributes",
            {"TopicArn": TOPIC, "AttributeName": name, "AttributeValue": value},
            "InvalidParameter",
            name,
        )
        for name, value in (
            ("DeliveryPolicy", "x"),
            ("DisplayName", "x" * 101),
            ("SignatureVersion", "3"),
            ("TracingConfig", "On"),
        )
    ),
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "x", "Subject": ""}, "InvalidParameter", "Subject"),
    (
        "sns",
        "publish_batch",
        {"TopicArn": TOPIC, "PublishBatchRequestEntries": [{"Id": "a b", "Message": "x"}]},
        "InvalidBatchEntryId",
        "specification",
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
    *(
        ("sqs", "set_queue_attributes", {"QueueUrl": queue, "Attributes": {name: value}}, code, said)
        for queue, name, value, code, said in (
            ("q", "FifoQueue", "false", "InvalidAttributeName", "Unknown Attribute FifoQueue"),
            ("q", "KmsDataKeyReusePeriodSeconds", "59", "InvalidAttributeValue", "KmsDataKeyReusePeriodSeconds"),
            ("q", "SqsManagedSseEnabled", "on", "InvalidAttributeValue", "SqsManagedSseEnabled"),
            ("q.fifo", "DeduplicationScope", "all", "InvalidAttributeValue", "DeduplicationScope"),
            ("q.fifo", "FifoThroughputLimit", "all", "InvalidAttributeValue", "FifoThroughputLimit"),
            ("q", "RedriveAllowPolicy", "x", "InvalidParameterValue", "not a valid JSON map"),
            ("q", "RedriveAllowPolicy", '{"redrivePermission": "x"}', "InvalidParameterValue", "must be one of"),
            ("q", "RedriveAllowPolicy", '{"redrivePermission": "byQueue"}', "InvalidParameterValue", "sourceQueueArns"),
            ("q", "RedrivePolicy", sent_to("q.fifo"), "InvalidParameterValue", "must be same type of queue"),
            ("q", "RedrivePolicy", sent_to("closed"), "InvalidParameterValue", "doesn't allow"),
            ("q", "RedrivePolicy", sent_to("picky"), "InvalidParameterValue", "doesn't allow"),
        )
    ),
    ("sqs", "set_queue_attributes", redrive(maxReceives=3), "InvalidParameterValue", "Only following attributes"),
    ("sqs", "send_message", attribute(StringValue=""), "InvalidParameterValue", "must contain a non-empty value"),
    (
        "sqs",
        "send_message",
        attribute(DataType="Binary", StringValue="x"),
        "InvalidParameterValue",
        "must use field 'Binary'",
    ),
    ("sqs", "send_message", attribute("a..b", StringValue="x"), "InvalidParameterValue", "name 'a..b'"),
    (
        "sqs",
        "send_message",
        {"QueueUrl": "q.fifo", "MessageBody": "x", "MessageGroupId": "a b", "MessageDeduplicationId": "d"},
        "InvalidParameterValue",
        "MessageGroupId can only include",
    ),
    (
        "sqs",
        "delete_message_batch",
        {"QueueUrl": "q", "Entries": [{"Id": "1", "ReceiptHandle": "x"}] * 2},
        "BatchEntryIdsNotDistinct",
        "Id 1 repeated",
    ),
    ("sqs", "list_queues", {"MaxResults": 0}, "InvalidParameterValue", "from 1 to 1000"),
    ("events", "put_rule", {"Name": "r", "EventPattern": "{}"}, "InvalidEventPatternException", "Empty event pattern"),
    ("events", "create_event_bus", {"Name": "aws.orders"}, "ValidationException", "starting with 'aws.' is not valid"),
    (
        "events",
        "put_targets",
        target(InputTransformer={"InputPathsMap": {"a": "$.a"}, "InputTemplate": '"<a> <b>"'}),
        "ValidationException",
        "InputTemplate for target 1 contains invalid placeholder b.",
    ),
    (
        "events",
        "put_targets",
        target(Arn="arn:aws:events:eu-west-1:210987654321:event-bus/default"),
        "ValidationException",
        "RoleArn is required for target",
    ),
    ("events", "put_targets", target(Input="{}", InputPath="$.a"), "ValidationException", "Only one of Input"),
    ("events", "put_targets", target(Input="x"), "ValidationException", "JSON syntax error in input for target 1"),
    ("logs", "put_retention_policy", {"logGroupName": "g", "retentionInDays": 2}, "InvalidParameterException", "[1, 3"),
    ("logs", "create_log_group", {"logGroupName": "aws/g"}, "InvalidParameterException", "reserved for AWS"),
    ("logs", "put_log_events", logged({}, {"timestamp": NOW - 86_400_001}), "InvalidParameterException", "24 hours"),
    ("logs", "put_log_events", logged({"message": "x" * 1_048_551}), "InvalidParameterException", "Upload too large"),
    ("logs", "put_metric_filter", metric(metricValue="x"), "InvalidParameterException", "must be a valid number"),
    ("logs", "put_metric_filter", metric(metricValue="$took"), "InvalidParameterException", "must be a valid number"),
    (
        "logs",
        "put_metric_filter",
        metric("ERROR", metricValue="$.took"),
        "InvalidParameterException",
        "must be a valid number",
    ),
    (
        "logs",
        "put_metric_filter",
        metric("[shop, took]", metricValue="$time"),
        "InvalidParameterException",
        "must be a valid number",
    ),
    (
        "logs",
        "put_metric_filter",
        metric(defaultValue=0, dimensions={"a": "$.a"}),
        "InvalidParameterException",
        "dimensions and default value are mutually exclusive properties",
    ),
    (
        "logs",
        "put_metric_filter",
        metric("ERROR", dimensions={"a": "$.a"}),
        "InvalidParameterException",
        "The specified filter pattern does not support dimensions",
    ),
    (
        "logs",
        "put_metric_filter",
        metric(dimensions={"a": "shop"}),
        "InvalidParameterException",
        "dimension value must be valid selector",
    ),
    (
        "logs",
        "put_metric_filter",
        metric(dimensions=dict.fromkeys("abcd", "$.a")),
        "InvalidParameterException",
        "at most 3 dimensions",
    ),
    ("logs", "put_metric_filter", metric() | {"logGroupName": "no"}, "ResourceNotFoundException", "log group"),
    (
        "logs",
        "delete_metric_filter",
        {"logGroupName": "g", "filterName": "no"},
        "ResourceNotFoundException",
        "metric filter does not exist",
    ),
    ("s3", "put_object", {"Bucket": "bbb", "Key": "k" * 1025, "Body": b""}, "KeyTooLongError", "too long"),
    ("s3", "put_object", {"Bucket": "bbb", "Key": "k", "Body": b"", "ACL": "foo"}, "InvalidArgument", "x-amz-acl"),
    ("s3", "put_bucket_policy", {"Bucket": "bbb", "Policy": "x"}, "MalformedPolicy", "valid JSON"),
    ("s3", "put_bucket_policy", {"Bucket": "bbb", "Policy": "{}"}, "MalformedPolicy", "Missing required field"),
    *(
        ("s3", "put_bucket_policy", {"Bucket": "bbb", "Policy": policy(**statement)}, "MalformedPolicy", said)
        for statement, said in (
            ({"Resource": OBJECTS}, "Missing required field Principal"),
            ({"Principal": "*", "Action": "sqs:SendMessage", "Resource": OBJECTS}, "invalid action"),
            ({"Principal": "*", "Resource": "arn:aws:s3:::bbbb/*"}, "invalid resource"),
            ({"Principal": "*", "Resource": "arn:aws:s3:::bbb"}, "does not apply to any resource"),
            ({"Principal": "*", "Action": "s3:ListBucket", "Resource": OBJECTS}, "does not apply to any resource"),
        )
    ),
    *(
        (
            "sqs",
            "set_queue_attributes",
            {"QueueUrl": "q", "Attributes": {"Policy": policy(**statement)}},
            "InvalidAttributeValue",
            "Policy",
        )
        for statement in ({"Action": "sqs:SendMessage"}, {"Principal": "*", "Action": ["sqs:SendMessage", "s3:Get"]})
    ),
    *(
        (
            "sns",
            "set_topic_attributes",
            {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": policy(**statement)},
            "InvalidParameter",
            said,
        )
        for statement, said in (
            ({"Action": "sns:Publish"}, "Policy Error: null"),
            ({"Principal": "*", "Action": "sqs:SendMessage"}, "Policy statement action out of service scope!"),
        )
    ),
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
    (
        "iam",
        "put_role_policy",
        {"RoleName": "trusting", "PolicyName": "p", "PolicyDocument": policy(Sid="a b")},
        "MalformedPolicyDocument",
        "must be alpha-numeric",
    ),
    (
        "events",
        "put_targets",
        target(RoleArn="arn:aws:iam::123456789012:role/missing"),
        "ValidationException",
        "cannot be assumed by principal 'events.amazonaws.com'",
    ),
    ("sns", "subscribe", subscribed(Endpoint=f"{QUEUE}.fifo"), "InvalidParameter", "can not be subscribed to standard"),
    ("sns", "subscribe", subscribed(TopicArn=f"{TOPIC}.fifo", **MAILED), "InvalidParameter", "sqs alone"),
    (
        "sns",
        "subscribe",
        subscribed(Attributes={"RawMessageDelivery": "true"}, **MAILED),
        "InvalidParameter",
        "does not support raw message delivery",
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
    ("ssm", "put_parameter", {"Name": "/a/", "Value": "v", "Type": "String"}, "ValidationException", "end with slash"),
    (
        "ssm",
        "put_parameter",
        {"Name": "n", "Value": "{{ssm:a}}", "Type": "String"},
        "ValidationException",
        "can't nest",
    ),
    (
        "ssm",
        "put_parameter",
        {"Name": "/a" * 16, "Value": "v", "Type": "String"},
        "HierarchyLevelLimitExceededException",
        "15 levels",
    ),
    (
        "ssm",
        "put_parameter",
        {"Name": "advanced", "Value": "v", "Type": "SecureString", "Overwrite": True},
        "HierarchyTypeMismatchException",
        "changing a parameter type",
    ),
    (
        "ssm",
        "put_parameter",
        {"Name": "advanced", "Value": "v", "Tier": "Standard", "Overwrite": True},
        "ValidationException",
        "can't downgrade",
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


PICKY = {"redrivePermission": "byQueue", "sourceQueueArns": [f"arn:aws:sqs:{PLACE}:chosen"]}


def trusting(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def client(_open_lab):
    """Makes clients of a lab with what they are asked about."""
    lab = _open_lab
    lab.reset()
    lab.queue("q")
    sqs = lab.client("sqs")
    sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})
    for name, allowed in (("closed", {"redrivePermission": "denyAll"}), ("picky", PICKY)):
        sqs.create_queue(QueueName=name, Attributes={"RedriveAllowPolicy": json.dumps(allowed)})
    lab.client("sns").create_topic(Name="t")
    lab.client("sns").create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})
    lab.client("ssm").put_parameter(Name="advanced", Value="v", Type="String", Tier="Advanced")
    lab.client("iam").create_role(RoleName="trusting", AssumeRolePolicyDocument=trusting("events.amazonaws.com"))
    lab.client("events").put_rule(Name="r", EventPattern='{"source": ["x"]}')
    lab.client("logs").create_log_group(logGroupName="g")
    lab.client("logs").create_log_stream(logGroupName="g", logStreamName="s")
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
    sqs.create_queue(QueueName="chosen", Attributes={"RedrivePolicy": sent_to("picky")})
    sqs.send_message(**attribute("a.b-c_1", DataType="Binary", BinaryValue=b"x"))
    for name in ("n", "/a/b.c_d-e"):
        ssm.put_parameter(Name=name, Value="1", Type="String", AllowedPattern="[0-9]+")
    ssm.put_parameter(Name="large", Value="v" * 4097, Type="String", Tier="Advanced")
    sns.create_topic(Name="t", Attributes={"DisplayName": ""})
    client("events").put_targets(**target(Input='"text"'))
    client("events").put_targets(**target(RoleArn="arn:aws:iam::123456789012:role/trusting"))
    sns.subscribe(TopicArn=f"{TOPIC}.fifo", Protocol="sqs", Endpoint=f"{QUEUE}.fifo")
    ssm.put_parameter(Name="advanced", Value="w", Type="StringList", Overwrite=True)
    client("iam").put_role_policy(RoleName="trusting", PolicyName="p", PolicyDocument=policy(Sid="A1"))
    client("events").put_targets(**target(InputTransformer={"InputTemplate": '"<aws.events.rule-name>"'}))
    for pattern, value in (("{ $.a = 1 }", "$.took"), ("[shop, took]", "$took"), ("ERROR", "-1.5"), ("", "1")):
        client("logs").put_metric_filter(**metric(pattern, metricValue=value, defaultValue=0))
    client("logs").put_log_events(**logged({}, {"timestamp": NOW - 86_400_000}))
    client("logs").put_log_events(**logged({"message": "x" * 1_048_550}))
    client("logs").put_retention_policy(logGroupName="g", retentionInDays=7)
    for statement in (
        {"Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::bbb", OBJECTS]},
        {"NotPrincipal": {"AWS": "123456789012"}, "Effect": "Deny", "Resource": OBJECTS},
        {"Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::bbb"},
    ):
        client("s3").put_bucket_policy(Bucket="bbb", Policy=policy(**statement))
    client("s3").delete_bucket_policy(Bucket="bbb")
    sqs.set_queue_attributes(QueueUrl="q", Attributes={"Policy": policy(Principal="*", Action="SQS:*")})
    open_to_all = policy(Principal="*", Action="SNS:Publish", Resource=TOPIC)
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=open_to_all)
    client("s3").put_object(Bucket="bbb", Key="é" * 512, Body=b"", ACL="private")
