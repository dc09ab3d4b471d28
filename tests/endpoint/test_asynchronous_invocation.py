"""What happens to an event, seen with boto3: answers, deliveries, records, metrics, logs."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from queue_lab import id_of

RATE_EXCEEDED = "Rate Exceeded."


# Accepting


def test_an_event_is_accepted_with_202_an_id_and_nothing_else(lab):
    answer = lab.send(lab.function(), {"a": 1})
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert "ExecutedVersion" not in answer
    assert id_of(answer)


def test_every_attempt_runs_under_the_events_id_and_an_empty_payload_is_an_empty_object(lab):
    url, arn = lab.queue()
    name = lab.function(asynchronous={"DestinationConfig": {"OnSuccess": {"Destination": arn}}})
    answer = lab.send(name)
    lab.target.wait(10)
    (message,) = lab.messages(url)
    assert json.loads(message["Body"])["responsePayload"] == {"seen": {}, "id": id_of(answer)}


def test_an_event_is_accepted_at_reserved_concurrency_0_and_a_synchronous_call_is_not(lab):
    name = lab.function(concurrency=0)
    assert lab.send(name)["StatusCode"] == 202
    with pytest.raises(lab.lambda_.exceptions.TooManyRequestsException) as refused:
        lab.lambda_.invoke(FunctionName=name)
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refused.value.response["Error"]["Message"] == RATE_EXCEEDED


@pytest.mark.parametrize(
    ("payload", "status"), [(b"{", 400), (b'"' + b"a" * 1024 * 1024 + b'"', 413), (b'"' + b"a" * 1_000_000 + b'"', 202)]
)
def test_what_is_not_json_or_too_large_is_refused(lab, payload, status):
    name = lab.function()
    try:
        answered = lab.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=payload)["StatusCode"]
    except lab.lambda_.exceptions.ClientError as refused:
        answered = refused.response["ResponseMetadata"]["HTTPStatusCode"]
    assert answered == status


@pytest.mark.parametrize("options", [{"FunctionName": "nobody"}, {"Qualifier": "7"}, {"Qualifier": "nobody"}])
def test_what_does_not_exist_is_not_found(lab, options):
    with pytest.raises(lab.lambda_.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:lambda:"):
        lab.lambda_.invoke(**{"FunctionName": lab.function(), "InvocationType": "Event", **options})


def test_a_dry_run_runs_nothing(lab):
    name, since = lab.function(), lab.target.now()
    assert lab.lambda_.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    lab.target.wait(60)
    assert lab.metrics(name, since)["Invocations"].is_absent


def test_a_function_may_be_named_by_its_arn_and_with_its_qualifier(lab):
    name = lab.function()
    arn = lab.lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    for spelled in (arn, f"{arn}:$LATEST", f"{name}:$LATEST", f"123456789012:function:{name}"):
        assert lab.lambda_.invoke(FunctionName=spelled)["StatusCode"] == 200


def test_a_runtime_that_is_not_python_is_refused_with_what_to_do(lab):
    name = lab.function(Runtime="nodejs22.x")
    with pytest.raises(lab.lambda_.exceptions.ClientError, match="TARGET=aws"):
        lab.send(name)


# Synchronous calls


def test_a_synchronous_call_answers_with_result_version_and_log(lab):
    answer = lab.lambda_.invoke(FunctionName=lab.function(), Payload=b'{"a": 1}', LogType="Tail")
    assert json.loads(answer["Payload"].read())["seen"] == {"a": 1}
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "LogResult" in answer
    assert "FunctionError" not in answer


def test_a_synchronous_call_of_a_failing_function_answers_200_with_the_error(lab):
    answer = lab.lambda_.invoke(FunctionName=lab.function(), Payload=b'{"fail": "no"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorMessage"] == "no"


def test_a_synchronous_call_moves_the_clock_to_its_end(lab):
    name, began = lab.function(), lab.target.now()
    lab.lambda_.invoke(FunctionName=name, Payload=b'{"sleep": 30}')
    assert lab.target.now() - began == pytest.approx(30, abs=0.5)


CALLING = """
import boto3, json, os, time
def handler(event, context):
    began = time.time()
    answer = boto3.client("lambda").invoke(FunctionName=event["calls"], Payload=json.dumps(event["with"]))
    return {"took": time.time() - began, "answer": json.loads(answer["Payload"].read())}
"""


def test_a_handler_that_calls_a_function_waits_for_it_in_virtual_time(lab):
    caller, called, began = lab.function(source=CALLING), lab.function(), lab.target.now()
    event = json.dumps({"calls": called, "with": {"sleep": 30}})
    answer = json.loads(lab.lambda_.invoke(FunctionName=caller, Payload=event)["Payload"].read())
    assert answer["took"] == pytest.approx(30, abs=0.5)
    assert answer["answer"]["seen"] == {"sleep": 30}
    assert lab.target.now() - began == pytest.approx(30, abs=0.5)


def test_a_handler_runs_into_its_timeout_while_it_waits_for_the_function_it_calls(lab):
    caller, called = lab.function(source=CALLING), lab.function()
    lab.lambda_.update_function_configuration(FunctionName=caller, Timeout=20)
    event = json.dumps({"calls": called, "with": {"sleep": 30}})
    answer = lab.lambda_.invoke(FunctionName=caller, Payload=event)
    assert "Task timed out after 20.00 seconds" in answer["Payload"].read().decode()


def test_an_event_whose_handler_calls_a_function_takes_as_long_as_both(lab):
    caller, called, since = lab.function(source=CALLING), lab.function(), lab.target.now()
    lab.send(caller, {"calls": called, "with": {"sleep": 30}})
    lab.target.wait(60)
    assert lab.maximum("Duration", since, FunctionName=caller) == pytest.approx(30_000, abs=500)


# What happens to a finished event

OUTCOMES = {
    "errors": (
        {"asynchronous": {"MaximumRetryAttempts": 1}},
        [{"fail": "broken"}],
        ("RetriesExhausted", 2),
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        ("200", "broken"),
    ),
    "error, then too old": (
        {"asynchronous": {"MaximumEventAgeInSeconds": 60}},
        [{"fail": "broken"}],
        ("EventAgeExceeded", 1),
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        ("200", "broken"),
    ),
    "throttled until too old": (
        {"concurrency": 1, "asynchronous": {"MaximumEventAgeInSeconds": 60}},
        [{"sleep": 90}, {"sleep": 90}],
        ("EventAgeExceeded", 0),
        {"statusCode": 429},
        ("429", RATE_EXCEEDED),
    ),
    "reserved concurrency 0": (
        {"concurrency": 0},
        [{}],
        ("ZeroReservedConcurrency", 0),
        None,
        (None, "Function not invoked. Function isconfigured with zero reserved concurrent executions"),
    ),
    "crash": (
        {"asynchronous": {"MaximumRetryAttempts": 0}},
        [{"exit": 1}],
        ("RetriesExhausted", 1),
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        ("200", None),
    ),
    "timeout": (
        {"asynchronous": {"MaximumRetryAttempts": 0}},
        [{"sleep": 101}],
        ("RetriesExhausted", 1),
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        ("200", None),
    ),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_dropped_event_goes_to_the_dead_letter_queue_and_to_the_destination(lab, outcome):
    settings, payloads, (condition, count), context, (code, error) = OUTCOMES[outcome]
    dead_letters, dead_letter_arn = lab.queue()
    failures, failure_arn = lab.queue()
    asynchronous = settings.get("asynchronous", {}) | {"DestinationConfig": {"OnFailure": {"Destination": failure_arn}}}
    name = lab.function(
        concurrency=settings.get("concurrency"),
        asynchronous=asynchronous,
        DeadLetterConfig={"TargetArn": dead_letter_arn},
    )
    ids = [id_of(lab.send(name, payload)) for payload in payloads]
    lab.target.wait(400)

    (letter,) = lab.messages(dead_letters)
    (message,) = lab.messages(failures)
    record = json.loads(message["Body"])
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"]) in payloads
    assert attributes["RequestID"] == record["requestContext"]["requestId"]
    assert attributes["RequestID"] in ids
    assert attributes.get("ErrorCode") == code
    assert error is None or attributes["ErrorMessage"] == error
    assert record["requestContext"]["condition"] == condition
    assert record["requestContext"]["approximateInvokeCount"] == count
    assert record["requestContext"]["functionArn"].endswith(f"{name}:$LATEST")
    assert record["requestPayload"] in payloads
    assert record.get("responseContext") == context
    assert ("responsePayload" in record) == (count > 0)


def test_a_success_is_recorded_with_count_1_and_no_dead_letter(lab):
    dead_letters, dead_letter_arn = lab.queue()
    successes, success_arn = lab.queue()
    destinations = {"DestinationConfig": {"OnSuccess": {"Destination": success_arn}}}
    name = lab.function(asynchronous=destinations, DeadLetterConfig={"TargetArn": dead_letter_arn})
    lab.send(name, {"a": 1})
    lab.target.wait(10)
    (message,) = lab.messages(successes)
    context = json.loads(message["Body"])["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("Success", 1)
    assert lab.messages(dead_letters) == []


def test_records_reach_topics_functions_buses_and_buckets(lab):
    successes, success_arn = lab.queue()
    called = lab.function(asynchronous={"DestinationConfig": {"OnSuccess": {"Destination": success_arn}}})
    topic = lab.target.client("sns").create_topic(Name="failures")["TopicArn"]
    through_topic, through_topic_arn = lab.open_queue("sns")
    lab.target.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=through_topic_arn)
    events = lab.target.client("events")
    bus = events.create_event_bus(Name="failures")["EventBusArn"]
    through_bus, through_bus_arn = lab.open_queue("events")
    pattern = json.dumps({"source": ["lambda"]})
    events.put_rule(Name="all", EventBusName="failures", EventPattern=pattern)
    events.put_targets(Rule="all", EventBusName="failures", Targets=[{"Id": "queue", "Arn": through_bus_arn}])
    s3 = lab.target.client("s3")
    s3.create_bucket(Bucket="failures", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    function_arn = lab.lambda_.get_function(FunctionName=called)["Configuration"]["FunctionArn"]
    for destination in (topic, function_arn, bus, "arn:aws:s3:::failures"):
        failing = {"MaximumRetryAttempts": 0, "DestinationConfig": {"OnFailure": {"Destination": destination}}}
        lab.send(lab.function(asynchronous=failing), {"fail": "x"})
    lab.target.wait(30)

    published = json.loads(json.loads(lab.messages(through_topic)[0]["Body"])["Message"])
    on_bus = json.loads(lab.messages(through_bus)[0]["Body"])
    seen = json.loads(lab.messages(successes)[0]["Body"])["requestPayload"]
    (found,) = s3.list_objects_v2(Bucket="failures")["Contents"]
    stored = json.loads(s3.get_object(Bucket="failures", Key=found["Key"])["Body"].read())
    assert on_bus["detail-type"] == "Lambda Function Invocation Result - Failure"
    assert found["Key"].startswith("aws/lambda/async/function-")
    for record in (published, on_bus["detail"], seen, stored):
        assert record["requestContext"]["condition"] == "RetriesExhausted"


def test_a_delivery_that_fails_is_counted_and_the_event_still_dropped(lab):
    url, arn = lab.queue()
    failing = {"MaximumRetryAttempts": 0, "DestinationConfig": {"OnFailure": {"Destination": arn}}}
    name, since = lab.function(asynchronous=failing, DeadLetterConfig={"TargetArn": arn}), lab.target.now()
    lab.sqs.delete_queue(QueueUrl=url)
    lab.send(name, {"fail": "x"})
    lab.target.wait(60)
    metrics = lab.metrics(name, since)
    assert metrics["AsyncEventsDropped"].total == 1
    assert metrics["DeadLetterErrors"].total == 1
    assert metrics["DestinationDeliveryFailures"].total == 1


# Many at once


def test_a_thousand_events_at_once_are_all_accepted_and_all_counted(lab):
    lab.target.wait(60)
    name, since = lab.function(concurrency=20), lab.target.now()
    with ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(lambda number: lab.send(name, {"number": number}), range(1_000)))
    assert {answer["StatusCode"] for answer in answers} == {202}
    assert len({id_of(answer) for answer in answers}) == 1_000
    lab.target.wait(21_600)
    metrics = lab.metrics(name, since)
    assert metrics["AsyncEventsReceived"].total == 1_000
    assert metrics["AsyncEventsDropped"].total == 0
    assert metrics["Invocations"].total == 1_000
    assert metrics["ConcurrentExecutions"].maximum <= 20


def test_functions_without_a_reservation_share_the_accounts_pool(lab):
    unreserved = lab.lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    hog, other = lab.function(concurrency=unreserved - 100), lab.function()
    since = lab.target.now()
    for number in range(120):
        lab.send(other, {"sleep": 30, "number": number})
    lab.target.wait(600)
    metrics = lab.metrics(other, since)
    lab.lambda_.delete_function_concurrency(FunctionName=hog)
    assert metrics["ConcurrentExecutions"].maximum <= 100
    assert metrics["Throttles"].total >= 20
    assert metrics["Invocations"].total == 120


def test_log_lines_stand_in_the_stream_of_their_environment_in_the_endpoints_time(lab):
    name, since = lab.function(), lab.target.now()
    request_id = id_of(lab.send(name, {"sleep": 2}))
    lab.target.wait(10)
    logs = lab.target.client("logs")
    (stream,) = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    lines = logs.get_log_events(logGroupName=f"/aws/lambda/{name}", logStreamName=stream["logStreamName"])["events"]
    assert "[$LATEST]" in stream["logStreamName"]
    assert lines[0]["message"] == f"START RequestId: {request_id} Version: $LATEST"
    assert lines[-1]["message"].startswith(f"REPORT RequestId: {request_id}\tDuration: 2001.00 ms\t")
    assert since * 1_000 <= lines[0]["timestamp"] <= lines[-1]["timestamp"] <= lab.target.now() * 1_000
