"""Services that functions write to: the largest messages of SQS and SNS, and streams that nothing here polls."""

import pytest
from botocore.exceptions import ClientError

MOST_BYTES = 1024 * 1024  # doc: SQS, since August 2025


@pytest.mark.parametrize("shares", [(1,), (0.5, 0.5), (0.9, 0.1)])
def test_a_queue_takes_a_mebibyte_in_one_request(async_lab, sqs, shares):
    url = sqs.create_queue(QueueName="large")["QueueUrl"]

    def send(total):
        sizes = [int(total * share) for share in shares[:-1]]
        bodies = ["x" * size for size in (*sizes, total - sum(sizes))]
        if len(bodies) == 1:
            sqs.send_message(QueueUrl=url, MessageBody=bodies[0])
            return []
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        return sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])

    assert send(MOST_BYTES) == []
    with pytest.raises(ClientError) as raised:
        send(MOST_BYTES + 1)
    code = raised.value.response["Error"]["Code"]
    assert code.rpartition(".")[2] == ("InvalidParameterValue" if len(shares) == 1 else "BatchRequestTooLong")
    assert [len(message.body) for message in async_lab.messages(url)] == [
        MOST_BYTES if len(shares) == 1 else pytest.approx(MOST_BYTES * share, abs=1) for share in shares
    ]


def test_bytes_are_counted_and_attributes_with_them(sqs):
    url = sqs.create_queue(QueueName="large")["QueueUrl"]
    attribute = {"n": {"DataType": "String", "StringValue": "v"}}
    with pytest.raises(ClientError, match="1048576"):
        sqs.send_message(QueueUrl=url, MessageBody="x" * (MOST_BYTES - 7), MessageAttributes=attribute)
    sqs.send_message(QueueUrl=url, MessageBody="x" * (MOST_BYTES - 8), MessageAttributes=attribute)
    with pytest.raises(ClientError, match="1048576"):
        sqs.send_message(QueueUrl=url, MessageBody="é" * (MOST_BYTES // 2 + 1))
    binary = {"n": {"DataType": "Binary", "BinaryValue": b"12"}}
    sqs.send_message(QueueUrl=url, MessageBody="x" * (MOST_BYTES - 9), MessageAttributes=binary)


def test_streams_are_written_to_and_their_mappings_refused_by_name(async_lab, as_told, lambda_):
    kinesis, dynamodb = async_lab.client("kinesis"), async_lab.client("dynamodb")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    assert kinesis.put_record(StreamName="orders", Data=b"1", PartitionKey="p")["SequenceNumber"]
    made = dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}})
    assert dynamodb.get_item(TableName="orders", Key={"id": {"S": "1"}})["Item"] == {"id": {"S": "1"}}
    stream = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]["StreamARN"]
    function = as_told()
    for source, service in ((stream, "kinesis"), (made["TableDescription"]["LatestStreamArn"], "dynamodb")):
        with pytest.raises(
            ClientError, match=f"async-lab polls queues alone: it doesn't model event sources of {service}"
        ):
            lambda_.create_event_source_mapping(
                FunctionName=function.name, EventSourceArn=source, StartingPosition="LATEST"
            )
    assert lambda_.list_event_source_mappings()["EventSourceMappings"] == []


@pytest.mark.parametrize(
    ("message", "attributes", "is_taken"),
    [
        ("x" * 262_144, {}, True),
        ("x" * 262_145, {}, False),
        ("é" * 131_072, {}, True),
        ("é" * 131_073, {}, False),
        ("x" * (262_144 - 8), {"n": {"DataType": "String", "StringValue": "v"}}, True),
        ("x" * (262_144 - 7), {"n": {"DataType": "String", "StringValue": "v"}}, False),
    ],
)
def test_a_topic_takes_256_kilobytes_with_the_attributes(async_lab, message, attributes, is_taken):
    sns = async_lab.client("sns")
    topic = sns.create_topic(Name="large")["TopicArn"]
    if is_taken:
        assert sns.publish(TopicArn=topic, Message=message, MessageAttributes=attributes)["MessageId"]
        return
    with pytest.raises(ClientError) as raised:
        sns.publish(TopicArn=topic, Message=message, MessageAttributes=attributes)
    error = raised.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("InvalidParameter", "Invalid parameter: Message too long")


def test_a_batch_for_a_topic_is_256_kilobytes_together(async_lab):
    sns = async_lab.client("sns")
    topic = sns.create_topic(Name="large")["TopicArn"]
    entries = [{"Id": str(number), "Message": "x" * 131_072} for number in range(2)]
    assert len(sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]) == 2
    with pytest.raises(ClientError, match="BatchRequestTooLong"):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[*entries, {"Id": "2", "Message": "x"}])
