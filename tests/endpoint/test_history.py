"""What became of each event, as the endpoint tells it afterward."""

import pytest

from async_lab.endpoint.invocation.history import History
from async_lab.observation.events import Outcome
from async_lab.twin import Condition, Event, Finished, FunctionRef, Received

MISSING = "arn:aws:sqs:eu-west-1:123456789012:missing"


def test_an_event_that_fails_three_times_tells_each_attempt_and_where_it_went(async_lab, as_told):
    function = as_told(failure_queue=True)
    sent = function.send({"fail": "no stock"})
    async_lab.advance(seconds=300)

    [event] = function.events
    assert event.request_id == sent.request_id
    assert (event.function, event.qualifier, event.payload) == (function.name, "", b'{"fail": "no stock"}')
    assert [attempt.outcome for attempt in event.attempts] == [Outcome.ERROR] * 3
    assert [round(attempt.age_seconds / 60) for attempt in event.attempts] == [0, 1, 3]
    assert {(attempt.error_type, attempt.error_message) for attempt in event.attempts} == {("ValueError", "no stock")}
    assert [attempt.is_cold for attempt in event.attempts] == [True, False, False]
    assert (event.condition, event.delivered_to, event.is_dropped) == (
        "RetriesExhausted",
        [function.failure_queue],
        True,
    )
    assert event.ended_at == pytest.approx(
        event.attempts[-1].at + event.attempts[-1].duration_seconds + (event.attempts[-1].init_seconds or 0)
    )
    assert len(async_lab.messages(function.failure_queue)) == 1


def test_an_event_that_waits_says_for_when(async_lab, as_told):
    function = as_told(reserved_concurrency=1)
    function.send({"sleep": 50})
    async_lab.advance(seconds=1)
    function.send()
    async_lab.advance(seconds=20)

    running, waiting = function.events
    assert [attempt.outcome for attempt in running.attempts] == [Outcome.RUNNING]
    assert running.next_attempt_at is None
    assert {attempt.outcome for attempt in waiting.attempts} == {Outcome.THROTTLED}
    assert waiting.is_pending
    assert waiting.next_attempt_at > async_lab.now


def test_a_timeout_is_told_from_an_error(async_lab, as_told):
    function = as_told(retries=0, timeout=1)
    function.send({"sleep": 5})
    async_lab.advance(seconds=10)

    [event] = function.events
    assert [(attempt.outcome, attempt.error_type) for attempt in event.attempts] == [
        (Outcome.TIMEOUT, "Sandbox.Timedout")
    ]


def test_a_delivery_that_fails_says_why(async_lab, as_told):
    function = as_told(reserved_concurrency=0, on_failure=MISSING)
    function.send()
    async_lab.advance(seconds=5)

    [event] = function.events
    assert event.condition == "ZeroReservedConcurrency"
    assert event.attempts == ()
    assert event.delivered_to == []
    [delivery] = event.deliveries
    assert (delivery.target_arn, delivery.is_dead_letter) == (MISSING, False)
    assert delivery.failure == f"There is no queue {MISSING}."


def received(number):
    return Received(float(number), Event(FunctionRef("f"), number, f"r-{number}", float(number)))


def test_of_too_many_events_the_oldest_that_has_ended_is_forgotten():
    history = History(most_events=2)
    first, second, third = (received(number) for number in range(3))
    for record in (first, second, Finished(1.5, second.event, Condition.SUCCESS, 1, None), third):
        history.happened(record)
    assert [event.request_id for event in history.events({})] == ["r-0", "r-2"]


def test_of_too_many_payloads_the_oldest_are_forgotten_and_their_events_stay():
    history = History(payload_bytes=10)
    for number in range(3):
        history.happened(received(number))
        history.keep(f"r-{number}", b"12345")
    assert [event.payload for event in history.events({})] == [None, b"12345", b"12345"]
