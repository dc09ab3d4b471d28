"""The asynchronous queue end to end, situation by situation: real handlers, boto3, CloudWatch."""

import json

import pytest
from measured import measured
from packages import package

RETURNS = "def handler(event, context): return {!r}"
FAILS = "def handler(event, context): raise ValueError({!r})"


def publish(lambda_, function, source):
    """Make a version of its own of a handler; return its number."""
    return lambda_.update_function_code(FunctionName=function.name, ZipFile=package(source), Publish=True)["Version"]


def record_in(async_lab, queue):
    """The one invocation record in a queue."""
    [message] = async_lab.messages(queue)
    return message.json


# Retries and waits


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_failing_event_runs_once_more_than_it_may_be_retried(async_lab, as_told, retries):
    function = as_told(retries=retries)
    function.send({"fail": "x"})
    async_lab.advance(seconds=300)
    metrics = function.metrics
    totals = {metric: metrics[metric].total for metric in ("Invocations", "Errors", "AsyncEventsDropped")}
    assert totals == {"Invocations": retries + 1, "Errors": retries + 1, "AsyncEventsDropped": 1}
    oldest_ms = (37, 67_500, 202_500)[retries]
    assert oldest_ms * 0.78 <= metrics["AsyncEventAge"].maximum <= oldest_ms


def test_throttled_event_that_expires_was_tried_six_times_in_a_minute(async_lab, as_told):
    function = as_told(reserved_concurrency=1, maximum_age=60)
    for _ in range(2):
        function.send({"sleep": 95})
    async_lab.advance(seconds=40)
    metrics = function.metrics
    assert (metrics["Throttles"].total, metrics["AsyncEventsDropped"].total) == (6, 1)


def test_event_that_failed_and_then_found_no_room_is_told_of_as_throttled(async_lab, as_told):
    function = as_told(reserved_concurrency=1, maximum_age=120, failure_queue=True)
    failed = function.send({"fail": "x"})
    async_lab.advance(seconds=30)
    function.send({"sleep": 99})
    async_lab.advance(seconds=150)
    record = record_in(async_lab, function.failure_queue)
    assert record["requestContext"]["requestId"] == failed.request_id
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"] == {"statusCode": 429}
    assert "responsePayload" not in record


def test_event_that_failed_before_its_reservation_became_0_is_told_of_as_not_invoked(async_lab, as_told, lambda_):
    function = as_told(failure_queue=True, dead_letter_queue=True)
    failed = function.send({"fail": "x"})
    async_lab.advance(seconds=30)
    lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    async_lab.advance(seconds=60)
    record = record_in(async_lab, function.failure_queue)
    context = record["requestContext"]
    assert (context["requestId"], context["condition"]) == (failed.request_id, "ZeroReservedConcurrency")
    assert context["approximateInvokeCount"] == 1
    assert {"responseContext", "responsePayload"} & set(record) == set()
    [letter] = async_lab.messages(function.dead_letter_queue)
    assert letter.attributes == {
        "RequestID": failed.request_id,
        "ErrorMessage": "Function not invoked. Function isconfigured with zero reserved concurrent executions",
    }


def test_event_older_than_its_maximum_age_may_run_to_its_end(async_lab, as_told):
    function = as_told(maximum_age=60)
    function.send({"sleep": 99})
    async_lab.advance(seconds=120)
    metrics = function.metrics
    assert (metrics["AsyncEventsDropped"].total, metrics["Invocations"].total) == (0, 1)


def test_timeout_and_crash_are_errors_and_their_environments_are_not_used_again(async_lab, as_told):
    function = as_told(reserved_concurrency=1, retries=0)
    for payload in ({"sleep": 101}, {"exit": 0}, {}):
        function.send(payload)
        async_lab.advance(seconds=110)
    metrics = function.metrics
    assert (metrics["Errors"].total, metrics["AsyncEventsDropped"].total) == (2, 2)
    assert metrics["Duration"].maximum == 100_000
    assert sum("Init Duration" in line for line in function.logs) == 3
    assert any("Task timed out after 100.00 seconds" in line for line in function.logs)


def test_cold_start_is_not_part_of_duration(async_lab, as_told):
    function = as_told()
    for _ in range(2):
        function.send({"sleep": 2})
        async_lab.advance(seconds=10)
    assert {point.maximum for point in function.metrics["Duration"].points} == {2_001}
    cold, warm = (line for line in function.logs if line.startswith("REPORT"))
    assert "Init Duration: 100.00 ms" in cold
    assert "Init Duration" not in warm


# Changes while events wait


def test_waiting_event_runs_the_code_of_its_next_attempt(async_lab, handler, lambda_):
    function = async_lab.function(handler(FAILS.format("old")), retries=1, success_queue=True)
    function.send()
    async_lab.advance(seconds=10)
    lambda_.update_function_code(FunctionName=function.name, ZipFile=package(RETURNS.format("new")))
    async_lab.advance(seconds=120)
    record = record_in(async_lab, function.success_queue)
    assert (record["responsePayload"], record["requestContext"]["approximateInvokeCount"]) == ("new", 1)


def aliased(async_lab, lambda_, code, **asynchronous):
    """A function whose alias `live` is its version 1 and has such an event-invoke config; and a queue for successes."""
    function, kept = async_lab.function(code), async_lab.queue("succeeded")
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    destinations = {"OnSuccess": {"Destination": kept}}
    lambda_.put_function_event_invoke_config(
        FunctionName=function.name, Qualifier="live", DestinationConfig=destinations, **asynchronous
    )
    return function, kept


def test_waiting_event_goes_where_its_alias_points_by_then(async_lab, handler, lambda_):
    function, kept = aliased(async_lab, lambda_, handler(FAILS.format("old")), MaximumRetryAttempts=1)
    async_lab.send(f"{function}:live")
    async_lab.advance(seconds=10)
    version = publish(lambda_, function, RETURNS.format("new"))
    lambda_.update_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    async_lab.advance(seconds=120)
    record = record_in(async_lab, kept)
    assert record["requestContext"]["functionArn"].endswith(f":{function}:live")
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": version}


def test_event_invoke_config_counts_when_the_next_attempt_has_failed(async_lab, as_told, lambda_):
    function = as_told(retries=2)
    function.send({"fail": "x"})
    async_lab.advance(seconds=10)
    lambda_.update_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    async_lab.advance(seconds=300)
    metrics = function.metrics
    assert (metrics["Invocations"].total, metrics["AsyncEventsDropped"].total) == (2, 1)


def test_waiting_event_runs_the_code_and_the_alias_target_of_its_own_moment(async_lab, handler, lambda_):
    function, kept = aliased(async_lab, lambda_, handler(FAILS.format("old")))
    async_lab.send(f"{function}:live")
    async_lab.advance(seconds=10)
    publish(lambda_, function, None)
    lambda_.update_alias(FunctionName=function.name, Name="live", FunctionVersion="2")
    async_lab.advance(seconds=300)
    assert record_in(async_lab, kept)["responseContext"]["executedVersion"] == "2"


def test_events_of_a_function_that_is_deleted_meanwhile_leave_nothing_behind(async_lab, as_told, lambda_):
    function = as_told(failure_queue=True, dead_letter_queue=True)
    function.send({"fail": "x"})  # waits
    function.send({"sleep": 50})  # runs
    async_lab.advance(seconds=10)
    lambda_.delete_function(FunctionName=function.name)
    async_lab.advance(seconds=21_600)
    assert async_lab.messages(function.failure_queue) == async_lab.messages(function.dead_letter_queue) == []
    for metric, total in (("Invocations", 2), ("AsyncEventsDropped", 0)):
        assert sum(measured(async_lab, "Sum", "AWS/Lambda", metric, FunctionName=function)) == total
    async_lab.run_until_idle(limit=0)


def test_execution_under_way_survives_a_reservation_of_0_and_waiting_events_do_not(async_lab, as_told, lambda_):
    function = as_told(reserved_concurrency=1, success_queue=True, failure_queue=True)
    running, waiting = (function.send({"sleep": 50}).request_id for _ in range(2))
    async_lab.advance(seconds=20)
    lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    async_lab.advance(seconds=100)
    success, failure = (record_in(async_lab, queue) for queue in (function.success_queue, function.failure_queue))
    assert {success["requestContext"]["requestId"], failure["requestContext"]["requestId"]} == {running, waiting}
    assert failure["requestContext"]["condition"] == "ZeroReservedConcurrency"


# Side by side


def test_region_counts_the_executions_of_all_its_functions(async_lab, as_told):
    reserved, other = as_told(reserved_concurrency=5), as_told()
    for function, count in ((reserved, 2), (other, 3)):
        for number in range(count):
            function.send({"sleep": 10, "number": number})
    async_lab.advance(seconds=60)
    metrics = ("ConcurrentExecutions", "UnreservedConcurrentExecutions", "ClaimedAccountConcurrency")
    assert {metric: max(measured(async_lab, "Maximum", "AWS/Lambda", metric)) for metric in metrics} == {
        "ConcurrentExecutions": 5,
        "UnreservedConcurrentExecutions": 3,
        "ClaimedAccountConcurrency": 3 + 5,
    }
    assert other.metrics["ConcurrentExecutions"].maximum == 3


def test_synchronous_call_beside_events_is_throttled_like_them_and_received_by_no_queue(async_lab, as_told, lambda_):
    function = as_told(reserved_concurrency=1)
    function.send({"sleep": 50})
    async_lab.advance(seconds=1)
    with pytest.raises(lambda_.exceptions.TooManyRequestsException):
        lambda_.invoke(FunctionName=function.name)
    async_lab.advance(seconds=60)
    function.invoke()
    async_lab.advance(seconds=60)
    metrics = function.metrics
    totals = {metric: metrics[metric].total for metric in ("AsyncEventsReceived", "Invocations", "Throttles")}
    assert totals == {"AsyncEventsReceived": 1, "Invocations": 2, "Throttles": 1}
    assert sum(point.sample_count for point in metrics["AsyncEventAge"].points) == 1


# Deliveries


def test_dead_letter_comes_before_the_record_and_carries_the_payload_as_it_was(async_lab, as_told):
    function = as_told(retries=0, failure_queue=True, dead_letter_queue=True)
    payload = b'{ "fail" :"x",  "number": 1.50 }'
    function.send(payload)
    async_lab.advance(seconds=10)
    [letter], [record] = (async_lab.messages(queue) for queue in (function.dead_letter_queue, function.failure_queue))
    assert letter.body.encode() == payload
    assert record.sent_at - letter.sent_at == pytest.approx(0.05, abs=0.001)


def test_function_as_destination_is_an_event_of_its_own_with_its_own_retries(async_lab, as_told, handler):
    second = async_lab.function(handler(FAILS.format("second")), retries=1, failure_queue=True)
    first = as_told(retries=0, on_failure=second.arn)
    request_id = first.send({"fail": "first"}).request_id
    async_lab.advance(seconds=200)
    record = record_in(async_lab, second.failure_queue)
    assert record["requestPayload"]["requestContext"]["requestId"] == request_id
    assert record["requestContext"]["requestId"] != request_id
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert second.metrics["AsyncEventsReceived"].total == 1


def test_topic_is_delivered_to_whatever_becomes_of_its_subscribers(async_lab, as_told, sqs):
    sns = async_lab.client("sns")
    topic = sns.create_topic(Name="with-a-dead-subscriber")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=async_lab.queue("dead"))
    sqs.delete_queue(QueueUrl="dead")
    function = as_told(retries=0, on_failure=topic)
    function.send({"fail": "x"})
    async_lab.advance(seconds=60)
    metrics = function.metrics
    assert metrics["AsyncEventsDropped"].total == 1
    assert metrics["DestinationDeliveryFailures"].is_absent


# Conservation


def test_every_event_succeeds_or_is_dropped_and_every_dropped_one_is_delivered_or_counted(async_lab, as_told, sqs):
    kept = async_lab.queue("kept")
    delivering = as_told(reserved_concurrency=3, retries=1, on_success=kept, on_failure=kept)
    losing = as_told(retries=0, failure_queue=True)
    sqs.delete_queue(QueueUrl=losing.failure_queue.rpartition(":")[2])
    ids = []
    for number in range(150):
        payload = {"number": number, "sleep": number % 3} | ({"fail": "x"} if number % 4 == 0 else {})
        ids.append(delivering.send(payload).request_id)
    for number in range(50):
        losing.send({"number": number} | ({"fail": "x"} if number % 5 == 0 else {}))
    async_lab.advance(seconds=3_600)

    async_lab.run_until_idle(limit=0)
    metrics, records = delivering.metrics, [message.json for message in async_lab.messages(kept)]
    assert metrics["AsyncEventsReceived"].total == 150
    assert metrics["AsyncEventsDropped"].total == 38
    assert metrics["Errors"].total == 2 * 38
    assert metrics["ConcurrentExecutions"].maximum == 3
    assert sorted(record["requestContext"]["requestId"] for record in records) == sorted(ids)
    assert sum(record["requestContext"]["condition"] == "Success" for record in records) == 112
    lost = losing.metrics
    assert lost["AsyncEventsDropped"].total == lost["DestinationDeliveryFailures"].total == 10


def test_application_log_is_json_where_the_function_asks_for_it(async_lab, handler, lambda_):
    source = """
        import logging
        def handler(event, context):
            logging.getLogger().info("too fine")
            logging.getLogger().warning("order %s", event["number"])
    """
    settings = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"}
    function = async_lab.function(handler(source))
    lambda_.update_function_configuration(FunctionName=function.name, LoggingConfig=settings)
    request_id = function.send({"number": 7}).request_id
    async_lab.run_until_idle()
    (line,) = (json.loads(line) for line in function.logs if "order" in line or "too fine" in line)
    assert (line["level"], line["message"], line["requestId"]) == ("WARNING", "order 7", request_id)
