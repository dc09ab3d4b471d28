"""What follows from what AWS shows of events, and what doesn't."""

from dataclasses import replace

import pytest

from async_lab.observation.events import Event, Outcome
from async_lab.testing.conclusions import Counts, Evidence, Letter, accepted, conclude
from async_lab.testing.executions import Execution

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:failed"


def sent(request_id="one", at=1_000.0):
    return accepted(Event(request_id, "app", "", at, payload=b"{}"))


def run(request_id="one", at=1_000.0, outcome=None, duration=0.5):
    return Execution(request_id, at, "group", "stream", "$LATEST", duration, None, outcome)


def seen(sent, runs=(), letters=(), *, received=None, dropped=0, errors=0, throttles=0, **others):
    counts = Counts(len(sent) if received is None else received, dropped, len(runs), errors, throttles)
    return Evidence("app", sent, runs, letters, counts, **({"most_retries": 2, "is_stopped": False} | others))


def record(condition, request_id="one", at=1_170.0):
    return Letter(request_id, QUEUE, False, at, condition)


def dead_letter(code, request_id="one", at=1_170.0):
    return Letter(request_id, QUEUE, True, at, error_code=code)


def only(evidence):
    [event] = conclude(evidence)
    return event


def test_record_says_how_an_event_ended_and_when():
    event = only(seen([sent()], letters=[record("EventAgeExceeded")]))
    assert (event.condition, event.ended_at, event.inferred) == ("EventAgeExceeded", 1_170.0, ())
    assert event.delivered_to == [QUEUE]


def test_what_was_tried_again_had_failed():
    event = only(seen([sent()], [run(at=1_000.0), run(at=1_060.0)], errors=1))
    assert [attempt.outcome for attempt in event.attempts] == [Outcome.ERROR, Outcome.SUCCESS]
    assert [attempt.inferred for attempt in event.attempts] == [("outcome",), ("outcome",)]
    assert (event.condition, event.inferred) == ("Success", ("condition", "ended_at"))


def test_last_execution_is_no_success_while_cloudwatch_counts_an_error_that_no_log_shows():
    event = only(seen([sent()], [run()], errors=1))
    assert (event.attempts[0].outcome, event.is_pending) == (Outcome.RUNNING, True)


def test_what_still_runs_is_pending():
    event = only(seen([sent()], [run(duration=None)]))
    assert (event.attempts[0].outcome, event.is_pending) == (Outcome.RUNNING, True)


def test_retries_that_are_used_up_end_an_event_and_one_that_is_left_does_not():
    failed = [run(at=1_000.0 + 60 * number, outcome=Outcome.ERROR) for number in range(3)]
    event = only(seen([sent()], failed, errors=3))
    assert (event.condition, event.inferred) == ("RetriesExhausted", ("condition", "ended_at"))
    assert only(seen([sent()], failed[:2], errors=2)).is_pending
    assert only(seen([sent()], failed[:1], errors=1, most_retries=0)).condition == "RetriesExhausted"


def test_what_went_to_an_alias_may_be_tried_more_often_than_the_function_says():
    to_alias = accepted(Event("one", "app", "live", 1_000.0, payload=b"{}"))
    failed = [run(outcome=Outcome.ERROR)]
    assert only(seen([to_alias], failed, errors=1, most_retries=0)).is_pending
    assert only(seen([], failed, received=1, errors=1, most_retries=0)).is_pending  # who knows where others sent it
    counted = only(seen([], failed, received=1, errors=1, dropped=1, most_retries=0))
    assert (counted.condition, "condition" in counted.inferred) == ("RetriesExhausted", True)


@pytest.mark.parametrize(
    ("code", "runs", "condition"),
    [
        ("429", 0, "EventAgeExceeded"),
        (None, 0, "ZeroReservedConcurrency"),
        ("200", 3, "RetriesExhausted"),
        ("200", 1, "EventAgeExceeded"),
    ],
)
def test_dead_letter_says_by_its_code_how_an_event_ended(code, runs, condition):
    failed = [run(at=1_000.0 + 60 * number, outcome=Outcome.ERROR) for number in range(runs)]
    event = only(seen([sent()], failed, [dead_letter(code)], errors=runs))
    assert (event.condition, event.ended_at) == (condition, 1_170.0)
    assert "condition" in event.inferred
    assert event.deliveries[0].is_dead_letter


def test_events_that_are_left_were_dropped_when_cloudwatch_counts_just_as_many():
    both = [sent("one"), sent("two")]
    runs = [run("one", outcome=Outcome.SUCCESS)]
    evidence = seen(both, runs, dropped=1)
    assert [event.condition for event in conclude(evidence)] == ["Success", "EventAgeExceeded"]
    assert conclude(replace(evidence, is_stopped=True))[1].condition == "ZeroReservedConcurrency"
    assert conclude(evidence)[1].inferred == ("condition",)


@pytest.mark.parametrize("counts", [{"dropped": 0}, {"dropped": 2}, {"dropped": 1, "received": 3}])
def test_nothing_is_counted_out_where_the_counts_do_not_agree(counts):
    assert only(seen([sent()], **counts)).is_pending


def test_nothing_is_counted_out_where_an_execution_left_no_log_line():
    evidence = seen([sent()], dropped=1)
    assert not only(evidence).is_pending
    assert only(replace(evidence, counts=replace(evidence.counts, invocations=1))).is_pending


def test_others_requests_are_events_only_where_cloudwatch_has_received_as_many():
    runs = [run("one", outcome=Outcome.SUCCESS), run("other", at=1_010.0, outcome=Outcome.SUCCESS)]
    assert [event.request_id for event in conclude(seen([sent()], runs, received=1))] == ["one"]
    mine, other = conclude(seen([sent()], runs, received=2))
    assert (other.request_id, other.accepted_at, other.inferred[0]) == ("other", 1_010.0, "accepted_at")
    assert other.attempts[0].inferred == ("age_seconds",)
    assert mine.attempts[0].inferred == ()
    assert [event.request_id for event in conclude(seen([sent()], runs, received=2, answered={"other"}))] == ["one"]


def test_what_is_not_known_of_is_said():
    assert seen([sent()]).unseen is None
    assert seen([sent()], received=3).unseen == "app has received 3 events, of which 1 are known"
    assert "(inferred: condition)" in repr(only(seen([sent()], dropped=1)))
