"""What happens to an event, seen with boto3: answers, deliveries, records, metrics, logs."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from async_lab.errors import UsageError

RATE_EXCEEDED = "Rate Exceeded."


# Accepting


def test_an_event_is_accepted_with_202_an_id_and_nothing_else(as_told, lambda_):
    answer = lambda_.invoke(FunctionName=as_told().name, InvocationType="Event", Payload=b'{"a": 1}')
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert "ExecutedVersion" not in answer
    assert answer["ResponseMetadata"]["RequestId"]


def test_every_attempt_runs_under_the_events_id_and_an_empty_payload_is_an_empty_object(async_lab, as_told, lambda_):
    function = as_told(success_queue=True)
    answer = lambda_.invoke(FunctionName=function.name, InvocationType="Event")  # without a payload
    async_lab.run_until_idle()
    [message] = async_lab.messages(function.success_queue)
    assert message.json["responsePayload"] == {"seen": {}, "id": answer["ResponseMetadata"]["RequestId"]}


def test_an_event_is_accepted_at_reserved_concurrency_0_and_a_synchronous_call_is_not(as_told, lambda_):
    function = as_told(reserved_concurrency=0)
    assert lambda_.invoke(FunctionName=function.name, InvocationType="Event")["StatusCode"] == 202
    with pytest.raises(lambda_.exceptions.TooManyRequestsException) as refused:
        lambda_.invoke(FunctionName=function.name)
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refused.value.response["Error"]["Message"] == RATE_EXCEEDED


@pytest.mark.parametrize(
    ("payload", "status"), [(b"{", 400), (b'"' + b"a" * 1024 * 1024 + b'"', 413), (b'"' + b"a" * 1_000_000 + b'"', 202)]
)
def test_what_is_not_json_or_too_large_is_refused(as_told, lambda_, payload, status):
    function = as_told()
    try:
        answered = lambda_.invoke(FunctionName=function.name, InvocationType="Event", Payload=payload)["StatusCode"]
    except lambda_.exceptions.ClientError as refused:
        answered = refused.response["ResponseMetadata"]["HTTPStatusCode"]
    assert answered == status


@pytest.mark.parametrize("options", [{"FunctionName": "nobody"}, {"Qualifier": "7"}, {"Qualifier": "nobody"}])
def test_what_does_not_exist_is_not_found(as_told, lambda_, options):
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:lambda:"):
        lambda_.invoke(**{"FunctionName": as_told().name, "InvocationType": "Event", **options})


def test_a_dry_run_runs_nothing(async_lab, as_told, lambda_):
    function = as_told()
    assert lambda_.invoke(FunctionName=function.name, InvocationType="DryRun")["StatusCode"] == 204
    async_lab.advance(seconds=60)
    assert function.metrics["Invocations"].is_absent


def test_a_function_may_be_named_by_its_arn_and_with_its_qualifier(as_told, lambda_):
    function = as_told()
    for spelled in (
        function.arn,
        f"{function.arn}:$LATEST",
        f"{function}:$LATEST",
        f"123456789012:function:{function}",
    ):
        assert lambda_.invoke(FunctionName=spelled)["StatusCode"] == 200


def test_a_runtime_that_is_not_python_is_refused_with_what_to_do(as_told, lambda_):
    function = as_told()
    lambda_.update_function_configuration(FunctionName=function.name, Runtime="nodejs22.x")
    with pytest.raises(UsageError, match="TARGET=aws"):
        function.send()


# Synchronous calls


def test_a_synchronous_call_answers_with_result_version_and_log(as_told, lambda_):
    answer = lambda_.invoke(FunctionName=as_told().name, Payload=b'{"a": 1}', LogType="Tail")
    assert json.loads(answer["Payload"].read())["seen"] == {"a": 1}
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "LogResult" in answer
    assert "FunctionError" not in answer


def test_a_synchronous_call_of_a_failing_function_answers_200_with_the_error(as_told, lambda_):
    answer = lambda_.invoke(FunctionName=as_told().name, Payload=b'{"fail": "no"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorMessage"] == "no"


def test_a_synchronous_call_moves_the_clock_to_its_end(async_lab, as_told, lambda_):
    function, began = as_told(), async_lab.now
    lambda_.invoke(FunctionName=function.name, Payload=b'{"sleep": 30}')
    assert async_lab.now - began == pytest.approx(30, abs=0.5)


CALLING = """
import boto3, json, os, time
def handler(event, context):
    began = time.time()
    answer = boto3.client("lambda").invoke(FunctionName=event["calls"], Payload=json.dumps(event["with"]))
    return {"took": time.time() - began, "answer": json.loads(answer["Payload"].read())}
"""


def test_a_handler_that_calls_a_function_waits_for_it_in_virtual_time(async_lab, as_told, handler):
    caller, called, began = async_lab.function(handler(CALLING), timeout=100), as_told(), async_lab.now
    answer = caller.invoke({"calls": called.name, "with": {"sleep": 30}})
    assert answer["took"] == pytest.approx(30, abs=0.5)
    assert answer["answer"]["seen"] == {"sleep": 30}
    assert async_lab.now - began == pytest.approx(30, abs=0.5)


def test_a_handler_runs_into_its_timeout_while_it_waits_for_the_function_it_calls(async_lab, as_told, handler):
    caller, called = async_lab.function(handler(CALLING), timeout=20), as_told()
    with pytest.raises(UsageError, match=r"Task timed out after 20\.00 seconds"):
        caller.invoke({"calls": called.name, "with": {"sleep": 30}})


def test_an_event_whose_handler_calls_a_function_takes_as_long_as_both(async_lab, as_told, handler):
    caller, called = async_lab.function(handler(CALLING), timeout=100), as_told()
    caller.send({"calls": called.name, "with": {"sleep": 30}})
    async_lab.run_until_idle()
    assert caller.metrics["Duration"].maximum == pytest.approx(30_000, abs=500)


# What happens to a finished event

OUTCOMES = {
    "errors": (
        {"retries": 1},
        [{"fail": "broken"}],
        ("RetriesExhausted", 2),
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        ("200", "broken"),
    ),
    "error, then too old": (
        {"maximum_age": 60},
        [{"fail": "broken"}],
        ("EventAgeExceeded", 1),
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        ("200", "broken"),
    ),
    "throttled until too old": (
        {"reserved_concurrency": 1, "maximum_age": 60},
        [{"sleep": 90}, {"sleep": 90}],
        ("EventAgeExceeded", 0),
        {"statusCode": 429},
        ("429", RATE_EXCEEDED),
    ),
    "reserved concurrency 0": (
        {"reserved_concurrency": 0},
        [{}],
        ("ZeroReservedConcurrency", 0),
        None,
        (None, "Function not invoked. Function isconfigured with zero reserved concurrent executions"),
    ),
    "crash": (
        {"retries": 0},
        [{"exit": 1}],
        ("RetriesExhausted", 1),
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        ("200", None),
    ),
    "timeout": (
        {"retries": 0},
        [{"sleep": 101}],
        ("RetriesExhausted", 1),
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        ("200", None),
    ),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_dropped_event_goes_to_the_dead_letter_queue_and_to_the_destination(async_lab, as_told, outcome):
    settings, payloads, (condition, count), context, (code, error) = OUTCOMES[outcome]
    function = as_told(failure_queue=True, dead_letter_queue=True, **settings)
    ids = [function.send(payload).request_id for payload in payloads]
    async_lab.advance(seconds=400)

    [letter], [message] = async_lab.messages(function.dead_letter_queue), async_lab.messages(function.failure_queue)
    record, attributes = message.json, letter.attributes
    assert letter.json in payloads
    assert attributes["RequestID"] == record["requestContext"]["requestId"]
    assert attributes["RequestID"] in ids
    assert attributes.get("ErrorCode") == code
    assert error is None or attributes["ErrorMessage"] == error
    assert record["requestContext"]["condition"] == condition
    assert record["requestContext"]["approximateInvokeCount"] == count
    assert record["requestContext"]["functionArn"].endswith(f"{function}:$LATEST")
    assert record["requestPayload"] in payloads
    assert record.get("responseContext") == context
    assert ("responsePayload" in record) == (count > 0)


def test_a_success_is_recorded_with_count_1_and_no_dead_letter(async_lab, as_told):
    function = as_told(success_queue=True, dead_letter_queue=True)
    function.send({"a": 1})
    async_lab.run_until_idle()
    [message] = async_lab.messages(function.success_queue)
    context = message.json["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("Success", 1)
    assert async_lab.messages(function.dead_letter_queue) == []


def test_records_reach_topics_functions_buses_and_buckets(async_lab, as_told, open_queue):
    called = as_told(success_queue=True)
    sns, events, s3 = (async_lab.client(service) for service in ("sns", "events", "s3"))
    topic = sns.create_topic(Name="failures")["TopicArn"]
    through_topic, through_bus = open_queue("sns"), open_queue("events")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=through_topic)
    bus = events.create_event_bus(Name="failures")["EventBusArn"]
    pattern = json.dumps({"source": ["lambda"]})
    events.put_rule(Name="all", EventBusName="failures", EventPattern=pattern)
    events.put_targets(Rule="all", EventBusName="failures", Targets=[{"Id": "queue", "Arn": through_bus}])
    s3.create_bucket(Bucket="failures", CreateBucketConfiguration={"LocationConstraint": async_lab.region})
    for destination in (topic, called.arn, bus, "arn:aws:s3:::failures"):
        as_told(retries=0, on_failure=destination).send({"fail": "x"})
    async_lab.run_until_idle()

    published = json.loads(async_lab.messages(through_topic)[0].json["Message"])
    on_bus = async_lab.messages(through_bus)[0].json
    seen = async_lab.messages(called.success_queue)[0].json["requestPayload"]
    (found,) = s3.list_objects_v2(Bucket="failures")["Contents"]
    stored = json.loads(s3.get_object(Bucket="failures", Key=found["Key"])["Body"].read())
    assert on_bus["detail-type"] == "Lambda Function Invocation Result - Failure"
    assert found["Key"].startswith("aws/lambda/async/function-")
    for record in (published, on_bus["detail"], seen, stored):
        assert record["requestContext"]["condition"] == "RetriesExhausted"


def test_a_delivery_that_fails_is_counted_and_the_event_still_dropped(async_lab, as_told, sqs):
    function = as_told(retries=0, failure_queue=True, dead_letter_queue=True)
    for queue in (function.failure_queue, function.dead_letter_queue):
        sqs.delete_queue(QueueUrl=queue.rpartition(":")[2])
    function.send({"fail": "x"})
    async_lab.advance(seconds=60)
    metrics = function.metrics
    assert metrics["AsyncEventsDropped"].total == 1
    assert metrics["DeadLetterErrors"].total == 1
    assert metrics["DestinationDeliveryFailures"].total == 1


# Many at once


def test_a_thousand_events_at_once_are_all_accepted_and_all_counted(async_lab, as_told, lambda_):
    function = as_told(reserved_concurrency=20)

    def send(number):
        payload = json.dumps({"number": number})
        return lambda_.invoke(FunctionName=function.name, InvocationType="Event", Payload=payload)

    with ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(send, range(1_000)))
    assert {answer["StatusCode"] for answer in answers} == {202}
    assert len({answer["ResponseMetadata"]["RequestId"] for answer in answers}) == 1_000
    async_lab.advance(seconds=21_600)
    metrics = function.metrics
    assert metrics["AsyncEventsReceived"].total == 1_000
    assert metrics["AsyncEventsDropped"].total == 0
    assert metrics["Invocations"].total == 1_000
    assert metrics["ConcurrentExecutions"].maximum <= 20


def test_functions_without_a_reservation_share_the_accounts_pool(async_lab, as_told, lambda_):
    unreserved = lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    as_told(reserved_concurrency=unreserved - 100)
    other = as_told()
    for number in range(120):
        other.send({"sleep": 30, "number": number})
    async_lab.advance(seconds=600)
    metrics = other.metrics
    assert metrics["ConcurrentExecutions"].maximum <= 100
    assert metrics["Throttles"].total >= 20
    assert metrics["Invocations"].total == 120


def test_log_lines_stand_in_the_stream_of_their_environment_in_the_endpoints_time(async_lab, as_told):
    function, since = as_told(), async_lab.now
    request_id = function.send({"sleep": 2}).request_id
    async_lab.advance(seconds=10)
    logs = async_lab.client("logs")
    (stream,) = logs.describe_log_streams(logGroupName=f"/aws/lambda/{function}")["logStreams"]
    lines = logs.get_log_events(logGroupName=f"/aws/lambda/{function}", logStreamName=stream["logStreamName"])["events"]
    assert "[$LATEST]" in stream["logStreamName"]
    assert lines[0]["message"] == f"START RequestId: {request_id} Version: $LATEST"
    assert lines[-1]["message"].startswith(f"REPORT RequestId: {request_id}\tDuration: 2001.00 ms\t")
    assert since * 1_000 <= lines[0]["timestamp"] <= lines[-1]["timestamp"] <= async_lab.now * 1_000
