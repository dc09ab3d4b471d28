"""What SQS takes neither of queues nor of messages."""

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("VisibilityTimeout", "43201"),
        ("VisibilityTimeout", "-1"),
        ("DelaySeconds", "901"),
        ("MaximumMessageSize", "1023"),
        ("MessageRetentionPeriod", "59"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("ReceiveMessageWaitTimeSeconds", "soon"),
    ],
)
def test_an_attribute_out_of_its_range_is_refused(async_lab, sqs, attribute, value):
    async_lab.queue("right")
    with pytest.raises(ClientError, match=f"InvalidAttributeValue.*{attribute}"):
        sqs.create_queue(QueueName="wrong", Attributes={attribute: value})
    with pytest.raises(ClientError, match=f"InvalidAttributeValue.*{attribute}"):
        sqs.set_queue_attributes(QueueUrl="right", Attributes={attribute: value})
    [url] = sqs.list_queues()["QueueUrls"]
    assert url.endswith("/right")


def test_a_fifo_queue_says_that_it_is_one(sqs):
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        sqs.create_queue(QueueName="orders.fifo")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({"MessageBody": "a\x00b"}, "InvalidMessageContents"),
        (
            {"MessageAttributes": {f"n{each}": {"DataType": "String", "StringValue": "x"} for each in range(11)}},
            "InvalidParameterValue",
        ),
    ],
)
def test_a_message_that_can_not_be_is_refused(async_lab, sqs, wrong, code):
    async_lab.queue("orders")
    with pytest.raises(ClientError, match=code):
        sqs.send_message(QueueUrl="orders", **{"MessageBody": "x"} | wrong)
    with pytest.raises(ClientError, match=code):
        sqs.send_message_batch(QueueUrl="orders", Entries=[{"Id": "1", "MessageBody": "x"} | wrong])
    assert async_lab.messages("orders") == []


def test_a_queue_was_made_at_a_whole_second(async_lab, sqs):
    async_lab.queue("orders")
    told = sqs.get_queue_attributes(QueueUrl="orders", AttributeNames=["All"])["Attributes"]
    assert told["CreatedTimestamp"] == told["LastModifiedTimestamp"] == str(int(async_lab.now))
