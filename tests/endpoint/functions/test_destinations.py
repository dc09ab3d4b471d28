import json
from dataclasses import replace

import pytest
from lambda_client import ACCOUNT_ID, FUNCTION_ARN, NAME, QUEUE_ARN, REGION, START, TOPIC_ARN, client

from async_lab.endpoint.delivery.destinations import DeliveryFailed, deliver_dead_letter, deliver_record
from async_lab.endpoint.delivery.records import AttemptResponse, FinishedEvent, invocation_record
from async_lab.endpoint.functions import find
from async_lab.twin import Condition, Rules

BUS_ARN = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/failed"
BUCKET_ARN = "arn:aws:s3:::failed-orders"
OTHER_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:other"
PAYLOAD = b'{"order":  1}'
AT = START + 30
EVENT = FinishedEvent(
    "r-1",
    f"{FUNCTION_ARN}:$LATEST",
    PAYLOAD,
    Condition.RETRIES_EXHAUSTED,
    3,
    AttemptResponse(200, "$LATEST", "Unhandled", b'{"errorMessage": "no stock"}'),
)
RECORD = invocation_record(EVENT, AT)


def never(*_):
    pytest.fail("No function is a destination here.")


@pytest.fixture
def deployed(functions, create, allow):
    """A function whose failures go to a destination, and whose dead letters to a queue or topic."""

    def make(on_failure=None, dead_letter=None):
        allow("*")
        create(DeadLetterConfig={"TargetArn": dead_letter} if dead_letter else {})
        if on_failure:
            wanted = {"OnFailure": {"Destination": on_failure}}
            functions.put_function_event_invoke_config(FunctionName=NAME, DestinationConfig=wanted)
        return find(ACCOUNT_ID, REGION, NAME, None)

    return make


@pytest.fixture
def queue(url, functions):
    """A queue and what is in it."""
    sqs = client("sqs", url)
    queue_url = sqs.create_queue(QueueName="failed")["QueueUrl"]
    services = ["sns.amazonaws.com", "events.amazonaws.com"]
    statement = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sqs:SendMessage"}
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": json.dumps({"Statement": [statement]})})

    def messages():
        answer = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        return answer.get("Messages", [])

    return messages


@pytest.fixture
def topic(url, queue):
    """A topic whose messages go to the queue as they are."""
    sns = client("sns", url)
    sns.create_topic(Name="failed")
    sns.subscribe(TopicArn=TOPIC_ARN, Protocol="sqs", Endpoint=QUEUE_ARN, Attributes={"RawMessageDelivery": "true"})


def values(message):
    return {name: attribute["StringValue"] for name, attribute in message.get("MessageAttributes", {}).items()}


@pytest.mark.parametrize(("spare_bytes", "is_taken"), [(0, True), (-1, False)])
@pytest.mark.parametrize("target", [BUS_ARN, OTHER_ARN])
def test_what_a_bus_or_a_function_takes(url, deployed, create, target, spare_bytes, is_taken):
    create(FunctionName="other")
    client("events", url).create_event_bus(Name="failed")
    function, invoked = deployed(target), []
    empty = len(json.dumps(invocation_record(replace(EVENT, payload=b'""'), AT)))
    event = replace(EVENT, payload=json.dumps("x" * (1024 * 1024 - spare_bytes - empty)).encode())
    if is_taken:
        deliver_record(function, event, AT, lambda *call: invoked.append(call))
        assert len(invoked) == (target == OTHER_ARN)
    else:
        with pytest.raises(DeliveryFailed, match="larger than the 1048576 bytes"):
            deliver_record(function, event, AT, never)


@pytest.mark.parametrize("target", [QUEUE_ARN, TOPIC_ARN])
def test_dead_letter_is_the_payload_byte_for_byte_with_its_reason(deployed, queue, topic, target):
    deliver_dead_letter(deployed(dead_letter=target), EVENT, AT)
    (message,) = queue()
    assert message["Body"].encode() == PAYLOAD
    assert values(message) == {"RequestID": "r-1", "ErrorCode": "200", "ErrorMessage": "no stock"}


def test_message_was_sent_when_it_was_delivered(deployed, queue):
    deliver_dead_letter(deployed(dead_letter=QUEUE_ARN), EVENT, AT)
    assert queue()[0]["Attributes"]["SentTimestamp"] == str(round(AT * 1000))


@pytest.mark.parametrize("target", [QUEUE_ARN, TOPIC_ARN])
def test_queue_and_topic_get_the_record(deployed, queue, topic, target):
    deliver_record(deployed(target), EVENT, AT, never)
    (message,) = queue()
    assert json.loads(message["Body"]) == RECORD
    assert values(message) == {}


def test_function_is_invoked_with_the_record(deployed, create):
    create(FunctionName="other")
    invoked = []
    deliver_record(deployed(OTHER_ARN), EVENT, AT, lambda *call: invoked.append(call))
    ((region, name, qualifier, payload),) = invoked
    assert (region, name, qualifier) == (REGION, "other", None)
    assert json.loads(payload) == RECORD


def test_event_bus_matches_the_record_with_its_rules(url, deployed, queue):
    events = client("events", url)
    events.create_event_bus(Name="failed")
    pattern = {"source": ["lambda"], "detail": {"requestContext": {"condition": ["RetriesExhausted"]}}}
    events.put_rule(Name="lost", EventBusName="failed", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="lost", EventBusName="failed", Targets=[{"Id": "queue", "Arn": QUEUE_ARN}])
    deliver_record(deployed(BUS_ARN), EVENT, AT, never)
    (message,) = queue()
    seen = json.loads(message["Body"])
    assert (seen["detail"], seen["resources"]) == (RECORD, [BUS_ARN, f"{FUNCTION_ARN}:$LATEST"])
    assert seen["detail-type"] == "Lambda Function Invocation Result - Failure"


def test_bucket_keeps_the_record(url, deployed):
    s3 = client("s3", url)
    s3.create_bucket(Bucket="failed-orders", CreateBucketConfiguration={"LocationConstraint": REGION})
    deliver_record(deployed(BUCKET_ARN), EVENT, AT, never)
    (found,) = s3.list_objects_v2(Bucket="failed-orders")["Contents"]
    assert found["Key"] == f"aws/lambda/async/{NAME}/2026/11/23/2026-11-23T08.24.15-r-1"
    assert json.load(s3.get_object(Bucket="failed-orders", Key=found["Key"])["Body"]) == RECORD


@pytest.mark.parametrize("target", [QUEUE_ARN, TOPIC_ARN, BUS_ARN, BUCKET_ARN])
def test_target_that_is_missing_is_a_failed_delivery(deployed, target):
    with pytest.raises(DeliveryFailed, match="There is no"):
        deliver_record(deployed(target), EVENT, AT, never)


def test_function_that_is_gone_is_a_failed_delivery(functions, create, deployed):
    create(FunctionName="other")
    function = deployed(OTHER_ARN)
    functions.delete_function(FunctionName="other")
    with pytest.raises(DeliveryFailed, match=r"Function not found: .*:other"):
        deliver_record(function, EVENT, AT, never)


@pytest.mark.parametrize("target", [QUEUE_ARN, TOPIC_ARN])
def test_dead_letter_target_that_is_missing_is_a_failed_delivery(deployed, target):
    with pytest.raises(DeliveryFailed, match="There is no"):
        deliver_dead_letter(deployed(dead_letter=target), EVENT, AT)


def test_permission_that_was_taken_away_is_a_failed_delivery(deployed, queue, allow):
    function = deployed(QUEUE_ARN)
    allow("sqs:*", effect="Deny")
    with pytest.raises(DeliveryFailed, match=r"may not sqs:SendMessage"):
        deliver_record(function, EVENT, AT, never)
    assert queue() == []


@pytest.mark.parametrize(("target", "action"), [(QUEUE_ARN, "sqs:SendMessage"), (TOPIC_ARN, "sns:Publish")])
def test_dead_letter_without_permission_is_a_failed_delivery(deployed, queue, topic, allow, target, action):
    function = deployed(dead_letter=target)
    allow(action, effect="Deny")
    with pytest.raises(DeliveryFailed, match=f"may not {action}"):
        deliver_dead_letter(function, EVENT, AT)
    assert queue() == []


def test_record_that_is_too_large_for_a_topic_is_a_failed_delivery(deployed, queue, topic):
    large = FinishedEvent("r-2", EVENT.function_arn, b'"%s"' % (b"x" * 300_000), EVENT.condition, 3, None)
    with pytest.raises(DeliveryFailed, match="larger than the 262144 bytes"):
        deliver_record(deployed(TOPIC_ARN), large, AT, never)


def test_a_record_may_come_to_a_topic_without_its_payloads(deployed, queue, topic):
    large = replace(EVENT, payload=b'"%s"' % (b"x" * 300_000))
    function, rules = deployed(TOPIC_ARN), Rules(topics_get_large_records_without_payload=True)
    deliver_record(function, large, AT, never, rules)
    deliver_record(function, EVENT, AT, never, rules)
    cut, whole = (json.loads(message["Body"]) for message in queue())
    assert cut == {name: value for name, value in RECORD.items() if not name.endswith("Payload")}
    assert whole == RECORD


def test_outcome_without_a_destination_goes_nowhere(deployed, queue):
    success = FinishedEvent("r-3", EVENT.function_arn, b"{}", Condition.SUCCESS, 1, AttemptResponse(200, "$LATEST"))
    function = deployed(QUEUE_ARN)
    deliver_record(function, success, AT, never)
    deliver_dead_letter(function, EVENT, AT)
    assert queue() == []
