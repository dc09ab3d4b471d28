"""The function as its Terraform code deploys it, with the real provider: applied once, put back for each test."""

import json

import pytest


@pytest.fixture
def stack(async_lab):
    return async_lab.apply("infra", scope="session")


def test_file_becomes_json(async_lab, stack):
    s3 = async_lab.client("s3")
    s3.put_object(Bucket=stack["bucket"], Key="people.csv", Body=b"name,age\nAda,36\n")
    async_lab.run_until_idle()

    written = s3.get_object(Bucket=stack["bucket"], Key="people.json")["Body"].read()
    assert json.loads(written) == [{"name": "Ada", "age": "36"}]


def test_bad_file_is_tried_three_times_and_kept(async_lab, stack):
    async_lab.client("s3").put_object(Bucket=stack["bucket"], Key="empty.csv", Body=b"a,b\n")
    async_lab.run_until_idle()

    [event] = async_lab.events("csv-to-json")
    assert [attempt.outcome for attempt in event.attempts] == ["error"] * 3
    assert event.attempts[1].age_seconds == pytest.approx(61, abs=8)
    assert event.condition == "RetriesExhausted"
    assert event.delivered_to == [stack["queue_arn"]]
    [message] = async_lab.messages(stack["queue_arn"])
    assert message.json["responsePayload"]["errorMessage"] == "empty.csv has no rows"


def test_file_survives_a_bucket_that_is_denied_for_a_while(async_lab, stack):
    with async_lab.deny("s3:GetObject"):
        async_lab.client("s3").put_object(Bucket=stack["bucket"], Key="people.csv", Body=b"name,age\nAda,36\n")
        async_lab.advance(seconds=30)
    async_lab.run_until_idle()

    [event] = async_lab.events("csv-to-json")
    assert [attempt.outcome for attempt in event.attempts] == ["error", "success"]
    assert "AccessDenied" in event.attempts[0].error_message
