"""Callables as handlers: they run in the test's own process, in virtual time."""

import datetime as dt
import json
import logging
import os
import sys
import threading
import time
from time import sleep
from unittest.mock import patch

import boto3
import pytest

from async_lab.endpoint.sandbox import in_process
from async_lab.errors import EnvironmentFailure

seen = []


def double(number):
    return number * 2


@pytest.fixture(autouse=True)
def _nothing_seen():
    seen.clear()


def run(lab, handler, payload=None, **settings):
    function = lab.function(handler, **{"retries": 0} | settings)
    function.send(payload)
    lab.run_until_idle()
    [event] = function.events
    return event


def test_it_is_the_callable_itself_that_runs_so_that_patches_count(async_lab):
    def handler(event, context):
        return double(event["n"])

    function = async_lab.function(handler)
    with patch(f"{__name__}.double", return_value=0) as patched:
        assert function.invoke({"n": 4}) == 0
    patched.assert_called_once_with(4)
    assert function.invoke({"n": 4}) == 8


def test_time_is_virtual_and_the_process_gets_its_own_back(async_lab):
    def handler(event, context):
        seen.append((time.time(), dt.datetime.now(dt.UTC).timestamp()))
        time.sleep(100)
        sleep(20)
        seen.append((time.time(), context.get_remaining_time_in_millis()))

    real, began = time.time(), time.monotonic()
    async_lab.advance(days=3)
    event = run(async_lab, handler, timeout=900)

    (begun, again), (ended, left) = seen
    assert begun == pytest.approx(again) == pytest.approx(event.attempts[0].at + 0.101)
    assert ended - begun == pytest.approx(120)
    assert left == pytest.approx(780_000 - 1, abs=2)
    assert event.attempts[0].duration_seconds == pytest.approx(120.001)
    assert time.time() - real == pytest.approx(time.monotonic() - began, abs=60)
    assert time.sleep is sleep


def test_context_and_variables_are_the_functions(async_lab):
    def handler(event, context):
        seen.append(context)
        return os.environ["STAGE"], os.environ["AWS_LAMBDA_FUNCTION_NAME"], context.aws_request_id

    event = run(async_lab, handler, name="orders", environment={"STAGE": "test"}, memory_size=256)
    [context] = seen
    assert (context.function_name, context.memory_limit_in_mb, context.function_version) == ("orders", "256", "$LATEST")
    assert context.aws_request_id == event.request_id
    assert context.invoked_function_arn.endswith(":function:orders")
    assert "STAGE" not in os.environ


def test_timeout_ends_it_even_if_it_catches_everything(async_lab):
    def handler(event, context):
        try:
            time.sleep(10)
        except BaseException:  # noqa: BLE001
            return "caught"

    event = run(async_lab, handler, timeout=3)
    [attempt] = event.attempts
    assert (attempt.outcome, attempt.duration_seconds) == ("timeout", 3)


def test_what_is_printed_and_logged_is_in_its_log_and_in_the_tests_output(async_lab, capsys, caplog):
    def handler(event, context):
        print("printed", end="")
        print(" whole")
        print("to stderr", file=sys.stderr)
        logging.getLogger("orders").warning("logged %s", event["n"])

    event = run(async_lab, handler, {"n": 1}, name="orders")
    lines = event.attempts[0].log_lines
    assert {"printed whole", "to stderr"} < set(lines)
    [logged] = [line for line in lines if "logged" in line]
    assert logged.startswith("[WARNING]\t20")
    assert logged.endswith(f"Z\t{event.request_id}\tlogged 1")
    out = capsys.readouterr()
    assert ("printed whole" in out.out, "to stderr" in out.err) == (True, True)
    assert "logged 1" in caplog.text


def test_exception_is_the_functions_error_with_its_trace(async_lab):
    def handler(event, context):
        raise KeyError("amount")

    event = run(async_lab, handler, failure_queue=True, name="orders")
    [message] = async_lab.messages("orders-failed")
    error = message.json["responsePayload"]
    assert (error["errorType"], error["errorMessage"], error["requestId"]) == (
        "KeyError", "'amount'", event.request_id,
    )  # fmt: skip
    assert __file__ in error["stackTrace"][0]
    assert any(line.startswith("[ERROR] KeyError: 'amount'") for line in event.attempts[0].log_lines)


def test_result_that_is_no_json_and_an_exit_are_errors_as_on_lambda(async_lab):
    def returns_object(event, context):
        return object()

    def exits(event, context):
        sys.exit(3)

    assert run(async_lab, returns_object).attempts[0].error_type == "Runtime.MarshalError"
    attempt = run(async_lab, exits).attempts[0]
    assert (attempt.error_type, "exit status 3" in attempt.error_message) == ("Runtime.ExitError", True)


def test_result_goes_to_a_destination(async_lab):
    run(async_lab, lambda event, _context: {"sum": sum(event)}, [1, 2], name="adds", success_queue=True)
    [message] = async_lab.messages("adds-succeeded")
    assert message.json["responsePayload"] == {"sum": 3}


def test_its_boto3_reaches_the_lab(async_lab):
    def handler(event, context):
        boto3.client("sqs").create_queue(QueueName="made-in-process")

    run(async_lab, handler)
    assert async_lab.messages("made-in-process") == []


def test_first_execution_is_cold_and_the_next_is_warm(async_lab):
    function = async_lab.function(lambda event, context: None, name="quick")
    for _ in range(2):
        function.send()
        async_lab.run_until_idle()
    assert [event.attempts[0].is_cold for event in function.events] == [True, False]
    assert json.loads(json.dumps(function.invoke())) is None


def test_handlers_run_one_at_a_time_while_their_times_overlap(async_lab):
    running = threading.Semaphore(1)

    def handler(event, context):
        assert running.acquire(blocking=False)
        time.sleep(10)
        running.release()

    function = async_lab.function(handler, timeout=60)
    for _ in range(3):
        function.send()
    async_lab.advance(seconds=15)
    assert [event.condition for event in function.events] == ["Success"] * 3


def test_one_may_take_all_the_time_it_needs_while_others_of_a_queue_wait_for_it(async_lab, monkeypatch):
    """As at a breakpoint."""
    monkeypatch.setattr(in_process, "_PATIENCE_SECONDS", 0.1)

    def handler(event, context):
        threading.Event().wait(0.5)
        seen.extend(record["body"] for record in event["Records"])

    function = async_lab.function(handler)
    async_lab.client("lambda").create_event_source_mapping(
        FunctionName=function.name, EventSourceArn=async_lab.queue("orders"), BatchSize=1
    )
    for number in range(3):
        async_lab.client("sqs").send_message(QueueUrl="orders", MessageBody=str(number))
    async_lab.run_until_idle()
    assert sorted(seen) == ["0", "1", "2"]


def test_one_that_waits_for_another_is_refused_with_what_to_do(async_lab, monkeypatch):
    monkeypatch.setattr(in_process, "_PATIENCE_SECONDS", 0.2)
    async_lab.function(lambda event, context: None, name="inner")

    def outer(event, context):
        async_lab.client("lambda").invoke(FunctionName="inner")

    function = async_lab.function(outer)
    function.send()
    with pytest.raises(EnvironmentFailure, match="inner and a function that waits for it both run in the test's"):
        async_lab.run_until_idle()
