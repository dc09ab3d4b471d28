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
def test_an_attribute_out_of_its_range_is_refused(lab, attribute, value):
    with pytest.raises(ClientError, match=f"InvalidAttributeValue.*{attribute}"):
        lab.sqs.create_queue(QueueName="wrong", Attributes={attribute: value})
    url, _ = lab.queue()
    with pytest.raises(ClientError, match=f"InvalidAttributeValue.*{attribute}"):
        lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: value})
    assert not any(each.endswith("/wrong") for each in lab.sqs.list_queues()["QueueUrls"])


def test_a_fifo_queue_says_that_it_is_one(lab):
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        lab.sqs.create_queue(QueueName="orders.fifo")


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
def test_a_message_that_can_not_be_is_refused(lab, wrong, code):
    url, _ = lab.queue()
    with pytest.raises(ClientError, match=code):
        lab.sqs.send_message(QueueUrl=url, **{"MessageBody": "x"} | wrong)
    with pytest.raises(ClientError, match=code):
        lab.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"} | wrong])
    assert "Messages" not in lab.sqs.receive_message(QueueUrl=url)


def test_a_queue_was_made_at_a_whole_second(lab):
    url, _ = lab.queue()
    told = lab.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["CreatedTimestamp"] == told["LastModifiedTimestamp"] == str(int(lab.target.now()))
