"""SQS to Lambda: mappings, and how their queues are polled in virtual time."""

import json

import pytest
from botocore.exceptions import ClientError

FAILS_SOME = """
import json, time
def handler(event, context):
    bodies = [json.loads(record["body"]) for record in event["Records"]]
    print("GOT", [body["n"] for body in bodies])
    time.sleep(max(body.get("sleep", 0) for body in bodies))
    if any(body.get("raise") for body in bodies):
        raise ValueError("an order that fails")
    failed = [record for record, body in zip(event["Records"], bodies) if body.get("fail")]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}
"""
PRINTS_KEYS = """
import json
def handler(event, context):
    for message in event["Records"]:
        records = json.loads(message["body"]).get("Records", [])
        print("KEY", [record["s3"]["object"]["key"] for record in records])
"""


def function(lab, source=FAILS_SOME, concurrency=None):
    name = lab.function(concurrency=concurrency, source=source)
    lab.lambda_.update_function_configuration(FunctionName=name, Timeout=30)
    return name


def connect(lab, name, queue_arn, **settings):
    return lab.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=queue_arn, **settings)


def queue(lab, most_receives=None, **attributes):
    """URL and ARN of a queue, and the URL of its dead-letter queue."""
    url, arn = lab.queue()
    dead_url, dead = lab.queue()
    if most_receives:
        attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": most_receives})
    lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30", **attributes})
    return url, arn, dead_url


def send(lab, url, *bodies, **options):
    for body in bodies:
        lab.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body), **options)


def got(lab, name):
    """What each batch held, in order."""
    groups = lab.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    lines = lab.log(name) if groups else []
    return [json.loads(line.partition("GOT ")[2]) for line in lines if line.startswith("GOT")]


def left(lab, url):
    attributes = lab.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesNotVisible"])


@pytest.fixture
def quiet(lab):
    """Takes the mappings down, so that one test's queue is no other's."""
    yield
    for mapping in lab.lambda_.list_event_source_mappings()["EventSourceMappings"]:
        lab.lambda_.delete_event_source_mapping(UUID=mapping["UUID"])


pytestmark = pytest.mark.usefixtures("quiet")


def test_messages_come_in_batches_and_are_gone_when_the_function_is_done(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    connect(lab, name, arn, BatchSize=2)
    send(lab, url, *({"n": n} for n in range(5)))
    assert got(lab, name) == []
    lab.endpoint.wait(5)
    assert sorted(got(lab, name)) == [[0, 1], [2, 3], [4]]
    assert left(lab, url) == 0
    assert lab.endpoint.is_settled


def test_the_function_gets_each_message_whole(lab):
    name, (url, arn, _) = (
        lab.function(source="import json\ndef handler(event, context):\n    print(json.dumps(event))\n"),
        queue(lab),
    )
    lab.lambda_.update_function_configuration(FunctionName=name, Timeout=30)
    connect(lab, name, arn)
    attributes = {"kind": {"DataType": "String", "StringValue": "order"}}
    sent = lab.sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes=attributes)
    at = str(round(lab.target.now() * 1_000))
    lab.endpoint.wait(1)
    [event] = [json.loads(line) for line in lab.log(name) if line.startswith("{")]
    [record] = event["Records"]
    assert record.pop("receiptHandle")
    assert record == {
        "messageId": sent["MessageId"],
        "body": "hello",
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": at,
            "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
            "ApproximateFirstReceiveTimestamp": at,
        },
        "messageAttributes": {
            "kind": {"stringValue": "order", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        },
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "md5OfBody": sent["MD5OfMessageBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "eu-west-1",
    }


def test_a_batch_that_fails_comes_back_until_it_is_in_the_dead_letter_queue(lab):
    name, (url, arn, dead) = function(lab), queue(lab, most_receives=3)
    connect(lab, name, arn)
    send(lab, url, {"n": 1, "raise": True}, {"n": 2})
    lab.endpoint.wait(29)
    assert got(lab, name) == [[1, 2]]
    lab.endpoint.wait(2)
    assert got(lab, name) == [[1, 2]] * 2
    lab.endpoint.wait(30)
    assert got(lab, name) == [[1, 2]] * 3
    assert left(lab, dead) == 0
    lab.endpoint.wait(30)
    assert got(lab, name) == [[1, 2]] * 3
    assert [json.loads(message["Body"])["n"] for message in lab.messages(dead)] == [1, 2]
    assert lab.endpoint.is_settled


def test_what_a_function_reports_as_failed_comes_back_alone(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    connect(lab, name, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    send(lab, url, {"n": 1, "fail": True}, {"n": 2})
    lab.endpoint.wait(31)
    assert got(lab, name) == [[1, 2], [1]]


def test_a_report_that_nobody_asked_for_is_a_success(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    connect(lab, name, arn)
    send(lab, url, {"n": 1, "fail": True})
    lab.endpoint.wait(31)
    assert got(lab, name) == [[1]]
    assert left(lab, url) == 0


def test_a_report_that_lambda_can_not_read_is_a_failure_of_all(lab):
    source = FAILS_SOME.replace('record["messageId"]', '"who knows"')
    name, (url, arn, _) = function(lab, source), queue(lab)
    connect(lab, name, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    send(lab, url, {"n": 1, "fail": True}, {"n": 2})
    lab.endpoint.wait(31)
    assert got(lab, name) == [[1, 2]] * 2


def test_a_window_gathers_messages_until_it_is_over_or_the_batch_full(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    connect(lab, name, arn, BatchSize=3, MaximumBatchingWindowInSeconds=20)
    send(lab, url, {"n": 1})
    lab.endpoint.wait(10)
    send(lab, url, {"n": 2})
    lab.endpoint.wait(9)
    assert got(lab, name) == []
    lab.endpoint.wait(2)
    assert got(lab, name) == [[1, 2]]
    send(lab, url, {"n": 3}, {"n": 4}, {"n": 5})
    lab.endpoint.wait(1)
    assert got(lab, name) == [[1, 2], [3, 4, 5]]


def test_no_more_batches_run_at_once_than_the_mapping_allows(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    connect(lab, name, arn, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    since = lab.target.now()
    send(lab, url, *({"n": n, "sleep": 10} for n in range(6)))
    lab.endpoint.wait(25)
    assert len(got(lab, name)) == 4
    lab.endpoint.wait(10)
    assert len(got(lab, name)) == 6
    assert lab.maximum("ConcurrentExecutions", since, FunctionName=name) == 2


def test_five_batches_run_at_once_at_first(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    connect(lab, name, arn, BatchSize=1)
    since = lab.target.now()
    send(lab, url, *({"n": n, "sleep": 10} for n in range(8)))
    lab.endpoint.wait(25)
    assert lab.maximum("ConcurrentExecutions", since, FunctionName=name) == 5


def test_a_throttled_batch_is_tried_again_and_then_its_messages_are_visible_again(lab):
    name, (url, arn, dead) = function(lab, concurrency=0), queue(lab, most_receives=2)
    connect(lab, name, arn)
    send(lab, url, {"n": 1})
    lab.endpoint.wait(20)
    assert left(lab, url) == 1
    assert lab.count("AWS/Lambda", "Throttles", "FunctionName", name) == 5  # at 0, 1, 3, 7 and 15 s
    lab.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    lab.endpoint.wait(45)
    assert got(lab, name) == [[1]]
    assert left(lab, url) == left(lab, dead) == 0


def test_a_mapping_whose_batch_is_throttled_receives_nothing_new_meanwhile(lab):
    name, (url, arn, _) = function(lab, concurrency=0), queue(lab)
    connect(lab, name, arn, BatchSize=1)
    send(lab, url, {"n": 1}, {"n": 2}, {"n": 3})
    lab.endpoint.wait(0.5)
    assert lab.count("AWS/Lambda", "Throttles", "FunctionName", name) == 1
    assert len(lab.messages(url)) == 2


def test_a_function_that_stays_throttled_loses_its_messages_to_the_dead_letter_queue(lab):
    name, (url, arn, dead) = function(lab, concurrency=0), queue(lab, most_receives=2)
    connect(lab, name, arn)
    send(lab, url, {"n": 1})
    lab.endpoint.wait(59)
    assert (left(lab, url), left(lab, dead)) == (1, 0)
    lab.endpoint.wait(3)
    assert (left(lab, url), left(lab, dead)) == (0, 1)


def test_messages_that_no_filter_lets_through_are_deleted(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    connect(lab, name, arn, FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"n": [1, 3]}})}]})
    send(lab, url, {"n": 1}, {"n": 2}, {"n": 3})
    lab.endpoint.wait(1)
    assert got(lab, name) == [[1, 3]]
    assert left(lab, url) == 0


def test_a_group_of_a_fifo_queue_waits_for_its_first_message(lab):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = lab.sqs.create_queue(QueueName="orders.fifo", Attributes=attributes)["QueueUrl"]
    arn = lab.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    name = function(lab)
    connect(lab, name, arn, BatchSize=1)
    send(lab, url, {"n": 1, "sleep": 10}, {"n": 2}, MessageGroupId="a")
    send(lab, url, {"n": 3}, MessageGroupId="b")
    lab.endpoint.wait(5)
    assert sorted(got(lab, name)) == [[1], [3]] or got(lab, name) == [[3]]
    lab.endpoint.wait(10)
    assert got(lab, name)[-1] == [2]


def test_an_object_comes_through_a_queue_to_a_function(lab):
    name, bucket = function(lab, PRINTS_KEYS), lab.bucket()
    _, arn = lab.open_queue("s3", VisibilityTimeout="30")
    connect(lab, name, arn)
    wanted = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    lab.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [wanted]}
    )
    lab.endpoint.wait(1)
    lab.s3.put_object(Bucket=bucket, Key="in/order.json", Body=b"{}")
    lab.endpoint.wait(1)
    assert [line for line in lab.log(name) if line.startswith("KEY")] == ["KEY []", "KEY ['in/order.json']"]


def test_a_mapping_of_an_alias_reads_back_as_the_alias_and_runs_it(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    lab.lambda_.publish_version(FunctionName=name)
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    made = connect(lab, f"{name}:live", arn)
    assert made["FunctionArn"] == lab.arn(name, "live")
    assert lab.lambda_.get_event_source_mapping(UUID=made["UUID"])["FunctionArn"] == lab.arn(name, "live")
    since = lab.target.now()
    send(lab, url, {"n": 1})
    lab.endpoint.wait(1)
    assert got(lab, name) == [[1]]
    assert lab.maximum("Invocations", since, FunctionName=name, Resource=f"{name}:live") == 1


def test_a_mapping_is_read_back_changed_listed_and_deleted(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    made = connect(lab, name, arn, BatchSize=5, Tags={"team": "orders"})
    assert made["State"] == "Creating"
    changed = lab.lambda_.update_event_source_mapping(UUID=made["UUID"], BatchSize=7, Enabled=False)
    assert changed["State"] == "Updating"
    read = lab.lambda_.get_event_source_mapping(UUID=made["UUID"])
    assert (read["BatchSize"], read["State"], read["FunctionArn"]) == (7, "Disabled", lab.arn(name))
    send(lab, url, {"n": 1})
    lab.endpoint.wait(5)
    assert got(lab, name) == []
    listed = lab.lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert [each["UUID"] for each in listed] == [made["UUID"]]
    assert lab.lambda_.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"
    assert lab.lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []


@pytest.mark.parametrize("operation", ["get", "update", "delete"])
def test_a_mapping_that_is_not_there_is_404(lab, operation):
    with pytest.raises(ClientError) as refused:
        getattr(lab.lambda_, f"{operation}_event_source_mapping")(UUID="00000000-0000-0000-0000-000000000000")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        ({"BatchSize": 10_001}, "less than or equal to 10000"),
        ({"ParallelizationFactor": 2}, "ParallelizationFactor can't be given for a queue"),
        ({"EventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:missing"}, "The specified queue does not exist"),
        ({"EventSourceArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"}, "event sources of kinesis"),
        (
            {"EventSourceArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/1"},
            "event sources of dynamodb",
        ),
        ({"FilterCriteria": {"Filters": [{"Pattern": '{"body": 1}'}]}}, "Invalid filter pattern definition"),
    ],
)
def test_what_can_not_be_done_is_refused_before_anything_is_made(lab, settings, sentence):
    name, (_, arn, _) = function(lab), queue(lab)
    with pytest.raises(ClientError, match=sentence):
        lab.lambda_.create_event_source_mapping(**{"FunctionName": name, "EventSourceArn": arn, **settings})
    assert lab.lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []


def test_a_queue_whose_visibility_is_shorter_than_the_functions_timeout_is_refused(lab):
    name, (_, arn, _) = function(lab), queue(lab, VisibilityTimeout="29")
    sentence = "Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds"
    with pytest.raises(ClientError, match=sentence):
        connect(lab, name, arn)


def test_a_role_that_may_not_receive_is_refused(lab):
    lab.iam.create_role(RoleName="may-do-nothing", AssumeRolePolicyDocument="{}")
    role = "arn:aws:iam::123456789012:role/may-do-nothing"
    name, (_, arn, _) = lab.function(source=FAILS_SOME, Role=role), queue(lab, VisibilityTimeout="100")
    with pytest.raises(ClientError, match="does not have permissions to call ReceiveMessage on SQS"):
        connect(lab, name, arn)


def test_a_second_mapping_of_the_same_two_is_refused(lab):
    name, (_, arn, _) = function(lab), queue(lab)
    made = connect(lab, name, arn)
    with pytest.raises(ClientError, match=made["UUID"]) as refused:
        connect(lab, name, arn)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_a_batch_under_way_is_settled_though_its_mapping_is_deleted(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    made = connect(lab, name, arn)
    send(lab, url, {"n": 1, "sleep": 10})
    lab.endpoint.wait(5)
    lab.lambda_.delete_event_source_mapping(UUID=made["UUID"])
    send(lab, url, {"n": 2})
    lab.endpoint.wait(60)
    assert got(lab, name) == [[1]]
    assert left(lab, url) == 1


def test_a_queue_that_hides_nothing_any_more_is_still_polled(lab):
    name, (url, arn, _) = function(lab), queue(lab)
    connect(lab, name, arn)
    lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    send(lab, url, {"n": 1})
    lab.endpoint.wait(5)
    assert got(lab, name) == [[1]]


def test_a_long_queue_is_worked_off(lab):
    name, (url, arn, _) = lab.function(source="def handler(event, context): pass"), queue(lab)
    lab.lambda_.update_function_configuration(FunctionName=name, Timeout=30)
    for start in range(0, 200, 10):
        entries = [{"Id": str(n), "MessageBody": "x"} for n in range(start, start + 10)]
        lab.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    connect(lab, name, arn)
    lab.endpoint.wait(10)
    assert left(lab, url) == 0
    assert lab.count("AWS/Lambda", "Invocations", "FunctionName", name) == 20
