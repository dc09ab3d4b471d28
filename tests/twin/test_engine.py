"""What AWS does, situation by situation."""

import uuid
from collections import Counter
from dataclasses import replace
from itertools import count, pairwise
from math import inf, nextafter

import pytest
from histories import FAILS, FUNCTION, SLEEPS, STEADY, SUCCEEDS, finished, history_of, of_kind, run, values

from async_lab.twin import (
    Condition,
    Ended,
    Expiry,
    Finished,
    FunctionConfig,
    FunctionRef,
    Outcome,
    Received,
    Rules,
    Started,
    StillRunning,
    SystemFailed,
    Throttled,
    Twin,
    run_until,
    samples,
    simulate,
)
from async_lab.twin.rng import Draw, Numbers, symmetric


def test_a_healthy_event_has_one_attempt_and_one_age():
    history = run(FunctionConfig(), SUCCEEDS)
    assert values(history, "AsyncEventAge") == [35]
    assert values(history, "AsyncEventsDropped") == [0]
    assert [record.condition for record in finished(history)] == [Condition.SUCCESS]


def test_a_failing_event_is_tried_three_times_and_dropped():
    history = run(FunctionConfig(), FAILS)
    assert values(history, "AsyncEventAge") == [35, 60_035, 180_035]
    assert values(history, "AsyncEventsDropped") == [1]
    assert values(history, "Errors") == [1, 1, 1]
    assert [(record.condition, record.executions) for record in finished(history)] == [(Condition.RETRIES_EXHAUSTED, 3)]


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_retries_count_executions_beyond_the_first(retries):
    history = run(FunctionConfig(maximum_retry_attempts=retries), FAILS)
    assert sum(values(history, "Invocations")) == retries + 1


def test_a_throttled_event_backs_off_until_there_is_room():
    history = run(FunctionConfig(reserved_concurrency=1), SLEEPS, events=2)
    assert values(history, "AsyncEventAge") == [35, 35, 1_035, 3_035, 7_035, 15_035, 31_035, 63_035, 127_035]
    assert sum(values(history, "Throttles")) == 7
    assert [record.condition for record in finished(history)] == [Condition.SUCCESS, Condition.SUCCESS]


def test_throttles_do_not_count_as_retries():
    config = FunctionConfig(reserved_concurrency=1, maximum_retry_attempts=0)
    assert all(not record.is_dropped for record in finished(run(config, SLEEPS, events=2)))


def test_a_throttled_event_is_dropped_when_its_next_attempt_would_be_too_late():
    history = run(FunctionConfig(reserved_concurrency=1, maximum_event_age_seconds=60), SLEEPS, events=2)
    dropped = [record for record in finished(history) if record.is_dropped]
    assert sum(values(history, "Throttles")) == 6
    assert [(record.condition, record.executions) for record in dropped] == [(Condition.EVENT_AGE_EXCEEDED, 0)]
    assert dropped[0].at == pytest.approx(31.035)


def test_read_as_the_sample_explains_it_the_event_is_dropped_at_its_maximum_age():
    config = FunctionConfig(reserved_concurrency=1, maximum_event_age_seconds=60)
    rules = Rules(jitter=0.0, expiry=Expiry.AT_POLL)
    history = run(config, SLEEPS, events=2, rules=rules)
    dropped = [record for record in finished(history) if record.is_dropped]
    assert [record.at for record in dropped] == [pytest.approx(60.0)]
    assert sum(values(history, "Throttles")) == 6


@pytest.mark.parametrize(("maximum_age", "executions"), [(60, 1), (90, 2), (21_600, 3)])
def test_after_errors_too_lambda_looks_ahead(maximum_age, executions):
    history = run(FunctionConfig(maximum_event_age_seconds=maximum_age), FAILS)
    assert sum(values(history, "Invocations")) == executions


def test_at_reserved_concurrency_0_an_event_is_dropped_at_once_without_age_or_throttle():
    history = run(FunctionConfig(reserved_concurrency=0), SUCCEEDS)
    assert {sample.metric for record in history for sample in samples(record)} == {
        "AsyncEventsReceived",
        "AsyncEventsDropped",
    }
    assert [(record.condition, record.executions) for record in finished(history)] == [
        (Condition.ZERO_RESERVED_CONCURRENCY, 0)
    ]


def test_event_past_its_maximum_age_is_dropped_without_an_age_data_point():
    rules = Rules(jitter=0.12, dispatch_seconds=(61.0, 61.0))  # a backlog: it comes up late
    history = run(FunctionConfig(maximum_event_age_seconds=60), SUCCEEDS, rules=rules)
    assert values(history, "AsyncEventAge") == []
    assert [(record.condition, record.at) for record in finished(history)] == [(Condition.EVENT_AGE_EXCEEDED, 61.0)]


def test_one_event_can_be_attempted_later_than_the_others():
    history = []
    twin = Twin(lambda _target, _draw: FunctionConfig(maximum_event_age_seconds=60), history.append, rules=STEADY)
    for dispatch_seconds in (None, (10.0, 50.0), (60.5, 60.5)):
        twin.accept(FUNCTION, 0.0, dispatch_seconds)
    while twin.next_due() is not None:
        for execution in twin.step():
            twin.resolve(execution, SUCCEEDS)
    soon, late = (record.at for record in of_kind(history, Started))
    assert soon == 0.035
    assert 10.0 <= late <= 50.0
    assert [record.at for record in finished(history) if record.condition is Condition.EVENT_AGE_EXCEEDED] == [60.5]


def test_the_age_limits_waiting_and_not_running():
    history = run(FunctionConfig(maximum_event_age_seconds=60), Outcome(110.0))
    assert [record.condition for record in finished(history)] == [Condition.SUCCESS]


def test_throttles_start_again_at_one_second_after_an_execution():
    """The second event is throttled 3 times, runs and fails, and finds the third in its way when it is tried again."""
    outcomes = {(0, 1): Outcome(5.0), (1, 1): FAILS, (2, 1): Outcome(20.0), (1, 2): SUCCEEDS}
    history = history_of(
        {FUNCTION: FunctionConfig(reserved_concurrency=1)},
        [(0.0, FUNCTION), (0.0, FUNCTION), (60.0, FUNCTION)],
        lambda execution: outcomes[execution.event.number, execution.number],
        rules=STEADY,
    )
    throttled = [record.at for record in of_kind(history, Throttled) if record.event.number == 1]
    before = [0.035, 1.035, 3.035]
    assert throttled == pytest.approx([*before, 67.035, 68.035, 70.035, 74.035])


def test_some_events_are_delivered_twice_where_some_are_asked_for():
    history = run(FunctionConfig(), SUCCEEDS, events=100, rules=Rules(duplicate_rate=0.5))
    assert 130 <= sum(values(history, "Invocations")) <= 170


def test_a_duplicate_runs_the_function_again_and_is_not_received_again():
    history = run(FunctionConfig(), SUCCEEDS, rules=Rules(duplicate_rate=1.0))
    assert values(history, "AsyncEventsReceived") == [1]
    assert sum(values(history, "Invocations")) == 2
    assert len(finished(history)) == 1


def test_system_errors_back_off_like_throttles_and_do_not_use_retries_up():
    config = FunctionConfig(maximum_event_age_seconds=60, maximum_retry_attempts=0)
    history = run(config, SUCCEEDS, rules=Rules(jitter=0.0, dispatch_seconds=(0.035, 0.035), system_error_rate=1.0))
    assert values(history, "AsyncEventAge") == [35, 1_035, 3_035, 7_035, 15_035, 31_035]
    assert values(history, "Throttles") == []
    assert [record.condition for record in finished(history)] == [Condition.EVENT_AGE_EXCEEDED]


def test_which_attempts_meet_a_system_error_follows_from_event_and_attempt():
    history = run(FunctionConfig(), SUCCEEDS, events=50, rules=Rules(system_error_rate=0.5))
    drawn = Numbers(0, Draw.SYSTEM_ERROR)
    first = {event: next(n for n in count(1) if drawn.uniform(event, n) >= 0.5) for event in range(50)}
    failed = Counter(record.event.number for record in of_kind(history, SystemFailed))
    assert {event: failed[event] + 1 for event in range(50)} == first


def test_a_rate_is_met_by_the_numbers_below_it_and_not_by_itself():
    def met(**rates):
        history = run(FunctionConfig(), SUCCEEDS, rules=replace(STEADY, **rates))
        return len(of_kind(history, SystemFailed)), len(of_kind(history, Started))

    error, duplicate = Numbers(0, Draw.SYSTEM_ERROR).uniform(0, 1), Numbers(0, Draw.DUPLICATE).uniform(0)
    assert met(system_error_rate=error) == met(duplicate_rate=duplicate) == (0, 1)
    assert met(system_error_rate=nextafter(error, 1))[0] >= 1
    assert met(duplicate_rate=nextafter(duplicate, 1)) == (0, 2)


def test_a_changed_configuration_applies_to_events_that_wait():
    functions = {FUNCTION: FunctionConfig()}
    history = []
    twin = Twin(lambda target, _: functions.get(target), history.append, rules=STEADY)
    twin.accept(FUNCTION, 0.0)
    run_until(twin, 30.0, lambda _: FAILS)
    functions[FUNCTION] = FunctionConfig(reserved_concurrency=0)
    run_until(twin, 300.0, lambda _: FAILS)
    assert [record.condition for record in finished(history)] == [Condition.ZERO_RESERVED_CONCURRENCY]


def test_events_of_a_deleted_function_are_gone():
    functions = {FUNCTION: FunctionConfig()}
    history = []
    twin = Twin(lambda target, _: functions.get(target), history.append, rules=STEADY)
    twin.accept(FUNCTION, 0.0)
    run_until(twin, 30.0, lambda _: FAILS)
    del functions[FUNCTION]
    run_until(twin, 300.0, lambda _: FAILS)
    (end,) = finished(history)
    assert (end.condition, end.at) == (Condition.FUNCTION_DELETED, pytest.approx(60.035))
    assert twin.is_settled


def test_an_event_that_fails_after_its_function_was_deleted_is_gone():
    functions = {FUNCTION: FunctionConfig()}
    history = []
    twin = Twin(lambda target, _: functions.get(target), history.append, rules=STEADY)
    event = twin.accept(FUNCTION, 0.0)
    (execution,) = twin.step()
    del functions[FUNCTION]
    twin.resolve(execution, Outcome(1.0, is_error=True))
    assert twin.step() == []
    assert finished(history) == [Finished(pytest.approx(1.035), event, Condition.FUNCTION_DELETED, 1, execution)]
    assert twin.is_settled
    assert twin.step() == []


def test_the_seed_is_0_unless_given():
    unseeded, zero = (Twin(lambda _target, _draw: None, [].append, **given) for given in ({}, {"seed": 0}))
    assert unseeded.new_request_id(0) == zero.new_request_id(0)


def test_a_request_id_is_two_numbers_of_its_own():
    high, low = (Numbers(5, Draw.REQUEST_ID).bits(7, half) for half in (0, 1))
    expected = uuid.UUID(int=high << 64 | low, version=4)
    assert Twin(lambda _target, _draw: None, [].append, seed=5).new_request_id(7) == str(expected)


def test_another_seed_counts_from_then_on_and_the_events_are_numbered_on():
    twin = Twin(lambda _target, _draw: FunctionConfig(), [].append, seed=3)
    before = twin.accept(FUNCTION, 0.0)
    twin.reseed(4)
    after = twin.accept(FUNCTION, 0.0)
    assert (before.number, after.number) == (0, 1)
    assert after.request_id == Twin(lambda _target, _draw: None, [].append, seed=4).new_request_id(1)
    assert before.request_id == Twin(lambda _target, _draw: None, [].append, seed=3).new_request_id(0)


def test_an_event_that_waits_keeps_its_seed():
    def second_attempts(reseeded):
        records = []
        twin = Twin(lambda _target, _draw: FunctionConfig(), records.append, seed=3)
        twin.accept(FUNCTION, 0.0)
        if reseeded:
            twin.reseed(4)
        run_until(twin, inf, lambda _: FAILS)
        return [record.at for record in of_kind(records, Started)]

    assert second_attempts(reseeded=True) == second_attempts(reseeded=False)


def test_what_decides_an_attempts_version_is_its_own_whoever_else_is_there():
    alias, other = FunctionRef("lab", "live"), FunctionRef("other", "live")

    def chances(others):
        config, seen = FunctionConfig(maximum_retry_attempts=2), {}

        def config_of(target, draw):
            seen.setdefault(target, []).append(draw)
            return config

        twin = Twin(config_of, [].append, rules=STEADY)
        twin.accept(alias, 0.0)
        for number in range(others):
            twin.accept(other, 10.0 * number)
        run_until(twin, 1_000.0, lambda _: FAILS)
        return seen[alias]

    alone = chances(others=0)
    assert len(set(alone)) == 3  # attempts; what is asked after one has the same
    assert chances(others=5) == alone


def test_an_event_of_exactly_its_maximum_age_is_still_tried():
    rules = Rules(jitter=0.0, dispatch_seconds=(60.0, 60.0))
    history = run(FunctionConfig(maximum_event_age_seconds=60), SUCCEEDS, rules=rules)
    assert values(history, "AsyncEventAge") == [60_000]
    assert [record.condition for record in finished(history)] == [Condition.SUCCESS]


def test_an_event_that_would_next_be_tried_at_exactly_its_maximum_age_is_dropped():
    rules = Rules(jitter=0.0, dispatch_seconds=(1.0, 1.0))
    history = run(FunctionConfig(reserved_concurrency=1, maximum_event_age_seconds=64), SLEEPS, events=2, rules=rules)
    assert values(history, "AsyncEventAge") == [1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000]
    assert [record.at for record in finished(history)] == [32.0, 91.0]


def test_an_age_counts_from_when_the_event_was_accepted():
    config = FunctionConfig(maximum_event_age_seconds=90)
    history = history_of({FUNCTION: config}, [(1_000.0, FUNCTION)], lambda _: FAILS, rules=STEADY)
    assert values(history, "AsyncEventAge") == [35, 60_035]


def test_what_ends_at_an_instant_makes_room_for_what_is_attempted_at_it():
    history = run(FunctionConfig(reserved_concurrency=1), Outcome(1.0), events=2)  # ends at 1.035, tried again at 1.035
    assert values(history, "AsyncEventAge") == [35, 35, 1_035]
    assert sum(values(history, "Throttles")) == 1


def test_all_that_is_due_at_an_instant_is_attempted_before_any_of_it_ends():
    history = run(FunctionConfig(reserved_concurrency=1), Outcome(0.0), events=2)  # over at the instant it begins
    assert values(history, "AsyncEventAge") == [35, 35, 1_035]
    assert sum(values(history, "Throttles")) == 1


def test_a_minute_begins_after_what_ends_and_before_what_starts_with_it():
    rules = Rules(jitter=0.0, dispatch_seconds=(0.0, 0.0))
    arrivals = [(0.0, FUNCTION), (30.0, FUNCTION), (60.0, FUNCTION)]  # each runs for 60 s
    history = history_of({FUNCTION: FunctionConfig()}, arrivals, lambda _: Outcome(60.0), rules=rules)
    at_60 = [type(record) for record in history if record.at == 60.0]
    assert at_60 == [Ended, Finished, StillRunning, Received, Started]
    assert [(record.at, record.running) for record in of_kind(history, StillRunning)] == [(60.0, 1)]


def test_every_minute_is_noted_once_whenever_executions_began():
    arrivals = [(0.0, FUNCTION), (70.0, FUNCTION), (400.0, FUNCTION)]
    history = history_of({FUNCTION: FunctionConfig()}, arrivals, lambda _: Outcome(150.0), rules=STEADY)
    noted = [(record.at, record.running) for record in of_kind(history, StillRunning)]
    assert noted == [(60.0, 1), (120.0, 2), (180.0, 1), (420.0, 1), (480.0, 1), (540.0, 1)]


def test_every_wait_of_an_event_has_a_jitter_of_its_own():
    history = run(FunctionConfig(reserved_concurrency=1), SLEEPS, events=2, rules=Rules())
    ages = sorted(values(history, "AsyncEventAge"))[1:]
    waits = [later - earlier for earlier, later in pairwise(ages)]
    factors = {round(wait / 1_000 / 2**doublings, 3) for doublings, wait in enumerate(waits)}
    assert len(factors) == len(waits) == 7


def test_a_wait_is_jittered_by_the_number_of_the_attempt_before_it():
    rules = Rules(dispatch_seconds=(0.0, 0.0))
    drawn = Numbers(0, Draw.WAIT).of_event(0)
    first, second = (rules.jittered(wait, symmetric(drawn, n)) for n, wait in enumerate((60.0, 120.0), start=1))
    started = [record.at for record in of_kind(run(FunctionConfig(), FAILS, rules=rules), Started)]
    assert started == pytest.approx([0.0, first, first + second])


def test_events_are_jittered_each_by_itself():
    history = run(FunctionConfig(), FAILS, events=20, rules=Rules(dispatch_seconds=(0.0, 0.0)))
    second = [record.at for record in of_kind(history, Started) if record.execution.number == 2]
    assert len(set(second)) == 20


def test_a_purged_queue_is_empty_and_what_runs_goes_on():
    history = []
    twin = Twin(lambda _target, _draw: FunctionConfig(reserved_concurrency=1), history.append, rules=STEADY)
    events = [twin.accept(FUNCTION, 0.0) for _ in range(3)]
    run_until(twin, 2.0, lambda _: SLEEPS)
    assert twin.next_attempts == {event.request_id: pytest.approx(3.035) for event in events[1:]}
    assert twin.purge(2.5) == 2
    assert [(record.at, record.event, record.condition) for record in finished(history)] == [
        (2.5, event, Condition.PURGED) for event in events[1:]
    ]
    assert (twin.pending, twin.next_attempts, twin.is_settled) == (1, {}, False)
    run_until(twin, 100.0, lambda _: SLEEPS)
    assert [record.condition for record in finished(history)][2:] == [Condition.SUCCESS]
    assert twin.is_settled


def test_what_is_to_come_is_told_by_when_it_comes_next():
    twin = Twin(lambda _target, _draw: FunctionConfig(), [].append, rules=Rules(duplicate_rate=1.0, jitter=0.0))
    event = twin.accept(FUNCTION, 10.0)
    assert 10.032 <= twin.next_attempts[event.request_id] <= 10.037
    assert twin.next_due() == twin.next_attempts[event.request_id]


def test_events_that_are_over_are_forgotten_once_with_their_second_delivery():
    forgotten = []
    twin = Twin(
        lambda _target, _draw: FunctionConfig(), [].append, rules=Rules(duplicate_rate=1.0), forget=forgotten.append
    )
    event = twin.accept(FUNCTION, 0.0)
    run_until(twin, 1_000.0, lambda _: FAILS)
    assert forgotten == [event]
    assert twin.is_settled


def test_records_are_told_as_they_happen_and_arrivals_are_taken_one_by_one():
    history = []

    def arrivals():
        for number in range(3):
            assert len(finished(history)) == max(0, number - 1)  # those before the last are over
            yield 10.0 * number, FUNCTION

    simulate({FUNCTION: FunctionConfig()}, arrivals(), lambda _: SUCCEEDS, history.append)
    assert len(finished(history)) == 3


def test_a_seed_decides_a_simulation_and_is_0_unless_given():
    unseeded, zero, one = (
        run(FunctionConfig(), SUCCEEDS, rules=Rules(), **given) for given in ({}, {"seed": 0}, {"seed": 1})
    )
    assert unseeded == zero != one


def test_what_is_due_at_the_end_of_a_simulation_still_happens():
    history = history_of(
        {FUNCTION: FunctionConfig()}, [(0.0, FUNCTION), (7.0, FUNCTION)], lambda _: SUCCEEDS, until=7.0
    )
    assert [record.at for record in of_kind(history, Received)] == [0.0, 7.0]
    assert len(finished(history)) == 1


def test_arrivals_out_of_order_are_refused():
    with pytest.raises(ValueError, match=r"arrival at 1\.0 s follows one at 2\.0 s; sort arrivals by their time"):
        history_of({FUNCTION: FunctionConfig()}, [(2.0, FUNCTION), (1.0, FUNCTION)], lambda _: SUCCEEDS)


def test_an_execution_must_have_an_outcome_before_time_goes_on():
    twin = Twin(lambda _target, _chance: FunctionConfig(), [].append)
    twin.accept(FUNCTION, 0.0)
    twin.step()
    with pytest.raises(RuntimeError, match="1 executions have no outcome yet"):
        twin.next_due()
