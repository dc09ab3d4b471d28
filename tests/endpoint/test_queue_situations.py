"""The asynchronous queue end to end, situation by situation: real handlers, boto3, CloudWatch."""

import json

import pytest
from queue_lab import id_of, package

RETURNS = "def handler(event, context): return {!r}"
FAILS = "def handler(event, context): raise ValueError({!r})"


def failing(lab, retries, **destinations):
    config = {on: {"Destination": arn} for on, arn in destinations.items()}
    return {"MaximumRetryAttempts": retries} | ({"DestinationConfig": config} if config else {})


def publish(lab, name, source):
    """Make a version of its own of a handler; return its number."""
    return lab.lambda_.update_function_code(FunctionName=name, ZipFile=package(source), Publish=True)["Version"]


# Retries and waits


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_failing_event_runs_once_more_than_it_may_be_retried(lab, retries):
    name, since = lab.function(asynchronous=failing(lab, retries)), lab.target.now()
    lab.send(name, {"fail": "x"})
    lab.target.wait(300)
    metrics = lab.metrics(name, since)
    totals = {metric: metrics[metric].total for metric in ("Invocations", "Errors", "AsyncEventsDropped")}
    assert totals == {"Invocations": retries + 1, "Errors": retries + 1, "AsyncEventsDropped": 1}
    oldest_ms = (37, 67_500, 202_500)[retries]
    assert oldest_ms * 0.78 <= metrics["AsyncEventAge"].maximum <= oldest_ms


def test_throttled_event_that_expires_was_tried_six_times_in_a_minute(lab):
    name, since = lab.function(concurrency=1, asynchronous={"MaximumEventAgeInSeconds": 60}), lab.target.now()
    for _ in range(2):
        lab.send(name, {"sleep": 95})
    lab.target.wait(40)
    metrics = lab.metrics(name, since)
    assert (metrics["Throttles"].total, metrics["AsyncEventsDropped"].total) == (6, 1)
    lab.target.wait(100)


def test_event_that_failed_and_then_found_no_room_is_told_of_as_throttled(lab):
    url, arn = lab.queue()
    settings = {"MaximumEventAgeInSeconds": 120, "DestinationConfig": {"OnFailure": {"Destination": arn}}}
    name = lab.function(concurrency=1, asynchronous=settings)
    request_id = id_of(lab.send(name, {"fail": "x"}))
    lab.target.wait(30)
    lab.send(name, {"sleep": 99})
    lab.target.wait(150)
    (record,) = lab.records(url)
    assert record["requestContext"]["requestId"] == request_id
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"] == {"statusCode": 429}
    assert "responsePayload" not in record


def test_event_that_failed_before_its_reservation_became_0_is_told_of_as_not_invoked(lab):
    records, record_arn = lab.queue()
    letters, letter_arn = lab.queue()
    name = lab.function(asynchronous=failing(lab, 2, OnFailure=record_arn), DeadLetterConfig={"TargetArn": letter_arn})
    request_id = id_of(lab.send(name, {"fail": "x"}))
    lab.target.wait(30)
    lab.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    lab.target.wait(60)
    (letter,), (record,) = lab.messages(letters), lab.records(records)
    context = record["requestContext"]
    assert (context["requestId"], context["condition"]) == (request_id, "ZeroReservedConcurrency")
    assert context["approximateInvokeCount"] == 1
    assert {"responseContext", "responsePayload"} & set(record) == set()
    said = {name: attribute["StringValue"] for name, attribute in letter["MessageAttributes"].items()}
    assert said == {
        "RequestID": request_id,
        "ErrorMessage": "Function not invoked. Function isconfigured with zero reserved concurrent executions",
    }


def test_event_older_than_its_maximum_age_may_run_to_its_end(lab):
    name, since = lab.function(asynchronous={"MaximumEventAgeInSeconds": 60}), lab.target.now()
    lab.send(name, {"sleep": 99})
    lab.target.wait(120)
    metrics = lab.metrics(name, since)
    assert (metrics["AsyncEventsDropped"].total, metrics["Invocations"].total) == (0, 1)


def test_timeout_and_crash_are_errors_and_their_environments_are_not_used_again(lab):
    name, since = lab.function(concurrency=1, asynchronous=failing(lab, 0)), lab.target.now()
    for payload in ({"sleep": 101}, {"exit": 0}, {}):
        lab.send(name, payload)
        lab.target.wait(110)
    metrics = lab.metrics(name, since)
    assert (metrics["Errors"].total, metrics["AsyncEventsDropped"].total) == (2, 2)
    assert metrics["Duration"].maximum == 100_000
    assert sum("Init Duration" in line for line in lab.log(name)) == 3
    assert any("Task timed out after 100.00 seconds" in line for line in lab.log(name))


def test_cold_start_is_not_part_of_duration(lab):
    name, since = lab.function(), lab.target.now()
    for _ in range(2):
        lab.send(name, {"sleep": 2})
        lab.target.wait(10)
    assert {point.maximum for point in lab.metrics(name, since)["Duration"].points} == {2_001}
    cold, warm = (line for line in lab.log(name) if line.startswith("REPORT"))
    assert "Init Duration: 100.00 ms" in cold
    assert "Init Duration" not in warm


# Changes while events wait


def test_waiting_event_runs_the_code_of_its_next_attempt(lab):
    url, arn = lab.queue()
    name = lab.function(source=FAILS.format("old"), asynchronous=failing(lab, 1, OnSuccess=arn))
    lab.send(name)
    lab.target.wait(10)
    lab.lambda_.update_function_code(FunctionName=name, ZipFile=package(RETURNS.format("new")))
    lab.target.wait(120)
    (record,) = lab.records(url)
    assert (record["responsePayload"], record["requestContext"]["approximateInvokeCount"]) == ("new", 1)


def test_waiting_event_goes_where_its_alias_points_by_then(lab):
    url, arn = lab.queue()
    name = lab.function(source=FAILS.format("old"), Publish=True)
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lab.lambda_.put_function_event_invoke_config(FunctionName=name, Qualifier="live", **failing(lab, 1, OnSuccess=arn))
    lab.send(name, Qualifier="live")
    lab.target.wait(10)
    version = publish(lab, name, RETURNS.format("new"))
    lab.lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    lab.target.wait(120)
    (record,) = lab.records(url)
    assert record["requestContext"]["functionArn"].endswith(f":{name}:live")
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": version}


def test_event_invoke_config_counts_when_the_next_attempt_has_failed(lab):
    name, since = lab.function(asynchronous=failing(lab, 2)), lab.target.now()
    lab.send(name, {"fail": "x"})
    lab.target.wait(10)
    lab.lambda_.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    lab.target.wait(300)
    metrics = lab.metrics(name, since)
    assert (metrics["Invocations"].total, metrics["AsyncEventsDropped"].total) == (2, 1)


def test_waiting_event_runs_the_code_and_the_alias_target_of_its_own_moment(lab):
    url, arn = lab.queue()
    name = lab.function(source='def handler(event, context): raise ValueError("old")', Publish=True)
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lab.lambda_.put_function_event_invoke_config(
        FunctionName=name, Qualifier="live", DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    lab.send(name, Qualifier="live")
    lab.target.wait(10)
    lab.lambda_.update_function_code(FunctionName=name, ZipFile=package(), Publish=True)
    lab.lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    lab.target.wait(300)
    (record,) = lab.records(url)
    assert record["responseContext"]["executedVersion"] == "2"


def test_events_of_a_function_that_is_deleted_meanwhile_leave_nothing_behind(lab):
    url, arn = lab.queue()
    settings = {"asynchronous": failing(lab, 2, OnFailure=arn), "DeadLetterConfig": {"TargetArn": arn}}
    name, since = lab.function(**settings), lab.target.now()
    lab.send(name, {"fail": "x"})  # waits
    lab.send(name, {"sleep": 50})  # runs
    lab.target.wait(10)
    lab.lambda_.delete_function(FunctionName=name)
    lab.target.wait(21_600)
    assert lab.records(url) == []
    metrics = lab.metrics(name, since)
    assert metrics["Invocations"].total == 2
    assert metrics["AsyncEventsDropped"].is_absent or metrics["AsyncEventsDropped"].total == 0
    assert lab.endpoint.region("eu-west-1").is_settled


def test_execution_under_way_survives_a_reservation_of_0_and_waiting_events_do_not(lab):
    successes, success_arn = lab.queue()
    failures, failure_arn = lab.queue()
    name = lab.function(concurrency=1, asynchronous=failing(lab, 2, OnSuccess=success_arn, OnFailure=failure_arn))
    running, waiting = (id_of(lab.send(name, {"sleep": 50})) for _ in range(2))
    lab.target.wait(20)
    lab.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    lab.target.wait(100)
    (success,), (failure,) = lab.records(successes), lab.records(failures)
    assert {success["requestContext"]["requestId"], failure["requestContext"]["requestId"]} == {running, waiting}
    assert failure["requestContext"]["condition"] == "ZeroReservedConcurrency"


# Side by side


def test_region_counts_the_executions_of_all_its_functions(lab):
    lab.target.wait(120)
    reserved, other, since = lab.function(concurrency=5), lab.function(), lab.target.now()
    for name, count in ((reserved, 2), (other, 3)):
        for number in range(count):
            lab.send(name, {"sleep": 10, "number": number})
    lab.target.wait(60)
    metrics = ("ConcurrentExecutions", "UnreservedConcurrentExecutions", "ClaimedAccountConcurrency")
    highest = {metric: lab.maximum(metric, since) for metric in metrics}
    taken_by_others = 1_000 - lab.lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    assert highest == {
        "ConcurrentExecutions": 5,
        "UnreservedConcurrentExecutions": 3,
        "ClaimedAccountConcurrency": 3 + taken_by_others,
    }
    assert lab.metrics(other, since)["ConcurrentExecutions"].maximum == 3


def test_synchronous_call_beside_events_is_throttled_like_them_and_received_by_no_queue(lab):
    name, since = lab.function(concurrency=1), lab.target.now()
    lab.send(name, {"sleep": 50})
    lab.target.wait(1)
    with pytest.raises(lab.lambda_.exceptions.TooManyRequestsException):
        lab.lambda_.invoke(FunctionName=name)
    lab.target.wait(60)
    lab.lambda_.invoke(FunctionName=name)
    lab.target.wait(60)
    metrics = lab.metrics(name, since)
    totals = {metric: metrics[metric].total for metric in ("AsyncEventsReceived", "Invocations", "Throttles")}
    assert totals == {"AsyncEventsReceived": 1, "Invocations": 2, "Throttles": 1}
    assert sum(point.sample_count for point in metrics["AsyncEventAge"].points) == 1


# Deliveries


def test_dead_letter_comes_before_the_record_and_carries_the_payload_as_it_was(lab):
    letters, letter_arn = lab.queue()
    records, record_arn = lab.queue()
    name = lab.function(asynchronous=failing(lab, 0, OnFailure=record_arn), DeadLetterConfig={"TargetArn": letter_arn})
    payload = b'{ "fail" :"x",  "number": 1.50 }'
    lab.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    lab.target.wait(10)
    (letter,), (record,) = lab.messages(letters), lab.messages(records)
    assert letter["Body"].encode() == payload
    sent_ms = [int(message["Attributes"]["SentTimestamp"]) for message in (letter, record)]
    assert sent_ms[1] - sent_ms[0] == pytest.approx(50, abs=1)


def test_function_as_destination_is_an_event_of_its_own_with_its_own_retries(lab):
    url, arn = lab.queue()
    second = lab.function(source=FAILS.format("second"), asynchronous=failing(lab, 1, OnFailure=arn))
    second_arn = lab.lambda_.get_function(FunctionName=second)["Configuration"]["FunctionArn"]
    first = lab.function(asynchronous=failing(lab, 0, OnFailure=second_arn))
    since, request_id = lab.target.now(), id_of(lab.send(first, {"fail": "first"}))
    lab.target.wait(200)
    (record,) = lab.records(url)
    assert record["requestPayload"]["requestContext"]["requestId"] == request_id
    assert record["requestContext"]["requestId"] != request_id
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert lab.metrics(second, since)["AsyncEventsReceived"].total == 1


def test_topic_is_delivered_to_whatever_becomes_of_its_subscribers(lab):
    sns = lab.target.client("sns")
    topic = sns.create_topic(Name="with-a-dead-subscriber")["TopicArn"]
    url, arn = lab.queue()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    lab.sqs.delete_queue(QueueUrl=url)
    name, since = lab.function(asynchronous=failing(lab, 0, OnFailure=topic)), lab.target.now()
    lab.send(name, {"fail": "x"})
    lab.target.wait(60)
    metrics = lab.metrics(name, since)
    assert metrics["AsyncEventsDropped"].total == 1
    assert metrics["DestinationDeliveryFailures"].is_absent


# Conservation


def test_every_event_succeeds_or_is_dropped_and_every_dropped_one_is_delivered_or_counted(lab):
    url, arn = lab.queue()
    dead_url, dead_arn = lab.queue()
    delivering = lab.function(concurrency=3, asynchronous=failing(lab, 1, OnSuccess=arn, OnFailure=arn))
    losing = lab.function(asynchronous=failing(lab, 0, OnFailure=dead_arn))
    lab.sqs.delete_queue(QueueUrl=dead_url)
    since, ids = lab.target.now(), []
    for number in range(150):
        payload = {"number": number, "sleep": number % 3} | ({"fail": "x"} if number % 4 == 0 else {})
        ids.append(id_of(lab.send(delivering, payload)))
    for number in range(50):
        lab.send(losing, {"number": number} | ({"fail": "x"} if number % 5 == 0 else {}))
    lab.target.wait(3_600)

    assert lab.endpoint.region("eu-west-1").is_settled
    metrics, records = lab.metrics(delivering, since), lab.records(url)
    assert metrics["AsyncEventsReceived"].total == 150
    assert metrics["AsyncEventsDropped"].total == 38
    assert metrics["Errors"].total == 2 * 38
    assert metrics["ConcurrentExecutions"].maximum == 3
    assert sorted(record["requestContext"]["requestId"] for record in records) == sorted(ids)
    assert sum(record["requestContext"]["condition"] == "Success" for record in records) == 112
    lost = lab.metrics(losing, since)
    assert lost["AsyncEventsDropped"].total == lost["DestinationDeliveryFailures"].total == 10


def test_application_log_is_json_where_the_function_asks_for_it(lab):
    source = """
import logging
def handler(event, context):
    logging.getLogger().info("too fine")
    logging.getLogger().warning("order %s", event["number"])
"""
    settings = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"}
    name = lab.function(source=source, LoggingConfig=settings)
    request_id = id_of(lab.send(name, {"number": 7}))
    lab.target.wait(10)
    (line,) = (json.loads(line) for line in lab.log(name) if "order" in line or "too fine" in line)
    assert (line["level"], line["message"], line["requestId"]) == ("WARNING", "order 7", request_id)
