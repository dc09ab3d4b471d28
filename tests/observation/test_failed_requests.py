"""Log lines of failed requests: Lambda's and its runtime's own, by request id, and never what a handler prints."""

import json

import pytest

from async_lab.errors import UsageError
from async_lab.observation.failed_requests import ACTION, _error_line, read_failed_requests
from async_lab.observation.gaps import Looks

REQUEST_ID = "6a1c7b0e-0000-4000-8000-000000000001"
PRINTS = """
import logging, os, time
def handler(event, context):
    print("[ERROR] payload: secret")
    print('{"level": "ERROR", "errorType": "secret", "requestId": "x"}')
    logging.getLogger().error("secret")
    if event.get("sleep"): time.sleep(event["sleep"])
    if event.get("exit"): os._exit(1)
    if event.get("fail"): raise ValueError("no stock")
"""


@pytest.fixture(scope="module")
def lab_settings():
    return {"start": 1_692_778_920.0}


def read(async_lab, name, looks=None, **changes):
    settings = {"last_error": async_lab.now - 60, "timeout_seconds": 100} | changes
    return read_failed_requests(async_lab.client("logs"), f"/aws/lambda/{name}", looks=looks or Looks(), **settings)


def test_each_failed_request_is_told_by_its_id_and_nothing_that_the_handler_printed(async_lab, handler):
    function = async_lab.function(handler(PRINTS), timeout=100, retries=1)
    ids = [function.send(payload).request_id for payload in ({"fail": 1}, {"sleep": 200}, {"exit": 1}, {})]
    async_lab.advance(seconds=400)
    found = {request.request_id: request for request in read(async_lab, function)}
    assert set(found) == set(ids[:3])
    assert {one: request.failures for one, request in found.items()} == dict.fromkeys(ids[:3], 2)
    assert found[ids[0]].line == "[ERROR] ValueError: no stock"
    assert found[ids[1]].line == "Task timed out after 100.00 seconds"
    assert found[ids[2]].line.startswith("Error: Runtime exited")
    assert "secret" not in str(found)


def test_only_the_latest_are_read_and_only_in_their_time(async_lab, as_told):
    function = as_told(retries=0)
    for number in range(8):
        function.send({"fail": str(number)})
        async_lab.advance(seconds=1)
    async_lab.advance(seconds=60)
    assert [request.line for request in read(async_lab, function)] == [
        f"[ERROR] ValueError: {n}" for n in (7, 6, 5, 4, 3)
    ]
    assert read(async_lab, function, last_error=async_lab.now + 7_200) == ()


def called(lambda_, function, payload):
    answer = lambda_.invoke(FunctionName=function.name, Payload=json.dumps(payload))
    return answer["ResponseMetadata"]["RequestId"]


def test_requests_that_fail_one_after_the_other_in_one_instant_are_told_apart(async_lab, as_told, lambda_):
    function = as_told()
    ids = [called(lambda_, function, {"fail": "no"}) for _ in range(3)]
    async_lab.advance(seconds=60)
    assert {request.request_id: request.failures for request in read(async_lab, function)} == dict.fromkeys(ids, 1)


def test_a_request_is_named_though_hundreds_ran_before_it_in_its_environment(async_lab, handler, lambda_):
    function = async_lab.function(handler("def handler(event, context): assert event['n'] < 120"), timeout=100)
    ids = [called(lambda_, function, {"n": number}) for number in range(121)]
    async_lab.advance(seconds=60)
    assert [request.request_id for request in read(async_lab, function)] == ids[-1:]


def test_what_fails_before_its_request_begins_is_named_by_it(async_lab, handler):
    function = async_lab.function(handler("import nothing\ndef handler(event, context): ..."), retries=0)
    ids = {function.send().request_id for _ in range(2)}
    with pytest.raises(UsageError, match="No module named 'nothing'"):
        async_lab.advance(seconds=60)
    assert {request.request_id for request in read(async_lab, function, last_error=async_lab.now)} == ids


def test_a_log_that_can_not_be_read_is_a_gap(async_lab):
    looks = Looks()
    assert read(async_lab, "nobody", looks) is None
    assert [gap.subject for gap in looks.gaps] == ["log lines of failed requests"]
    assert ACTION in looks.gaps[0].reason


def line(message):
    found = _error_line({"message": message, "timestamp": 1_000, "logStreamName": "s"})
    return found and (found.request_id, found.said)


def test_the_runtimes_forms():
    trace = "\nTraceback (most recent call last):\n  File ..."
    assert line(f"[ERROR] app.Error: no{trace}") == (None, "[ERROR] app.Error: no")
    assert line(f"[ERROR] KeyError{trace}") == (None, "[ERROR] KeyError")
    assert line("[ERROR] app.Error: what somebody printed") is None
    assert line(f"2026-11-23T08:24:15.123Z\t{REQUEST_ID}\tERROR\tInvoke Error \t{{...}}") == (
        REQUEST_ID,
        "Invoke Error",
    )
    whole = {"log_level": "ERROR", "errorType": "E", "errorMessage": "no", "requestId": REQUEST_ID, "stackTrace": []}
    assert line(json.dumps(whole)) == (REQUEST_ID, "E: no")
    assert line("{") is None
    assert line("") is None
    assert len(line(f"[ERROR] E: {'x' * 1_000}{trace}")[1]) == 200
