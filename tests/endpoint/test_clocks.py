"""What a queue hides and expires, it does by the endpoint's clock and not by the wall's."""

import pytest

from async_lab import Lab

LONG_AGO = 1_600_000_000.0  # years before any wall's clock that runs this
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def _open_lab():
    lab = Lab(start=LONG_AGO)
    lab.open()
    yield lab
    lab.close()


@pytest.fixture
def sqs(async_lab):
    return async_lab.client("sqs")


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
