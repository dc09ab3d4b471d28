"""What the endpoint answers about itself: events, attempts, its clock, a reset and its health."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest


@pytest.fixture
def ask(async_lab):
    def call(path, body=None, method=None):
        request = Request(f"{async_lab.url}{path}", body, method=method)
        try:
            with urlopen(request) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    return call


def test_events_and_attempts_are_told_as_json(async_lab, as_told, ask):
    function, other = as_told(failure_queue=True), as_told()
    sent = function.send({"fail": "no stock"}).request_id
    other.send()
    assert ask("/_async-lab/clock", b'{"until": "idle"}') == (200, {"now": async_lab.now})

    _, told = ask(f"/_async-lab/events?function={function}")
    [event] = told["events"]
    assert (event["request_id"], event["condition"], event["payload"]) == (
        sent, "RetriesExhausted", '{"fail": "no stock"}',
    )  # fmt: skip
    assert event["delivered_to"] == [function.failure_queue]
    assert [attempt["outcome"] for attempt in event["attempts"]] == ["error"] * 3
    _, told = ask(f"/_async-lab/attempts?function={function}")
    assert {attempt["request_id"] for attempt in told["attempts"]} == {sent}
    assert [attempt["error_message"] for attempt in told["attempts"]] == ["no stock"] * 3
    assert {event["function"] for event in ask("/_async-lab/events")[1]["events"]} >= {function.name, other.name}


@pytest.mark.parametrize("body", [b"seconds=600", b'{"seconds": 600}', b'{"seconds": "600"}'])
def test_clock_is_moved_by_a_form_or_json(ask, body):
    before = ask("/_async-lab/clock")[1]["now"]
    assert ask("/_async-lab/clock", body) == (200, {"now": before + 600})


@pytest.mark.parametrize("body", [b"until=idle&limit=20", b'{"until": "idle", "limit": 20}'])
def test_limit_too_short_for_idle_is_a_conflict_that_names_the_event(async_lab, as_told, ask, body):
    as_told().send({"fail": "x"})
    status, told = ask("/_async-lab/clock", body)
    assert status == 409
    assert "waits for its attempt 2 (the last: error)" in told["message"]
    assert ask("/_async-lab/clock", b"until=idle")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"{", b'{"seconds": -1}', b'{"seconds": true}', b'{"seconds": null}', b'{"seconds": NaN}',
        b"seconds=1e9", b"until=noon", b"seconds=1&until=idle", b"limit=1", b"\xff", b"seconds=", b"[" * 100_000,
        b'{"until": "idle", "limit": -1}',
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_the_usage(async_lab, ask, body):
    before = async_lab.now
    status, told = ask("/_async-lab/clock", body)
    assert (status, told["message"].startswith("POST seconds=N")) == (400, True)
    assert async_lab.now == before


def test_reset_leaves_nothing(async_lab, as_told, lambda_, ask):
    as_told().send({"fail": "x"})
    async_lab.advance(seconds=60)
    began = async_lab.now
    status, told = ask("/_async-lab/reset", b"")
    assert status == 200
    assert told["now"] < began
    assert ask("/_async-lab/events") == (200, {"events": []})
    assert lambda_.list_functions()["Functions"] == []


def test_health_is_told_as_async_lab_and_as_localstack_do(ask):
    assert ask("/_async-lab/health")[1]["status"] == "running"
    status, told = ask("/_localstack/health")
    assert (status, told["services"]["lambda"], told["services"]["sqs"]) == (200, "running", "running")


def test_index_says_what_it_is_and_unknown_paths_and_methods_what_there_is(ask):
    for path in ("/_async-lab", "/_async-lab/"):
        status, told = ask(path)
        assert (status, told["name"]) == (200, "async-lab")
    routes = list(told["routes"])
    status, told = ask("/_async-lab/evnts")
    assert status == 404
    assert all(route in told["message"] for route in routes)
    assert ask("/_async-lab/reset") == (405, {"message": "/_async-lab/reset answers POST only."})
    assert ask("/_async-lab/clock", b"x", "DELETE")[0] == 405
