"""What holds for every configuration, workload and seed."""

from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import TARGETS, simultaneous_worlds, worlds

from async_lab.twin import (
    METRICS,
    Condition,
    Ended,
    Finished,
    FunctionRef,
    Received,
    Started,
    StillRunning,
    SystemFailed,
    Throttled,
    Twin,
    run_until,
    samples,
    simulate,
)


def history_of(world, until=float("inf")):
    history = []
    simulate(
        world.functions,
        world.arrivals,
        world.behavior,
        history.append,
        seed=world.seed,
        rules=world.rules,
        unreserved_limit=world.unreserved_limit,
        until=until,
    )
    return history


def attempts_by_event(history):
    """Each event's attempts as (at, record), in order; deliveries of duplicates among them."""
    attempts = defaultdict(list)
    for record in history:
        event = record.execution.event if isinstance(record, Started) else getattr(record, "event", None)
        if isinstance(record, Started | Throttled | SystemFailed):
            attempts[event].append(record)
    return attempts


@given(worlds)
def test_received_is_succeeded_and_dropped_and_pending_at_every_instant(world):
    history = []
    twin = Twin(
        lambda target, _: world.functions.get(target),
        history.append,
        seed=world.seed,
        rules=world.rules,
        unreserved_limit=lambda: world.unreserved_limit,
    )
    for at, target in world.arrivals:
        run_until(twin, at, world.behavior)
        twin.accept(target, at)
    while (due := twin.next_due()) is not None:
        run_until(twin, due, world.behavior)
        received = sum(isinstance(record, Received) for record in history)
        finished = Counter(record.is_dropped for record in history if isinstance(record, Finished))
        assert received == finished[True] + finished[False] + twin.pending
        assert twin.pending >= 0
    assert twin.pending == 0
    assert twin.is_settled


@given(worlds)
def test_every_event_is_finished_exactly_once(world):
    history = history_of(world)
    finished = Counter(record.event for record in history if isinstance(record, Finished))
    assert finished == Counter(record.event for record in history if isinstance(record, Received))


@given(worlds)
def test_concurrency_stays_within_the_reservation_and_the_shared_pool(world):
    running = Counter()
    for record in history_of(world):
        if isinstance(record, Started):
            running[record.execution.target] += 1
        elif isinstance(record, Ended):
            running[record.execution.target] -= 1
        shared = 0
        for target in TARGETS:
            reserved = world.functions[target].reserved_concurrency
            if reserved is None:
                shared += running[target]
            else:
                assert 0 <= running[target] <= reserved
        assert shared <= world.unreserved_limit


@given(worlds)
def test_the_number_of_running_executions_is_recorded_as_it_is(world):
    running = Counter()
    for record in history_of(world):
        if isinstance(record, Started):
            running[record.execution.target.function] += 1
            assert record.running == running[record.execution.target.function]
        elif isinstance(record, Ended):
            running[record.execution.target.function] -= 1
        elif isinstance(record, StillRunning):
            assert record.at % 60 == 0
            assert record.running == running[record.function] > 0


@given(worlds)
def test_no_attempt_comes_after_the_maximum_age(world):
    for event, attempts in attempts_by_event(history_of(world)).items():
        maximum = world.functions[event.target].maximum_event_age_seconds
        assert all(event.age_at(attempt.at) <= maximum for attempt in attempts)


@given(worlds)
def test_executions_of_an_event_are_at_most_its_retries_and_one(world):
    for record in history_of(world):
        if isinstance(record, Finished):
            config = world.functions[record.event.target]
            assert record.executions <= config.maximum_retry_attempts + 1
            if record.condition is Condition.RETRIES_EXHAUSTED:
                assert record.executions == config.maximum_retry_attempts + 1


@given(worlds.filter(lambda world: not world.rules.duplicate_rate))
def test_ages_of_an_event_increase_with_every_attempt(world):
    for attempts in attempts_by_event(history_of(world)).values():
        assert all(earlier.at < later.at for earlier, later in pairwise(attempts))


@given(worlds.filter(lambda world: not world.rules.duplicate_rate))
def test_every_wait_is_the_nominal_one_within_its_jitter(world):
    history = history_of(world)
    ended_at = {(record.execution.request_id, record.execution.number): record.at
                for record in history if isinstance(record, Ended)}  # fmt: skip
    rules = world.rules
    for attempts in attempts_by_event(history).values():
        errors = backoffs = 0
        for earlier, later in pairwise(attempts):
            if isinstance(earlier, Started):
                errors, backoffs = errors + 1, 0
                nominal = rules.wait_after_error(errors)
                since = ended_at[earlier.execution.request_id, earlier.execution.number]
            else:
                backoffs += 1
                nominal, since = rules.wait_after_backoff(backoffs), earlier.at
            assert later.at - since == pytest.approx(nominal, rel=rules.jitter + 1e-6, abs=1e-6)


@given(worlds)
def test_the_same_seed_gives_the_same_run(world):
    assert history_of(world) == history_of(world)


@given(worlds)
def test_what_happened_is_told_in_order_of_time(world):
    times = [record.at for record in history_of(world)]
    assert times == sorted(times)


@given(worlds)
def test_stopping_early_shows_the_beginning_of_the_same_run(world):
    whole = history_of(world)
    part = history_of(world, until=90.0)
    assert part == [record for record in whole if record.at <= 90.0]


@given(simultaneous_worlds, st.randoms(use_true_random=False))
def test_what_happens_at_one_instant_does_not_depend_on_what_was_scheduled_first(world, shuffled):
    """The same events with the same numbers, accepted and resolved in another order."""

    def told(permuted):
        history = []
        twin = Twin(lambda target, _: world.functions[target], history.append, rules=world.rules, seed=world.seed)
        order = list(enumerate(world.targets))
        if permuted:
            shuffled.shuffle(order)
        twin._numbers = iter([number for number, _ in order])
        for _, target in order:
            twin.accept(target, 0.0)
        while (due := twin.next_due()) is not None:
            started = twin.advance(due)
            if permuted:
                shuffled.shuffle(started)
            for execution in started:
                twin.resolve(execution, world.behavior(execution))
        return [record for record in history if not isinstance(record, Received)]

    assert told(permuted=True) == told(permuted=False)


@given(worlds)
def test_metrics_are_exactly_what_the_histories_say(world):
    """The whole multiset of metric, function, time and value: a sample more or less, a zero among them, fails."""
    history = history_of(world)
    published = Counter(
        (sample.metric, sample.target, sample.at, sample.value) for record in history for sample in samples(record)
    )
    of = defaultdict(list)
    for record in history:
        of[type(record)].append(record)
    attempts = [(each.execution.event, each.at) for each in of[Started]]
    attempts += [(each.event, each.at) for each in of[Throttled] + of[SystemFailed]]
    expected = [
        *(("AsyncEventsReceived", each.event.target, each.at, 1) for each in of[Received]),
        *(("AsyncEventAge", event.target, at, round(1_000 * (at - event.accepted_at))) for event, at in attempts),
        *(("AsyncEventsDropped", each.event.target, each.at, each.is_dropped) for each in of[Finished]),
        *(("Invocations", each.execution.target, each.at, 1) for each in of[Started]),
        *(("Throttles", each.execution.target, each.at, 0) for each in of[Started]),
        *(("Throttles", each.target, each.at, 1) for each in of[Throttled]),
        *(("Errors", each.target, each.at, 0) for each in of[Throttled]),
        *(("Errors", each.execution.target, each.execution.started_at, each.outcome.is_error) for each in of[Ended]),
        *(
            (
                "Duration",
                each.execution.target,
                each.execution.started_at,
                round(1_000 * each.outcome.duration_seconds, 2),
            )
            for each in of[Ended]
        ),
        *(("ConcurrentExecutions", each.execution.target, each.at, each.running) for each in of[Started]),
        *(("ConcurrentExecutions", FunctionRef(each.function), each.at, each.running) for each in of[StillRunning]),
    ]
    assert published == Counter(expected)
    assert {metric for metric, *_ in published} <= set(METRICS)
