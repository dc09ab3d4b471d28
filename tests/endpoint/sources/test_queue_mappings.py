"""SQS to Lambda: mappings, and how their queues are polled in virtual time."""

import json

import pytest
from botocore.exceptions import ClientError
from measured import total

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
PRINTS = """
import json
def handler(event, context):
    print(json.dumps(event))
"""
PRINTS_KEYS = """
import json
def handler(event, context):
    for message in event["Records"]:
        records = json.loads(message["body"]).get("Records", [])
        print("KEY", [record["s3"]["object"]["key"] for record in records])
"""


@pytest.fixture
def queue(async_lab, sqs):
    """Make the queue `orders`, and `dead`, where its messages go after so many receives; return its ARN."""

    def make(most_receives=None, **attributes):
        arn, dead = async_lab.queue("orders"), async_lab.queue("dead")
        if most_receives:
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": most_receives})
        sqs.set_queue_attributes(QueueUrl="orders", Attributes={"VisibilityTimeout": "30", **attributes})
        return arn

    return make


@pytest.fixture
def send(sqs):
    """Send messages to the queue."""

    def put(*bodies, queue="orders", **options):
        for body in bodies:
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(body), **options)

    return put


@pytest.fixture
def left(async_lab):
    """How many messages are in a queue, visible or not."""
    return lambda queue="orders": len(async_lab.messages(queue))


@pytest.fixture
def function(async_lab, handler):
    """Make the function that gets the messages."""
    return lambda source=FAILS_SOME, **settings: async_lab.function(handler(source), timeout=30, **settings)


@pytest.fixture
def connect(lambda_):
    """Make a mapping of a queue's ARN to a function."""

    def make(function, queue_arn, **settings):
        return lambda_.create_event_source_mapping(FunctionName=str(function), EventSourceArn=queue_arn, **settings)

    return make


def got(function):
    """What each batch held, in order."""
    return [json.loads(line.partition("GOT ")[2]) for line in function.logs if line.startswith("GOT")]


def test_messages_come_in_batches_and_are_gone_when_the_function_is_done(
    async_lab, function, queue, connect, send, left
):
    worker, orders = function(), queue()
    connect(worker, orders, BatchSize=2)
    send(*({"n": n} for n in range(5)))
    assert got(worker) == []
    async_lab.advance(seconds=5)
    assert sorted(got(worker)) == [[0, 1], [2, 3], [4]]
    assert left() == 0
    async_lab.run_until_idle(limit=0)


def test_the_function_gets_each_message_whole(async_lab, sqs, function, queue, connect):
    worker, orders = function(PRINTS), queue()
    connect(worker, orders)
    attributes = {"kind": {"DataType": "String", "StringValue": "order"}}
    sent = sqs.send_message(QueueUrl="orders", MessageBody="hello", MessageAttributes=attributes)
    at = str(round(async_lab.now * 1_000))
    async_lab.advance(seconds=1)
    [event] = [json.loads(line) for line in worker.logs if line.startswith("{")]
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
        "eventSourceARN": orders,
        "awsRegion": "eu-west-1",
    }


def test_a_batch_that_fails_comes_back_until_it_is_in_the_dead_letter_queue(
    async_lab, function, queue, connect, send, left
):
    worker, orders = function(), queue(most_receives=3)
    connect(worker, orders)
    send({"n": 1, "raise": True}, {"n": 2})
    async_lab.advance(seconds=29)
    assert got(worker) == [[1, 2]]
    async_lab.advance(seconds=2)
    assert got(worker) == [[1, 2]] * 2
    async_lab.advance(seconds=30)
    assert got(worker) == [[1, 2]] * 3
    assert left("dead") == 0
    async_lab.advance(seconds=30)
    assert got(worker) == [[1, 2]] * 3
    assert [message.json["n"] for message in async_lab.messages("dead")] == [1, 2]
    async_lab.run_until_idle(limit=0)


def test_what_a_function_reports_as_failed_comes_back_alone(async_lab, function, queue, connect, send):
    worker, orders = function(), queue()
    connect(worker, orders, FunctionResponseTypes=["ReportBatchItemFailures"])
    send({"n": 1, "fail": True}, {"n": 2})
    async_lab.advance(seconds=31)
    assert got(worker) == [[1, 2], [1]]


def test_a_report_that_nobody_asked_for_is_a_success(async_lab, function, queue, connect, send, left):
    worker, orders = function(), queue()
    connect(worker, orders)
    send({"n": 1, "fail": True})
    async_lab.advance(seconds=31)
    assert got(worker) == [[1]]
    assert left() == 0


def test_a_report_that_lambda_can_not_read_is_a_failure_of_all(async_lab, function, queue, connect, send):
    source = FAILS_SOME.replace('record["messageId"]', '"who knows"')
    worker, orders = function(source), queue()
    connect(worker, orders, FunctionResponseTypes=["ReportBatchItemFailures"])
    send({"n": 1, "fail": True}, {"n": 2})
    async_lab.advance(seconds=31)
    assert got(worker) == [[1, 2]] * 2


def test_a_window_gathers_messages_until_it_is_over_or_the_batch_full(async_lab, function, queue, connect, send):
    worker, orders = function(), queue()
    connect(worker, orders, BatchSize=3, MaximumBatchingWindowInSeconds=20)
    send({"n": 1})
    async_lab.advance(seconds=10)
    send({"n": 2})
    async_lab.advance(seconds=9)
    assert got(worker) == []
    async_lab.advance(seconds=2)
    assert got(worker) == [[1, 2]]
    send({"n": 3}, {"n": 4}, {"n": 5})
    async_lab.advance(seconds=1)
    assert got(worker) == [[1, 2], [3, 4, 5]]


def test_no_more_batches_run_at_once_than_the_mapping_allows(async_lab, function, queue, connect, send):
    worker, orders = function(), queue()
    connect(worker, orders, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    send(*({"n": n, "sleep": 10} for n in range(6)))
    async_lab.advance(seconds=25)
    assert len(got(worker)) == 4
    async_lab.advance(seconds=10)
    assert len(got(worker)) == 6
    assert worker.metrics["ConcurrentExecutions"].maximum == 2


def test_five_batches_run_at_once_at_first(async_lab, function, queue, connect, send):
    worker, orders = function(), queue()
    connect(worker, orders, BatchSize=1)
    send(*({"n": n, "sleep": 10} for n in range(8)))
    async_lab.advance(seconds=25)
    assert worker.metrics["ConcurrentExecutions"].maximum == 5


def test_a_throttled_batch_is_tried_again_and_then_its_messages_are_visible_again(
    async_lab, lambda_, function, queue, connect, send, left
):
    worker, orders = function(reserved_concurrency=0), queue(most_receives=2)
    connect(worker, orders)
    send({"n": 1})
    async_lab.advance(seconds=20)
    assert left() == 1
    assert total(async_lab, "AWS/Lambda", "Throttles", FunctionName=worker) == 5  # at 0, 1, 3, 7 and 15 s
    lambda_.put_function_concurrency(FunctionName=worker.name, ReservedConcurrentExecutions=1)
    async_lab.advance(seconds=45)
    assert got(worker) == [[1]]
    assert left() == left("dead") == 0


def test_a_mapping_whose_batch_is_throttled_receives_nothing_new_meanwhile(
    async_lab, sqs, function, queue, connect, send
):
    worker, orders = function(reserved_concurrency=0), queue()
    connect(worker, orders, BatchSize=1)
    send({"n": 1}, {"n": 2}, {"n": 3})
    async_lab.advance(seconds=0.5)
    assert total(async_lab, "AWS/Lambda", "Throttles", FunctionName=worker) == 1
    assert len(sqs.receive_message(QueueUrl="orders", MaxNumberOfMessages=10)["Messages"]) == 2


def test_a_function_that_stays_throttled_loses_its_messages_to_the_dead_letter_queue(
    async_lab, function, queue, connect, send, left
):
    worker, orders = function(reserved_concurrency=0), queue(most_receives=2)
    connect(worker, orders)
    send({"n": 1})
    async_lab.advance(seconds=59)
    assert (left(), left("dead")) == (1, 0)
    async_lab.advance(seconds=3)
    assert (left(), left("dead")) == (0, 1)


def test_messages_that_no_filter_lets_through_are_deleted(async_lab, function, queue, connect, send, left):
    worker, orders = function(), queue()
    connect(worker, orders, FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"n": [1, 3]}})}]})
    send({"n": 1}, {"n": 2}, {"n": 3})
    async_lab.advance(seconds=1)
    assert got(worker) == [[1, 3]]
    assert left() == 0


def test_a_body_that_is_nested_deeper_than_json_is_read_passes_no_filter(
    async_lab, sqs, function, queue, connect, send, left, caplog
):
    worker, orders = function(), queue()
    connect(worker, orders, FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"n": [1]}})}]})
    sqs.send_message(QueueUrl="orders", MessageBody="[" * 100_000)
    send({"n": 1})
    async_lab.advance(seconds=1)
    assert got(worker) == [[1]]
    assert (left(), caplog.records) == (0, [])


def test_a_group_of_a_fifo_queue_waits_for_its_first_message(async_lab, sqs, function, connect, send):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    sqs.create_queue(QueueName="orders.fifo", Attributes=attributes)
    worker = function()
    connect(worker, f"arn:aws:sqs:{async_lab.region}:123456789012:orders.fifo", BatchSize=1)
    send({"n": 1, "sleep": 10}, {"n": 2}, queue="orders.fifo", MessageGroupId="a")
    send({"n": 3}, queue="orders.fifo", MessageGroupId="b")
    async_lab.advance(seconds=5)
    assert sorted(got(worker)) == [[1], [3]] or got(worker) == [[3]]
    async_lab.advance(seconds=10)
    assert got(worker)[-1] == [2]


def test_an_object_comes_through_a_queue_to_a_function(async_lab, s3, bucket, open_queue, function, connect):
    worker, through = function(PRINTS_KEYS), open_queue("s3", VisibilityTimeout="30")
    connect(worker, through)
    wanted = {"QueueArn": through, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [wanted]})
    async_lab.advance(seconds=1)
    s3.put_object(Bucket=bucket, Key="in/order.json", Body=b"{}")
    async_lab.advance(seconds=1)
    assert [line for line in worker.logs if line.startswith("KEY")] == ["KEY []", "KEY ['in/order.json']"]


def test_a_mapping_of_an_alias_reads_back_as_the_alias_and_runs_it(async_lab, lambda_, function, queue, connect, send):
    worker, orders = function(), queue()
    lambda_.publish_version(FunctionName=worker.name)
    lambda_.create_alias(FunctionName=worker.name, Name="live", FunctionVersion="1")
    made = connect(f"{worker}:live", orders)
    assert made["FunctionArn"] == f"{worker.arn}:live"
    assert lambda_.get_event_source_mapping(UUID=made["UUID"])["FunctionArn"] == f"{worker.arn}:live"
    send({"n": 1})
    async_lab.advance(seconds=1)
    assert got(worker) == [[1]]
    assert total(async_lab, "AWS/Lambda", "Invocations", FunctionName=worker, Resource=f"{worker}:live") == 1


def test_a_mapping_is_read_back_changed_listed_and_deleted(async_lab, lambda_, function, queue, connect, send):
    worker, orders = function(), queue()
    made = connect(worker, orders, BatchSize=5, Tags={"team": "orders"})
    assert made["State"] == "Creating"
    changed = lambda_.update_event_source_mapping(UUID=made["UUID"], BatchSize=7, Enabled=False)
    assert changed["State"] == "Updating"
    read = lambda_.get_event_source_mapping(UUID=made["UUID"])
    assert (read["BatchSize"], read["State"], read["FunctionArn"]) == (7, "Disabled", worker.arn)
    send({"n": 1})
    async_lab.advance(seconds=5)
    assert got(worker) == []
    listed = lambda_.list_event_source_mappings(FunctionName=worker.name)["EventSourceMappings"]
    assert [each["UUID"] for each in listed] == [made["UUID"]]
    assert lambda_.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"
    assert lambda_.list_event_source_mappings(FunctionName=worker.name)["EventSourceMappings"] == []


@pytest.mark.parametrize("operation", ["get", "update", "delete"])
def test_a_mapping_that_is_not_there_is_404(lambda_, operation):
    with pytest.raises(ClientError) as refused:
        getattr(lambda_, f"{operation}_event_source_mapping")(UUID="00000000-0000-0000-0000-000000000000")
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
        ({"FilterCriteria": {"Filters": [{"Pattern": '{"body": ["x"]}'}] * 6}}, "exceeds the limit of 5"),
    ],
)
def test_what_can_not_be_done_is_refused_before_anything_is_made(lambda_, function, queue, settings, sentence):
    worker, orders = function(), queue()
    with pytest.raises(ClientError, match=sentence):
        lambda_.create_event_source_mapping(**{"FunctionName": worker.name, "EventSourceArn": orders, **settings})
    assert lambda_.list_event_source_mappings(FunctionName=worker.name)["EventSourceMappings"] == []


def test_a_queue_whose_visibility_is_shorter_than_the_functions_timeout_is_refused(function, queue, connect):
    worker, orders = function(), queue(VisibilityTimeout="29")
    sentence = "Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds"
    with pytest.raises(ClientError, match=sentence):
        connect(worker, orders)


def test_a_role_that_may_not_receive_is_refused(function, queue, connect):
    worker, orders = function(policy=[]), queue()
    with pytest.raises(ClientError, match="does not have permissions to call ReceiveMessage on SQS"):
        connect(worker, orders)


def test_a_second_mapping_of_the_same_two_is_refused(function, queue, connect):
    worker, orders = function(), queue()
    made = connect(worker, orders)
    with pytest.raises(ClientError, match=made["UUID"]) as refused:
        connect(worker, orders)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_a_batch_under_way_is_settled_though_its_mapping_is_deleted(
    async_lab, lambda_, function, queue, connect, send, left
):
    worker, orders = function(), queue()
    made = connect(worker, orders)
    send({"n": 1, "sleep": 10})
    async_lab.advance(seconds=5)
    lambda_.delete_event_source_mapping(UUID=made["UUID"])
    send({"n": 2})
    async_lab.advance(seconds=60)
    assert got(worker) == [[1]]
    assert left() == 1


def test_a_queue_that_hides_nothing_any_more_is_still_polled(async_lab, sqs, function, queue, connect, send):
    worker, orders = function(), queue()
    connect(worker, orders)
    sqs.set_queue_attributes(QueueUrl="orders", Attributes={"VisibilityTimeout": "0"})
    send({"n": 1})
    async_lab.advance(seconds=5)
    assert got(worker) == [[1]]


def test_a_long_queue_is_worked_off(async_lab, handler, sqs, function, queue, connect, left):
    worker, orders = function("def handler(event, context): pass"), queue()
    for start in range(0, 200, 10):
        entries = [{"Id": str(n), "MessageBody": "x"} for n in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl="orders", Entries=entries)
    connect(worker, orders)
    async_lab.advance(seconds=10)
    assert left() == 0
    assert total(async_lab, "AWS/Lambda", "Invocations", FunctionName=worker) == 20
