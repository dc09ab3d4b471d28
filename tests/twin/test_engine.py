"""What AWS does, situation by situation."""

import pytest

from async_lab.twin import (
    Condition,
    Ended,
    Expiry,
    Finished,
    FunctionConfig,
    FunctionRef,
    Outcome,
    Rules,
    Started,
    Throttled,
    Twin,
    run_until,
    samples,
    simulate,
)

FUNCTION = FunctionRef("lab")
STEADY = Rules(jitter=0.0, dispatch_seconds=(0.035, 0.035))
SUCCEEDS = Outcome(0.1)
FAILS = Outcome(0.0, is_error=True)
SLEEPS = Outcome(90.0)


def run(config, outcome, events=1, rules=STEADY, **options):
    return simulate({FUNCTION: config}, [(0.0, FUNCTION)] * events, lambda _: outcome, rules=rules, **options)


def values(history, metric):
    return [sample.value for record in history for sample in samples(record) if sample.metric == metric]


def finished(history):
    return [record for record in history if isinstance(record, Finished)]


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
    assert [record.condition for record in finished(history)] == [Condition.EVENT_AGE_EXCEEDED]


def test_the_age_limits_waiting_and_not_running():
    history = run(FunctionConfig(maximum_event_age_seconds=60), Outcome(110.0))
    assert [record.condition for record in finished(history)] == [Condition.SUCCESS]


def test_throttles_start_again_at_one_second_after_an_execution():
    executions = iter([Outcome(0.0, is_error=True), Outcome(90.0), Outcome(0.1)])
    config = FunctionConfig(reserved_concurrency=1)
    arrivals = [(0.0, FUNCTION), (55.0, FUNCTION)]
    history = simulate({FUNCTION: config}, arrivals, lambda _: next(executions), rules=STEADY)
    throttled = [record.at for record in history if isinstance(record, Throttled)]
    assert throttled[:3] == pytest.approx([60.035, 61.035, 63.035])


def test_functions_without_a_reservation_share_the_pool():
    others = FunctionRef("other")
    functions = {FUNCTION: FunctionConfig(), others: FunctionConfig()}
    history = simulate(functions, [(0.0, FUNCTION), (0.0, others)], lambda _: SLEEPS, rules=STEADY, unreserved_limit=1)
    assert {record.target for record in history if isinstance(record, Throttled)} == {others}


def test_a_function_gets_a_thousand_new_environments_in_ten_seconds():
    history = run(FunctionConfig(), SLEEPS, events=1_001, unreserved_limit=5_000)
    assert sum(isinstance(record, Started) and record.at < 1 for record in history) == 1_000
    late = [record for record in history if isinstance(record, Throttled)]
    assert [record.at for record in late] == pytest.approx([0.035, 1.035, 3.035, 7.035])


def test_a_warm_environment_is_used_again():
    arrivals = [(0.0, FUNCTION), (10.0, FUNCTION)]
    history = simulate({FUNCTION: FunctionConfig()}, arrivals, lambda _: SUCCEEDS)
    started = [record.execution for record in history if isinstance(record, Started)]
    assert [execution.is_cold for execution in started] == [True, False]
    assert started[0].environment == started[1].environment


def test_an_environment_does_not_survive_a_crash():
    crash = Outcome(0.0, is_error=True, environment_survives=False)
    history = run(FunctionConfig(), crash)
    assert all(record.execution.is_cold for record in history if isinstance(record, Started))


def test_a_cold_start_holds_its_place_but_is_not_part_of_the_duration():
    history = run(FunctionConfig(), Outcome(1.0, init_seconds=0.5))
    ended = [record.at for record in history if isinstance(record, Ended)]
    assert ended == pytest.approx([1.535])
    assert values(history, "Duration") == [1_000]


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
    assert [record.condition for record in finished(history)] == [Condition.FUNCTION_DELETED]
    assert twin.is_settled


def test_a_synchronous_invocation_takes_its_place_and_is_never_retried():
    history = []
    twin = Twin(lambda _target, _chance: FunctionConfig(reserved_concurrency=1), history.append)
    execution = twin.invoke(FUNCTION, 0.0)
    assert twin.invoke(FUNCTION, 0.0) is None
    twin.resolve(execution, FAILS)
    run_until(twin, 1_000.0, lambda _: FAILS)
    assert sum(isinstance(record, Started) for record in history) == 1
    assert sum(values(history, "Throttles")) == 1


def test_what_decides_an_attempts_version_is_its_own_whoever_else_is_there():
    def chances(others):
        config, seen = FunctionConfig(maximum_retry_attempts=2), {}
        other = FunctionRef("other")

        def config_of(target, draw):
            seen.setdefault(target, []).append(draw)
            return config

        twin = Twin(config_of, [].append, rules=STEADY)
        twin.accept(FUNCTION, 0.0)
        for number in range(others):
            twin.accept(other, 10.0 * number)
        run_until(twin, 1_000.0, lambda _: FAILS)
        return seen[FUNCTION]

    alone = chances(others=0)
    assert len(set(alone)) == 3  # attempts; what is asked after one has the same
    assert chances(others=5) == alone


def test_concurrent_executions_are_counted_in_every_minute_they_run():
    history = run(FunctionConfig(), Outcome(150.0), events=3)
    by_minute = {}
    for record in history:
        for sample in samples(record):
            if sample.metric == "ConcurrentExecutions":
                minute = int(sample.at // 60)
                by_minute[minute] = max(by_minute.get(minute, 0), sample.value)
    assert by_minute == {0: 3, 1: 3, 2: 3}


def test_an_execution_must_have_an_outcome_before_time_goes_on():
    twin = Twin(lambda _target, _chance: FunctionConfig(), [].append)
    twin.accept(FUNCTION, 0.0)
    twin.step()
    with pytest.raises(RuntimeError, match="1 executions have no outcome yet"):
        twin.next_due()
