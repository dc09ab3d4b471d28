"""Executions as a function's log shows them, in both of Lambda's formats, from the endpoint's own lines and AWS's."""

import json

import pytest

from async_lab.endpoint.invocation.logs import Run, json_lines, text_lines
from async_lab.endpoint.sandbox import LogLine, Result
from async_lab.observation.events import Outcome
from async_lab.testing.executions import executions

FORMATS = {"text": text_lines, "JSON": lambda run: json_lines(run, "INFO")}
TRACEBACK = '[ERROR] ValueError: no rows\nTraceback (most recent call last):\n  File "/var/task/app.py", line 2, in h'


def events_of(*runs, write=text_lines, stream="a"):
    return [
        {"logStreamName": stream, "timestamp": round(line.at * 1_000), "message": line.text}
        for run in runs
        for line in write(run)
    ]


def run_of(request_id="one", error=None, output=(), init=None, started_at=1_000.0):
    payload = json.dumps({"errorType": error, "errorMessage": "no rows"} if error else {}).encode()
    lines = tuple(LogLine(started_at, line) for line in output)
    result = Result(
        payload=payload,
        function_error="Unhandled" if error else None,
        duration_seconds=0.25,
        init_seconds=init,
        max_memory_used_mb=20,
        output=lines,
        environment_survives=True,
    )
    return Run(request_id, "7", 128, started_at, result)


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_executions_have_their_times_and_versions(write):
    [cold, warm] = executions("group", events_of(run_of(init=0.5), run_of("two", started_at=1_060.0), write=write))
    assert (cold.request_id, cold.at, cold.began_at, cold.version) == ("one", 1_000.0, 1_000.5, "7")
    assert (cold.duration_seconds, cold.init_seconds) == (0.25, 0.5)
    assert (warm.request_id, warm.at, warm.init_seconds) == ("two", 1_060.0, None)
    assert (warm.log_group, warm.log_stream) == ("group", "a")


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    ("error", "outcome"), [("Sandbox.Timedout", Outcome.TIMEOUT), ("Runtime.ExitError", Outcome.ERROR)]
)
def test_outcomes_that_lambda_itself_reports(write, error, outcome):
    [run] = executions("group", events_of(run_of(error=error), write=write))
    assert (run.outcome, run.error_type) == (outcome, error)


def test_text_says_nothing_of_a_success_and_json_does():
    assert executions("group", events_of(run_of()))[0].outcome is None
    assert executions("group", events_of(run_of(), write=FORMATS["JSON"]))[0].outcome is Outcome.SUCCESS


def test_exception_that_nobody_caught_is_an_error_and_a_logged_one_is_not():
    logged = "[ERROR]\t2026-11-29T08:00:00.000Z\tone\tTrouble\nTraceback (most recent call last):"
    [raised] = executions("group", events_of(run_of(output=[TRACEBACK])))
    assert (raised.outcome, raised.error_type, raised.error_message) == (Outcome.ERROR, "ValueError", "no rows")
    assert executions("group", events_of(run_of(output=[logged, "[ERROR] is what I print"])))[0].outcome is None


def test_streams_are_told_apart():
    lines = events_of(run_of("one"), stream="a") + events_of(run_of("two", error="Sandbox.Timedout"), stream="b")
    mixed = sorted(lines, key=lambda event: (event["timestamp"], event["message"]))
    by_id = {run.request_id: run.outcome for run in executions("group", mixed)}
    assert by_id == {"one": None, "two": Outcome.TIMEOUT}


def test_what_has_not_ended_has_no_duration():
    lines = events_of(run_of())[:1]
    assert executions("group", lines)[0].duration_seconds is None


def test_timeout_as_lambda_wrote_it_before_reports_had_a_status():
    lines = events_of(run_of(output=["2026-11-29T08:00:03.000Z one Task timed out after 3.00 seconds"]))
    assert executions("group", lines)[0].outcome is Outcome.TIMEOUT


@pytest.mark.parametrize("line", ["{", '{"type": "platform.start"}', '{"type": "platform.start", "record": {}}', "[]"])
def test_lines_that_only_look_like_lambdas_are_the_functions_own(line):
    assert executions("group", [{"logStreamName": "a", "timestamp": 1, "message": line}]) == []
    assert len(executions("group", events_of(run_of(output=[line])))) == 1
