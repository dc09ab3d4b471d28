"""What a queue hides and expires, it does by the endpoint's clock and not by the wall's."""

import boto3
import pytest

from async_lab.endpoint.embedded import Endpoint

LONG_AGO = 1_600_000_000.0  # years before any wall's clock that runs this
DAY_SECONDS = 86_400


@pytest.fixture
def endpoint():
    with Endpoint(start=LONG_AGO) as endpoint:
        yield endpoint


@pytest.fixture
def sqs(endpoint):
    return boto3.client(
        "sqs",
        endpoint_url=endpoint.url,
        region_name="eu-west-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


@pytest.fixture
def queue(sqs):
    return sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]


def received(sqs, queue, **options):
    answer = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"], **options)
    return [message["Attributes"] for message in answer.get("Messages", [])]


def test_a_message_is_sent_and_first_received_in_the_endpoints_time(endpoint, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    endpoint.wait(5)
    [attributes] = received(sqs, queue)
    assert attributes["SentTimestamp"] == str(round(LONG_AGO * 1_000))
    assert attributes["ApproximateFirstReceiveTimestamp"] == str(round((LONG_AGO + 5) * 1_000))


def test_a_message_is_hidden_for_the_visibility_timeout(endpoint, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    assert len(received(sqs, queue)) == 1
    endpoint.wait(29)
    assert received(sqs, queue) == []
    endpoint.wait(2)
    assert len(received(sqs, queue)) == 1


def test_a_message_is_kept_for_the_retention_period(endpoint, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    endpoint.wait(4 * DAY_SECONDS - 60)
    assert len(received(sqs, queue)) == 1
    endpoint.wait(120)
    assert received(sqs, queue) == []


def test_a_delayed_message_comes_later(endpoint, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="1", DelaySeconds=60)
    assert received(sqs, queue) == []
    endpoint.wait(61)
    assert len(received(sqs, queue)) == 1


def test_a_long_poll_is_answered_at_once_where_time_stands(sqs, queue):
    assert received(sqs, queue, WaitTimeSeconds=20) == []
