"""Who may run: reservations, the shared pool, execution environments, and synchronous calls beside the queue."""

import pytest
from histories import FAILS, FUNCTION, SLEEPS, STEADY, SUCCEEDS, history_of, of_kind, run, values

from async_lab.twin import (
    Ended,
    FunctionConfig,
    FunctionRef,
    Outcome,
    Rules,
    Started,
    Throttled,
    Twin,
    run_until,
    samples,
)
from async_lab.twin.rng import Draw, Numbers


def test_functions_without_a_reservation_share_the_pool():
    others = FunctionRef("other")
    functions = {FUNCTION: FunctionConfig(), others: FunctionConfig()}
    history = history_of(
        functions, [(0.0, FUNCTION), (0.0, others)], lambda _: SLEEPS, rules=STEADY, unreserved_limit=1
    )
    assert {record.target for record in of_kind(history, Throttled)} == {others}


def test_the_shared_pool_has_room_again_when_what_took_it_ends_and_not_when_others_end():
    """Of two that share one place the second runs at 15.035; the reserved function's ends at 1.035 made no room."""
    reserved = FunctionRef("reserved")
    functions = {FUNCTION: FunctionConfig(), reserved: FunctionConfig(reserved_concurrency=2)}
    arrivals = [(0.0, FUNCTION), (0.0, FUNCTION), (0.0, reserved), (0.0, reserved)]
    history = history_of(
        functions,
        arrivals,
        lambda execution: Outcome(1.0 if execution.target == reserved else 10.0),
        rules=STEADY,
        unreserved_limit=1,
    )
    started = [record.at for record in of_kind(history, Started) if record.execution.target == FUNCTION]
    assert started == pytest.approx([0.035, 15.035])


def test_a_function_gets_a_thousand_new_environments_in_ten_seconds():
    history = run(FunctionConfig(), SLEEPS, events=1_001, unreserved_limit=5_000)
    assert sum(record.at < 1 for record in of_kind(history, Started)) == 1_000
    assert [record.at for record in of_kind(history, Throttled)] == pytest.approx([0.035, 1.035, 3.035, 7.035])


def test_a_warm_environment_is_used_again():
    arrivals = [(0.0, FUNCTION), (10.0, FUNCTION)]
    history = history_of({FUNCTION: FunctionConfig()}, arrivals, lambda _: SUCCEEDS)
    first, second = (record.execution.environment for record in of_kind(history, Started))
    assert first == second


def test_an_environment_does_not_survive_a_crash():
    crash = Outcome(0.0, is_error=True, environment_survives=False)
    history = run(FunctionConfig(), crash)
    assert len({record.execution.environment for record in of_kind(history, Started)}) == 3


def test_a_cold_start_holds_its_place_but_is_not_part_of_the_duration():
    history = run(FunctionConfig(), Outcome(1.0, init_seconds=0.5))
    ended = [record.at for record in of_kind(history, Ended)]
    assert ended == pytest.approx([1.535])
    assert values(history, "Duration") == [1_000]


def test_a_reservation_is_the_most_that_run_at_once():
    history = run(FunctionConfig(reserved_concurrency=2), SLEEPS, events=5)
    assert [record.running for record in of_kind(history, Started)][:2] == [1, 2]
    assert max(record.running for record in of_kind(history, Started)) == 2
    assert sum(values(history, "Throttles")) >= 3


def test_a_synchronous_invocation_takes_its_place_and_is_never_retried():
    history = []
    twin = Twin(lambda _target, _chance: FunctionConfig(reserved_concurrency=1), history.append)
    execution = twin.invoke(FUNCTION, 0.0)
    assert twin.invoke(FUNCTION, 0.0) is None
    twin.resolve(execution, FAILS)
    run_until(twin, 1_000.0, lambda _: FAILS)
    assert len(of_kind(history, Started)) == 1
    assert sum(values(history, "Throttles")) == 1


def test_synchronous_invocations_have_ids_and_environments_of_their_own():
    history = []
    twin = Twin(lambda _target, _draw: FunctionConfig(reserved_concurrency=2), history.append)
    first, second = twin.invoke(FUNCTION, 0.0), twin.invoke(FUNCTION, 0.0)
    assert (first.event, first.number, first.started_at) == (None, 1, 0.0)
    assert [first.environment, second.environment] == ["lab/1", "lab/2"]
    assert first.request_id == twin.new_request_id(0) != second.request_id == twin.new_request_id(1)
    assert twin.invoke(FUNCTION, 5.0) is None
    assert [record for record in history if isinstance(record, Throttled)] == [Throttled(5.0, FUNCTION, None)]
    for execution in (second, first):
        twin.resolve(execution, Outcome(1.0))
    run_until(twin, 10.0, lambda _: FAILS)
    assert [record.execution for record in of_kind(history, Ended)] == [first, second]
    assert twin.is_settled


def test_a_synchronous_invocation_of_a_function_that_is_gone_is_throttled():
    history = []
    twin = Twin(lambda _target, _draw: None, history.append)
    assert twin.invoke(FUNCTION, 0.0) is None
    assert [type(record) for record in history] == [Throttled]


def test_a_synchronous_invocation_draws_its_own_version():
    drawn = []
    twin = Twin(lambda _target, draw: drawn.append(draw), [].append, seed=3)
    for _ in range(2):
        twin.invoke(FunctionRef("lab", "live"), 0.0)
    twin.invoke(FUNCTION, 0.0)
    assert drawn == [*[Numbers(3, Draw.ROUTE).uniform(number) for number in range(2)], 0.0]


def test_new_environments_are_counted_over_the_ten_seconds_before():
    """One a second is 10 in any 10 s; what was made exactly 10 s ago no longer counts."""
    rules = Rules(jitter=0.0, dispatch_seconds=(0.0, 0.0), scale_up_environments=10)
    arrivals = [(float(second), FUNCTION) for second in range(30)]
    history = history_of({FUNCTION: FunctionConfig()}, arrivals, lambda _: SLEEPS, rules=rules)
    assert values(history, "Throttles") == [0] * 30
    crowded = sorted([*arrivals, (5.5, FUNCTION)])
    history = history_of({FUNCTION: FunctionConfig()}, crowded, lambda _: SLEEPS, rules=rules)
    assert of_kind(history, Throttled)[0].at == 9.0


def test_each_function_scales_up_by_itself():
    other = FunctionRef("other")
    rules = Rules(jitter=0.0, scale_up_environments=1)
    functions = {FUNCTION: FunctionConfig(), other: FunctionConfig()}
    history = history_of(functions, [(0.0, FUNCTION), (0.0, other)], lambda _: SLEEPS, rules=rules)
    assert of_kind(history, Throttled) == []


def test_environments_end_once_they_were_idle_for_long():
    twin = Twin(lambda _target, _draw: FunctionConfig(), [].append, rules=STEADY)
    twin.accept(FUNCTION, 0.0)
    run_until(twin, 60.0, lambda _: Outcome(0.965))  # idle from second 1.0 on
    assert twin.retire(1_800.9) == []
    assert twin.retire(1_801.0) == ["lab/1"]
    assert twin.retire(1_801.0) == []


def test_environments_end_whosever_they_are():
    twin = Twin(lambda _target, _draw: FunctionConfig(), [].append, rules=STEADY)
    for name in ("one", "two"):
        twin.accept(FunctionRef(name), 0.0)
    run_until(twin, 60.0, lambda _: SUCCEEDS)
    assert twin.retire(3_600.0) == ["one/1", "two/2"]


def test_ending_idle_environments_forgets_no_recent_start():
    """What was made in the last 10 s counts, and nothing older is kept."""
    history = []
    twin = Twin(lambda _target, _draw: FunctionConfig(), history.append, rules=Rules(scale_up_environments=1))
    twin.resolve(twin.invoke(FUNCTION, 0.0), SLEEPS)
    assert twin.retire(5.0) == []
    assert twin.invoke(FUNCTION, 9.0) is None
    assert twin.retire(10.0) == []
    assert not twin._concurrency._recent_starts
    assert twin.invoke(FUNCTION, 10.0)


def test_an_environment_of_another_revision_is_not_used_again():
    functions = {FUNCTION: FunctionConfig(revision="1")}
    history = []
    twin = Twin(lambda target, _: functions[target], history.append, rules=STEADY)
    for at, revision in enumerate(["1", "2", "1"]):
        functions[FUNCTION] = FunctionConfig(revision=revision)
        twin.accept(FUNCTION, 10.0 * at)
        run_until(twin, 10.0 * at + 9, lambda _: SUCCEEDS)
    assert [record.execution.environment for record in of_kind(history, Started)] == ["lab/1", "lab/2", "lab/1"]


def test_concurrent_executions_are_counted_in_every_minute_they_run():
    history = run(FunctionConfig(), Outcome(150.0), events=3)
    by_minute = {}
    for record in history:
        for sample in samples(record):
            if sample.metric == "ConcurrentExecutions":
                minute = int(sample.at // 60)
                by_minute[minute] = max(by_minute.get(minute, 0), sample.value)
    assert by_minute == {0: 3, 1: 3, 2: 3}
