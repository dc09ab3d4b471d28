"""What services stamp, hide and expire, they do by the endpoint's clock and not by the wall's."""

import json

import pytest

from async_lab import Lab
from async_lab.testing.base import TRUST

LONG_AGO = 1_600_000_000.0  # years before any wall's clock that runs this
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def _open_lab():
    lab = Lab(start=LONG_AGO)
    lab.open()
    yield lab
    lab.close()


@pytest.fixture
def queue(sqs):
    return sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]


def received(sqs, queue, **options):
    answer = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"], **options)
    return [message["Attributes"] for message in answer.get("Messages", [])]


def test_a_message_is_sent_and_first_received_in_the_endpoints_time(async_lab, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    async_lab.advance(seconds=5)
    [attributes] = received(sqs, queue)
    assert attributes["SentTimestamp"] == str(round(LONG_AGO * 1_000))
    assert attributes["ApproximateFirstReceiveTimestamp"] == str(round((LONG_AGO + 5) * 1_000))


def test_a_message_is_hidden_for_the_visibility_timeout(async_lab, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    assert len(received(sqs, queue)) == 1
    async_lab.advance(seconds=29)
    assert received(sqs, queue) == []
    async_lab.advance(seconds=2)
    assert len(received(sqs, queue)) == 1


def test_a_message_that_is_given_back_is_there_in_the_same_instant(sqs, queue):
    for body in ("1", "2", "3"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    handles = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(found)]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handles[0]["ReceiptHandle"], VisibilityTimeout=0)
    wrong = {"Id": "wrong", "ReceiptHandle": "none", "VisibilityTimeout": 0}
    answer = sqs.change_message_visibility_batch(
        QueueUrl=queue, Entries=[handles[1] | {"VisibilityTimeout": 0}, handles[2] | {"VisibilityTimeout": 60}, wrong]
    )
    assert [each["Id"] for each in answer["Successful"]] == ["1", "2"]
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [("wrong", "ReceiptHandleIsInvalid")]
    assert len(received(sqs, queue, MaxNumberOfMessages=10)) == 2


@pytest.mark.parametrize(("scope", "group", "expected"), [("queue", "b", 0), ("messageGroup", "b", 1)])
def test_a_fifo_queue_takes_a_message_again_after_five_minutes(async_lab, sqs, scope, group, expected):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "DeduplicationScope": scope}
    queue = sqs.create_queue(QueueName=f"{scope}.fifo", Attributes=attributes)["QueueUrl"]

    def sent_again(group="a"):
        sqs.send_message(QueueUrl=queue, MessageBody="1", MessageGroupId=group)
        found = sqs.receive_message(QueueUrl=queue).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(found)

    assert [sent_again(), sent_again(), sent_again(group)] == [1, 0, expected]
    async_lab.advance(seconds=299)
    assert sent_again() == 0
    async_lab.advance(seconds=2)
    assert sent_again() == 1


def test_a_message_is_kept_for_the_retention_period(async_lab, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    async_lab.advance(seconds=4 * DAY_SECONDS - 60)
    assert len(received(sqs, queue)) == 1
    async_lab.advance(seconds=120)
    assert received(sqs, queue) == []


def test_a_delayed_message_comes_later(async_lab, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="1", DelaySeconds=60)
    assert received(sqs, queue) == []
    async_lab.advance(seconds=61)
    assert len(received(sqs, queue)) == 1


def test_a_long_poll_is_answered_at_once_where_time_stands(sqs, queue):
    assert received(sqs, queue, WaitTimeSeconds=20) == []


def test_what_expired_does_not_stand_in_the_way_of_what_came_later(async_lab, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="old")
    async_lab.advance(seconds=4 * DAY_SECONDS - 60)
    sqs.send_message(QueueUrl=queue, MessageBody="new")
    async_lab.advance(seconds=120)
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    assert [message["Body"] for message in answer["Messages"]] == ["new"]


def test_buckets_and_objects_carry_the_endpoints_time(async_lab):
    s3 = async_lab.client("s3")
    s3.create_bucket(Bucket="orders")
    async_lab.advance(seconds=60)
    s3.put_object(Bucket="orders", Key="order.json", Body=b"{}")
    assert s3.list_buckets()["Buckets"][0]["CreationDate"].timestamp() == LONG_AGO
    assert s3.head_object(Bucket="orders", Key="order.json")["LastModified"].timestamp() == LONG_AGO + 60
    assert s3.list_objects_v2(Bucket="orders")["Contents"][0]["LastModified"].timestamp() == LONG_AGO + 60


def test_roles_log_groups_and_event_buses_carry_the_endpoints_time(async_lab):
    role = async_lab.client("iam").create_role(RoleName="orders", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    assert role["CreateDate"].timestamp() == LONG_AGO
    logs = async_lab.client("logs")
    logs.create_log_group(logGroupName="orders")
    assert logs.describe_log_groups()["logGroups"][0]["creationTime"] == LONG_AGO * 1_000
    bus = async_lab.client("events").create_event_bus(Name="orders")["EventBusArn"]
    assert async_lab.client("events").describe_event_bus(Name=bus)["CreationTime"].timestamp() == LONG_AGO


def test_secrets_carry_the_endpoints_time(async_lab):
    secrets = async_lab.client("secretsmanager")
    secrets.create_secret(Name="kept", SecretString="x")
    told = secrets.describe_secret(SecretId="kept")
    assert [told[name].timestamp() for name in ("CreatedDate", "LastChangedDate")] == [int(async_lab.now)] * 2


def test_a_log_takes_what_was_written_in_the_endpoints_time(async_lab):
    logs = async_lab.client("logs")
    logs.create_log_group(logGroupName="orders")
    logs.create_log_stream(logGroupName="orders", logStreamName="1")
    written = {"timestamp": round(LONG_AGO * 1_000), "message": "an order"}
    answer = logs.put_log_events(logGroupName="orders", logStreamName="1", logEvents=[written])
    assert "rejectedLogEventsInfo" not in answer
    [event] = logs.get_log_events(logGroupName="orders", logStreamName="1")["events"]
    assert (event["timestamp"], event["message"]) == (written["timestamp"], "an order")


@pytest.mark.parametrize("through", ["events", "sns", "s3"])
def test_what_a_source_sends_carries_the_endpoints_time(async_lab, sqs, queue, through):
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow_everybody_to_send(sqs, queue, arn)
    async_lab.advance(seconds=90)
    send(async_lab, through, arn)
    bodies = [
        json.loads(message["Body"])
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    ]
    stamps = {"events": "time", "sns": "Timestamp", "s3": "eventTime"}
    [told] = [
        record[stamps[through]] for body in bodies for record in body.get("Records", [body]) if "Event" not in body
    ]
    assert told in {"2020-09-13T12:28:10Z", "2020-09-13T12:28:10.000Z"}


def allow_everybody_to_send(sqs, queue, arn):
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [statement]})})


def send(async_lab, through, queue_arn):
    source = async_lab.client(through)
    if through == "events":
        source.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
        source.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": queue_arn}])
        source.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": "{}"}])
    elif through == "sns":
        topic = source.create_topic(Name="orders")["TopicArn"]
        source.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
        source.publish(TopicArn=topic, Message="an order")
    else:
        source.create_bucket(Bucket="orders")
        wanted = {"QueueConfigurations": [{"QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*"]}]}
        source.put_bucket_notification_configuration(Bucket="orders", NotificationConfiguration=wanted)
        source.put_object(Bucket="orders", Key="order.json", Body=b"{}")


def test_an_upload_in_parts_was_begun_when_it_was(async_lab):
    s3 = async_lab.client("s3")
    s3.create_bucket(Bucket="parts")
    s3.create_multipart_upload(Bucket="parts", Key="large")
    begun = async_lab.now
    async_lab.advance(hours=1)
    [upload] = s3.list_multipart_uploads(Bucket="parts")["Uploads"]
    assert upload["Initiated"].timestamp() == pytest.approx(begun, abs=1)
