"""The numbers that checks decide by, on both sides of where they change."""

from dataclasses import replace

import pytest
from observed import configuration_of, seen_of
from series import FIRST_MINUTE, metrics_of

from async_lab.diagnosis import arithmetic
from async_lab.diagnosis.finding import Figure, figure

DEFAULTS = configuration_of()
SHORT = configuration_of(MaximumEventAgeInSeconds=60)


def seen(configuration=DEFAULTS, minutes=60, sent=None, **metrics):
    """What was seen in an hour, with these samples of each minute."""
    return seen_of(metrics_of(**metrics), configuration, minutes=minutes, sent=sent)


def unseen(part):
    return replace(DEFAULTS, **{part: None})


@pytest.mark.parametrize(("durations", "seconds"), [([], 0), ([[2_000]], 2), ([[1_000, 2_000], [], [6_000]], 3)])
def test_a_mean_duration_is_over_executions_and_not_minutes(durations, seconds):
    assert arithmetic.mean_duration_seconds(seen(Duration=durations)) == seconds


@pytest.mark.parametrize(
    ("throttles", "executions", "attempts", "least"),
    [(3, 2, 5, 3), (3, 4, 5, 1), (3, 5, 5, 0), (3, 9, 5, 0), (9, 0, 5, 1)],
)
def test_throttles_beyond_what_other_requests_can_have_had_are_of_events(throttles, executions, attempts, least):
    mixed = seen(
        Throttles=[[1] * throttles], Invocations=[[1] * executions], AsyncEventAge=[[60_000] * attempts], minutes=2
    )
    assert arithmetic.least_throttled_attempts(mixed) == least
    assert arithmetic.are_events_throttled(mixed) == (least > 0)


@pytest.mark.parametrize(("maximum_age", "throttles"), [(60, 6), (66, 6), (67, 7), (300, 9), (3_600, 19), (21_600, 72)])
def test_an_event_is_throttled_at_least_so_often_before_it_is_too_old(maximum_age, throttles):
    assert arithmetic.throttles_before_drop(maximum_age) == throttles


@pytest.mark.parametrize(
    ("retries", "maximum_age", "duration", "expected"),
    [
        (0, 60, 0, (1, False)),
        (1, 60, 0, (1, True)),
        (1, 61, 0, (2, False)),
        (2, 180, 0, (2, True)),
        (2, 181, 0, (3, False)),
        (2, 280, 50, (2, True)),
        (2, 281, 50, (3, False)),
    ],
)
def test_waits_and_executions_make_an_event_that_fails_too_old_for_its_retries(
    retries, maximum_age, duration, expected
):
    assert arithmetic.failures_before_drop(retries, maximum_age, duration) == expected


def test_an_event_that_its_age_ends_may_be_younger_than_its_waits():
    failing = seen(
        configuration_of(MaximumEventAgeInSeconds=180),
        Errors=[[1], [1]],
        AsyncEventAge=[[35], [50_000]],
        AsyncEventsDropped=[[], [1]],
    )
    assert arithmetic.drops_by_errors(failing) == 1


def test_an_event_that_came_as_the_looking_began_had_all_its_throttles_in_sight():
    throttled = seen(SHORT, Throttles=[[1]], AsyncEventAge=[[30_000], [30_000]], AsyncEventsDropped=[[], [1]])
    assert arithmetic.drops_by_throttles(replace(throttled, start=FIRST_MINUTE)) == 0
    assert arithmetic.drops_by_throttles(replace(throttled, start=FIRST_MINUTE + 0.1)) == 1


@pytest.mark.parametrize(
    ("configuration", "minute", "drops"),
    [
        (configuration_of(Timeout=240, MaximumRetryAttempts=0), 5, 1),
        (configuration_of(Timeout=239, MaximumRetryAttempts=0), 5, 0),
        (replace(configuration_of(MaximumRetryAttempts=0), function=None), 2, 1),
        (replace(configuration_of(MaximumRetryAttempts=0), function=None), 3, 0),
    ],
)
def test_an_error_ends_an_event_for_as_long_as_an_execution_may_take(configuration, minute, drops):
    one = seen(
        configuration, Errors=[[1]], Invocations=[[1]], AsyncEventAge=[[35]], AsyncEventsDropped=[*[[]] * minute, [1]]
    )
    assert arithmetic.drops_by_errors(one) == drops


@pytest.mark.parametrize(("errors", "drops"), [(2, 0), (3, 1), (5, 1), (6, 2), (99, 3)])
def test_each_event_that_errors_end_needs_all_its_failures(errors, drops):
    failing = seen(
        Errors=[[1] * errors], AsyncEventAge=[[35], [66_000], [], [190_000]], AsyncEventsDropped=[*[[]] * 3, [1] * 3]
    )
    near = replace(failing.configuration, function=replace(failing.configuration.function, timeout_seconds=900))
    assert arithmetic.drops_by_errors(replace(failing, configuration=near)) == drops


MAY_BE_BY = [
    ("Errors", arithmetic.may_drops_be_by_errors, 5),  # minutes: a timeout of 240 s, and the minute that it ends in
    ("Throttles", arithmetic.may_drops_be_by_throttles, 6),  # the longest wait after a throttle, and its minute
]


@pytest.mark.parametrize(("metric", "may_be_by", "minutes"), MAY_BE_BY)
@pytest.mark.parametrize(("later", "may_be"), [(-1, False), (0, True), ("longest", True), ("longer", False)])
def test_a_drop_may_be_by_what_was_seen_no_longer_before_it_than_it_takes(metric, may_be_by, minutes, later, may_be):
    later = {"longest": minutes, "longer": minutes + 1}.get(later, later)
    dropped = seen(
        configuration_of(Timeout=240),
        AsyncEventAge=[[], [35]],
        AsyncEventsDropped=[*[[]] * (1 + later), [1]],
        **{metric: [[], [1]]},
    )
    assert may_be_by(replace(dropped, start=FIRST_MINUTE - 3_600.0)) is may_be


@pytest.mark.parametrize(("metric", "may_be_by", "minutes"), MAY_BE_BY)
def test_a_drop_may_be_by_what_came_before_the_time_that_was_looked_at(metric, may_be_by, minutes):
    dropped = seen(configuration_of(Timeout=240), AsyncEventAge=[[35]], AsyncEventsDropped=[[1]])
    earliest = FIRST_MINUTE - 60.0 * minutes

    assert may_be_by(replace(dropped, start=FIRST_MINUTE + 0.0))
    assert may_be_by(replace(dropped, start=earliest + 1))
    assert not may_be_by(replace(dropped, start=earliest)), metric


@pytest.mark.parametrize(
    ("sent", "minute", "throttles", "drops"),
    [
        (None, 0, 1, 1),  # an event from before may have had all but its last throttle
        (1, 0, 1, 0),
        (1, 0, 6, 1),
        (1, 0, 13, 2),
        (None, 1, 1, 1),
        (None, 2, 1, 0),  # what is dropped so late has come while it was looked at
        (None, 2, 6, 1),
    ],
)
def test_each_event_that_throttles_end_needs_all_that_can_have_been_seen(sent, minute, throttles, drops):
    throttled = seen(
        SHORT,
        sent=sent,
        Throttles=[*[[]] * minute, [1] * throttles],
        AsyncEventAge=[*[[]] * minute, [30_000]],
        AsyncEventsDropped=[*[[]] * minute, [1, 1]],
    )
    assert arithmetic.drops_by_throttles(throttled) == drops


@pytest.mark.parametrize(
    ("configuration", "end", "age", "dropped", "expected"),
    [
        (DEFAULTS, 227.2, 35, 0, True),
        (DEFAULTS, 227.19, 35, 0, False),
        (unseen("function"), 1_027.2, 35, 0, True),
        (unseen("function"), 1_027.19, 35, 0, False),
        (DEFAULTS, 1_200, 52_799, 0, True),
        (DEFAULTS, 1_200, 52_800, 0, False),
        (DEFAULTS, 1_200, 35, 1, False),
    ],
)
def test_errors_are_of_no_event_where_none_was_tried_again_or_dropped(configuration, end, age, dropped, expected):
    failed = seen(
        configuration,
        AsyncEventsReceived=[[1, 1]],
        AsyncEventAge=[[age]],
        AsyncEventsDropped=[[dropped]],
        Invocations=[[1] * 3],
        Errors=[[1]],
    )
    assert arithmetic.do_no_events_fail(replace(failed, end=FIRST_MINUTE + end)) is expected


@pytest.mark.parametrize(
    ("end", "age", "dropped", "expected"),
    [
        (60 + 1.12, 35, 0, True),
        (60 + 1.11, 35, 0, False),
        (1_200, 879, 0, True),
        (1_200, 880, 0, False),
        (1_200, 35, 1, False),
    ],
)
def test_throttles_are_of_no_event_where_none_was_tried_again_or_dropped(end, age, dropped, expected):
    throttled = seen(
        AsyncEventsReceived=[[1]],
        AsyncEventAge=[[age]],
        AsyncEventsDropped=[[dropped]],
        Invocations=[[1]],
        Throttles=[[1]],
    )
    assert arithmetic.are_no_events_throttled(replace(throttled, end=FIRST_MINUTE + end)) is expected


def test_without_errors_and_throttles_none_is_of_an_event_once_one_would_have_been_seen():
    quiet = seen(AsyncEventsReceived=[[1]], AsyncEventAge=[[35]], Invocations=[[1]])
    assert arithmetic.do_no_events_fail(quiet)
    assert arithmetic.are_no_events_throttled(quiet)
    at_once = replace(quiet, end=quiet.start)
    assert not arithmetic.do_no_events_fail(at_once)
    assert not arithmetic.are_no_events_throttled(at_once)


@pytest.mark.parametrize(
    ("configuration", "errors", "seconds"),
    [
        (DEFAULTS, 0, 0),
        (DEFAULTS, 1, 67.2 + 10),
        (DEFAULTS, 2, 201.6 + 20),
        (DEFAULTS, 3, 201.6 + 20),
        (configuration_of(MaximumRetryAttempts=1), 3, 67.2 + 10),
        (configuration_of(MaximumRetryAttempts=0), 3, 0),
        (unseen("written"), 3, 201.6 + 20),  # as many as Lambda ever does
    ],
)
def test_errors_make_an_event_as_old_as_their_waits_and_executions(configuration, errors, seconds):
    failed = seen(configuration, Errors=[[1] * errors], Duration=[[10_000, 4_000]])
    assert arithmetic.error_waits_seconds(failed) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("throttles", "seconds"), [(0, 0), (1, 1.12), (2, 3.36), (3, 7.84), (9, 572.32), (10, 908.32), (10_000, 21_740.32)]
)
def test_throttles_make_an_event_as_old_as_their_waits_and_no_older_than_it_may_get(throttles, seconds):
    assert arithmetic.throttle_waits_seconds(seen(Throttles=[[1] * throttles])) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("received", "duration", "needed"),
    [
        ([], 0, 1),
        ([], 90, 1),
        ([[1] * 4], 0, 1),
        ([[1] * 4], 15, 1),
        ([[1] * 4], 15.1, 2),
        ([[1] * 4], 60, 4),
        ([[1] * 2, [1] * 2], 60, 2),
        ([[1] * 2, [1] * 2], 61, 3),
        ([[1] * 2, [1] * 2], 90, 3),
        ([[1] * 2, [1] * 2, [1] * 2], 120, 4),
        ([[1], [1] * 9, [1]], 30, 5),
    ],
)
def test_as_much_concurrency_is_needed_as_arrivals_at_their_peak_times_their_duration(received, duration, needed):
    durations = [[duration * 1_000]] if duration else []
    assert arithmetic.concurrency_needed(seen(AsyncEventsReceived=received, Duration=durations)) == needed


@pytest.mark.parametrize(
    ("received", "duration", "peak"),
    [([], 1, 0), ([[1], [1] * 9, [1]], 1, 9), ([[1], [1] * 9, [1]], 60, 9), ([[1] * 3, [1] * 9, [1]], 61, 12)],
)
def test_arrivals_at_their_peak_are_those_of_as_many_minutes_as_an_execution_takes(received, duration, peak):
    assert arithmetic.peak_arrivals(seen(AsyncEventsReceived=received, Duration=[[duration * 1_000]])) == peak


@pytest.mark.parametrize(
    ("in_use", "peak"),
    [
        ({}, None),
        ({1: 7.0}, None),  # one of the minutes with throttles was not seen
        ({1: 0.0, 4: 0.0}, 0),
        ({1: 7.0, 4: 8.0}, 8),
        ({1: 7.0, 3: 9.0, 4: 8.0}, 9),  # an execution that began in a minute still ran in the next
        ({1: 7.0, 2: 9.0, 4: 8.0, 5: 9.0}, 8),
    ],
)
def test_the_peak_of_the_pool_is_of_the_minutes_with_throttles_and_of_those_before(in_use, peak):
    throttled = seen(Throttles=[[0], [1], [0], [0], [1]])
    by_minute = {FIRST_MINUTE + 60 * minute: executions for minute, executions in in_use.items()}
    assert arithmetic.unreserved_peak(replace(throttled, unreserved_by_minute=by_minute)) == peak


@pytest.mark.parametrize(
    ("retries", "longest_ms", "seconds"),
    [(2, 0, 240), (2, 18_699, 240), (2, 18_701, 300), (2, 100_000, 420), (1, 0, 120), (1, 51_800, 120), (0, 9_000, 60)],
)
def test_an_age_leaves_time_for_the_retries_and_their_executions_in_whole_minutes(retries, longest_ms, seconds):
    failing = seen(configuration_of(MaximumRetryAttempts=retries), Duration=[[1, longest_ms]])
    assert arithmetic.age_for_all_retries_seconds(failing) == seconds


@pytest.mark.parametrize(
    ("statistic", "value", "unit", "minutes"),
    [
        ("Sum", 6.0, "Milliseconds", (1, 2, 3)),
        ("Minimum", 0.0, "Milliseconds", (0,)),
        ("Maximum", 2.5, "Milliseconds", (2, 3)),
        ("Average", 1.2, "Milliseconds", (0, 1, 2, 3)),
        ("SampleCount", 5.0, "Count", (0, 1, 2, 3)),
    ],
)
def test_a_figure_names_the_minutes_that_it_is_from(statistic, value, unit, minutes):
    measured = seen(Duration=[[0], [0.5], [2.5, 0.5], [2.5]])
    assert figure(measured, statistic, "Duration") == Figure(
        "Duration", statistic, value, unit, tuple(FIRST_MINUTE + 60 * minute for minute in minutes)
    )
