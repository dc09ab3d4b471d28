import json

import pytest
from lambda_client import ACCOUNT_ID, NAME, REGION, START, client

from runner.endpoint import logs
from runner.endpoint.functions import find
from runner.endpoint.sandbox import LogLine, Result

GROUP = f"/aws/lambda/{NAME}"
STREAM = "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef"
LINES = [LogLine(START, "START"), LogLine(START + 90, "END")]


def result(error_type=None, duration=90.0, init=None, output=()):
    payload = b"null" if error_type is None else json.dumps({"errorType": error_type}).encode()
    function_error = None if error_type is None else "Unhandled"
    return Result(payload, function_error, duration, init, tuple(output), 41, environment_survives=True)


def texts(ran):
    return [line.text for line in logs.lines("r-1", "$LATEST", 128, START, ran)]


def test_lines_of_a_cold_start():
    written = list(logs.lines("r-1", "7", 128, START, result(init=0.25, output=[LogLine(START + 1, "hello")])))
    assert written == [
        LogLine(START + 0.25, "START RequestId: r-1 Version: 7"),
        LogLine(START + 1, "hello"),
        LogLine(START + 90.25, "END RequestId: r-1"),
        LogLine(
            START + 90.25,
            "REPORT RequestId: r-1\tDuration: 90000.00 ms\tBilled Duration: 90250 ms\tMemory Size: 128 MB\t"
            "Max Memory Used: 41 MB\tInit Duration: 250.00 ms",
        ),
    ]


def test_part_of_a_millisecond_is_billed_whole():
    assert "Duration: 1.20 ms\tBilled Duration: 2 ms" in texts(result(duration=0.0012))[-1]


@pytest.mark.parametrize(
    ("error_type", "end"),
    [
        ("Sandbox.Timedout", "41 MB\tStatus: timeout"),
        ("Runtime.ExitError", "41 MB\tStatus: error\tError Type: Runtime.ExitError"),
        ("Exception", "41 MB"),
        (None, "41 MB"),
    ],
)
def test_report_says_how_a_runtime_ended_that_is_gone(error_type, end):
    assert texts(result(error_type))[-1].endswith(end)


def test_each_environment_has_a_stream_of_its_day_and_version():
    names = {logs.stream_name(START, "7", environment) for environment in ("a", "b")}
    assert len(names) == 2
    assert all(name.startswith("2026/11/23/[7]") and len(name) == len("2026/11/23/[7]") + 32 for name in names)


@pytest.fixture
def written(url, functions, create):
    """Writes the lines and returns what CloudWatch Logs then has of them; None without a group."""
    create()

    def put():
        logs.put(find(ACCOUNT_ID, REGION, NAME, None), STREAM, LINES)
        reader = client("logs", url)
        if not reader.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
            return None
        events = reader.filter_log_events(logGroupName=GROUP, startTime=0)["events"]
        return [(event["timestamp"], event["message"], event["logStreamName"]) for event in events]

    return put


def test_group_comes_back_if_the_role_may_create_it(written, allow):
    allow("logs:*")
    assert written() == [(round(line.at * 1000), line.text, STREAM) for line in LINES]


def test_group_does_not_come_back_if_the_role_may_not_create_it(written, allow):
    allow("logs:CreateLogStream")
    allow("logs:PutLogEvents")
    assert written() is None


def test_lines_are_lost_if_the_role_may_not_write_them(url, written, allow):
    client("logs", url).create_log_group(logGroupName=GROUP)
    allow("logs:CreateLogStream")
    assert written() == []
    allow("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{GROUP}:*")
    assert len(written()) == 2
