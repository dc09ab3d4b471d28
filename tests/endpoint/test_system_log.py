import json

import pytest

from async_lab.endpoint.invocation.logs import Run, json_lines, text_lines
from async_lab.endpoint.sandbox import LogLine, Result

START = 1_795_421_055.0  # 2026-11-23T08:04:15Z


def run(ran):
    return Run("r-1", "7", 128, START, ran)


def result(error_type=None, duration=90.0, init=None, output=()):
    payload = b"null" if error_type is None else json.dumps({"errorType": error_type}).encode()
    function_error = None if error_type is None else "Unhandled"
    return Result(payload, function_error, duration, init, tuple(output), 41, environment_survives=True)


def texts(ran):
    return [line.text for line in text_lines(run(ran))]


def test_lines_of_a_cold_start():
    written = list(text_lines(run(result(init=0.25, output=[LogLine(START + 1, "hello")]))))
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


def events(ran, level):
    return [line.text if line.text == "hello" else json.loads(line.text) for line in json_lines(run(ran), level)]


def test_the_same_lines_as_json():
    ran = result(init=0.25, output=[LogLine(START + 1, "hello")])
    metrics = {
        "durationMs": 90_000.0,
        "billedDurationMs": 90_250,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 41,
        "initDurationMs": 250.0,
    }
    assert events(ran, "INFO") == [
        {
            "time": "2026-11-23T08:04:15.250Z",
            "type": "platform.start",
            "record": {"requestId": "r-1", "version": "7"},
        },
        "hello",
        {
            "time": "2026-11-23T08:05:45.250Z",
            "type": "platform.report",
            "record": {"requestId": "r-1", "status": "success", "metrics": metrics},
        },
    ]


@pytest.mark.parametrize(
    ("level", "error_type", "kinds"),
    [
        ("DEBUG", None, ["start", "runtimeDone", "report"]),
        ("INFO", None, ["start", "report"]),
        ("WARN", None, []),
        ("INFO", "Exception", ["start", "runtimeDone", "report"]),
        ("WARN", "Sandbox.Timedout", ["runtimeDone", "report"]),
    ],
)
def test_the_system_log_level_decides_what_is_written(level, error_type, kinds):
    assert [event["type"] for event in events(result(error_type), level)] == [f"platform.{kind}" for kind in kinds]


@pytest.mark.parametrize(
    ("error_type", "ending"),
    [
        ("Sandbox.Timedout", {"status": "timeout"}),
        ("Runtime.ExitError", {"status": "error", "errorType": "Runtime.ExitError"}),
        ("Exception", {"status": "error"}),
    ],
)
def test_a_json_report_says_how_it_ended(error_type, ending):
    report = events(result(error_type), "WARN")[-1]["record"]
    assert {name: report[name] for name in ("status", "errorType") if name in report} == ending
