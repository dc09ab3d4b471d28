"""Where one cause ends and another begins: on both sides, and at equality."""

from dataclasses import replace

import pytest
from diagnosed import (
    BASELINE,
    DEFAULTS,
    NO_RESERVATION,
    ONE_AT_A_TIME,
    SCENARIO_1,
    SCENARIO_2,
    SCENARIO_3,
    SHORT_LIVED,
    STOPPED,
    but,
    codes,
    strongest,
)
from hypothesis import given
from hypothesis import strategies as st
from observed import QUEUE, configuration_of, seen_of
from series import FIRST_MINUTE, metrics_of

from async_lab.diagnosis import Confidence, arithmetic, diagnose
from async_lab.observation.configuration import AccountConcurrency
from async_lab.twin.rules import Rules, too_old_next_time


@pytest.mark.parametrize(("oldest", "expected"), [(4_999, "throttled"), (5_000, "late-at-reservation")])
def test_an_event_that_was_throttled_is_late_from_5_seconds_on(oldest, expected):
    seen = metrics_of(
        AsyncEventsReceived=[[1, 1]],
        AsyncEventAge=[[35, 35, 1_020, 3_100, oldest]],
        Invocations=[[1, 1]],
        Throttles=[[1] * 3],
        Duration=[[4_000] * 2],
    )
    assert codes(seen, ONE_AT_A_TIME) == [expected]


@pytest.mark.parametrize(("oldest", "expected"), [(4_999, "healthy"), (5_000, "late-in-queue")])
def test_an_event_that_nothing_here_delayed_is_late_from_5_seconds_on(oldest, expected):
    assert codes(but(BASELINE, AsyncEventAge=[[oldest]])) == [expected]


@pytest.mark.parametrize(("oldest", "expected"), [(52_799, "late-in-queue"), (52_800, "late-after-errors")])
def test_an_error_delays_an_event_by_52_8_seconds_at_the_least(oldest, expected):
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventAge=[[35], [oldest]],
        Invocations=[[1], [1]],
        Errors=[[1], [0]],
        Duration=[[2], [2]],
    )
    assert codes(seen)[0] == expected


def test_an_error_after_the_late_attempt_is_not_its_cause():
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventAge=[[60_000], [], [35]],
        Invocations=[[1], [], [1]],
        Errors=[[0], [], [1]],
        Duration=[[2], [], [2]],
    )
    assert "late-after-errors" not in codes(seen)


@pytest.mark.parametrize(("throttles", "is_explained"), [(5, False), (6, True)])
def test_an_event_that_lives_60_seconds_is_dropped_after_6_throttles(throttles, is_explained):
    seen = but(
        SCENARIO_3,
        Throttles=[[1] * 4, [1] * (throttles - 4)],
        AsyncEventAge=[[35] * 5, [15_883, 30_086][: throttles - 4]],
    )

    finding = strongest(seen, SHORT_LIVED, sent=2)
    assert finding.code == "dropped-age-at-reservation"
    assert (finding.confidence is Confidence.CERTAIN) == is_explained


@pytest.mark.parametrize(("maximum_age", "code"), [(62, "dropped-age-after-errors"), (63, "dropped-retries-used")])
def test_the_age_ends_an_event_that_reaches_it_at_its_next_attempt(maximum_age, code):
    seen = but(
        SCENARIO_1, Errors=[[1]] * 2, Invocations=[[1]] * 2, AsyncEventAge=[[35], [64_000]], Duration=[[2_000]] * 2
    )
    only_one = configuration_of(MaximumEventAgeInSeconds=maximum_age, MaximumRetryAttempts=1)

    assert strongest(but(seen, AsyncEventsDropped=[[], [1]]), only_one).code == code


@pytest.mark.parametrize(("errors", "code"), [(2, "dropped-in-backlog"), (3, "dropped-retries-used")])
def test_an_event_with_two_retries_is_dropped_after_three_errors(errors, code):
    minutes = [[1]] * errors + [[0]] * (3 - errors)
    ages = [[35], [66_200], [196_400]]
    found = codes(but(SCENARIO_1, Errors=minutes, AsyncEventAge=ages, AsyncEventsDropped=[[], [], [1]]), sent=1)

    assert (code in found) or code == "dropped-in-backlog"
    assert ("dropped-in-backlog" in found) == (errors == 2)


@pytest.mark.parametrize(("last", "expected"), [(1_999, "healthy"), (2_000, "slower")])
def test_slower_is_twice_as_long_and_a_second_more(last, expected):
    assert codes(but(BASELINE, Duration=[[1_000], [last]])) == [expected]


@pytest.mark.parametrize(("last", "expected"), [(1_200, "healthy"), (1_201, "slower")])
def test_slower_is_a_second_more_however_many_times_as_long(last, expected):
    assert codes(but(BASELINE, Duration=[[201], [last]])) == [expected]


@pytest.mark.parametrize(("received", "expected"), [(1, "not-arrived"), (2, "healthy"), (3, "arrived-too-often")])
def test_as_many_as_were_sent_is_right(received, expected):
    seen = metrics_of(
        AsyncEventsReceived=[[1] * received], AsyncEventAge=[[35] * received], Invocations=[[1] * received]
    )
    assert codes(seen, sent=2) == [expected]


@pytest.mark.parametrize(("unsure", "expected"), [(0, "not-arrived"), (1, "healthy")])
def test_an_event_whose_answer_was_lost_is_not_missed(unsure, expected):
    assert codes(BASELINE, sent=2, unsure=unsure) == [expected]


def test_throttles_and_not_errors_explain_an_age_below_the_first_retry():
    seen = but(SCENARIO_2, AsyncEventAge=[[34, 37, 1020, 3100, 7800, 15_900, 31_000, 45_000]], Errors=[[0, 1]])

    assert strongest(seen, ONE_AT_A_TIME).code == "late-at-reservation"


def test_errors_can_not_delay_an_event_that_is_never_retried():
    seen = but(SCENARIO_2, Errors=[[0, 1]])

    never = configuration_of(ReservedConcurrentExecutions=1, MaximumRetryAttempts=0)
    assert strongest(seen, never).code == "late-at-reservation"


def test_a_single_throttle_is_not_why_an_event_is_minutes_late():
    seen = but(SCENARIO_1, Errors=[[1], [1], [], [0]], AsyncEventsDropped=[], Throttles=[[1]])

    assert codes(seen, ONE_AT_A_TIME)[0] == "late-after-errors"
    assert "late-at-reservation" not in codes(seen, ONE_AT_A_TIME)


def test_fewer_errors_than_drops_are_not_why_events_were_dropped():
    expired = but(SCENARIO_3, AsyncEventsDropped=[[], [1] * 5], Throttles=[[1] * 20, [1] * 10], Errors=[[1]])
    found = diagnose(seen_of(expired, SHORT_LIVED, sent=7))

    confidences = {finding.code: finding.confidence for finding in found}
    assert confidences["dropped-age-at-reservation"] is Confidence.LIKELY
    assert confidences["dropped-age-after-errors"] is Confidence.POSSIBLE
    assert "dropped-in-backlog" not in confidences


def test_more_drops_than_anything_explains_are_said():
    found = diagnose(seen_of(but(SCENARIO_3, AsyncEventsDropped=[[], [1] * 5]), SHORT_LIVED, sent=2))

    assert [finding.code for finding in found][:2] == ["dropped-age-at-reservation", "dropped-in-backlog"]
    assert "4 of 5 events" in found[1].explanation


@given(st.integers(60, 21_600), st.lists(st.floats(-1, 1), min_size=100, max_size=100))
def test_no_event_is_younger_when_a_throttle_ends_it(maximum_age, draws):
    rules, age, throttled = Rules(), 0.0, 1
    while not too_old_next_time(age, rules.wait_after_backoff(throttled), maximum_age):
        age += rules.jittered(rules.wait_after_backoff(throttled), draws[throttled])
        throttled += 1

    assert age >= arithmetic.youngest_at_last_throttle(maximum_age) - 1e-6
    assert throttled >= arithmetic.throttles_before_drop(maximum_age)


@given(st.integers(60, 21_600), st.integers(0, 2), st.floats(0, 900))
def test_an_event_that_always_fails_runs_once_more_than_it_is_retried_or_is_too_old(maximum_age, retries, duration):
    failures, is_too_old = arithmetic.failures_before_drop(retries, maximum_age, duration)

    assert 1 <= failures <= retries + 1
    assert is_too_old == (failures <= retries)


@pytest.mark.parametrize(("oldest", "is_explained"), [(21_299_999, False), (21_300_000, True)])
def test_throttles_only_end_an_event_that_is_almost_as_old_as_it_may_get(oldest, is_explained):
    seen = metrics_of(
        AsyncEventsReceived=[[1]], AsyncEventsDropped=[[], [1]], AsyncEventAge=[[35], [oldest]], Throttles=[[1] * 50]
    )
    assert ("dropped-in-backlog" in codes(seen, ONE_AT_A_TIME)) != is_explained


@pytest.mark.parametrize(("oldest", "is_explained"), [(27_617, False), (27_618, True)])
def test_throttles_only_end_an_event_whose_next_wait_takes_it_past_60_seconds(oldest, is_explained):
    seen = metrics_of(
        AsyncEventsReceived=[[1]], AsyncEventsDropped=[[], [1]], AsyncEventAge=[[35], [oldest]], Throttles=[[1] * 50]
    )
    assert ("dropped-in-backlog" in codes(seen, SHORT_LIVED)) != is_explained


@pytest.mark.parametrize(("minute", "is_explained"), [(0, True), (5, True), (6, True), (7, False)])
def test_throttles_more_than_6_minutes_before_a_drop_are_not_its_cause(minute, is_explained):
    throttles = [[] for _ in range(8)]
    throttles[7 - minute] = [1] * 6
    dropped = [[]] * 7 + [[1]]
    old = [[]] * 7 + [[40_000]]
    seen = metrics_of(AsyncEventsReceived=[[1]], AsyncEventsDropped=dropped, AsyncEventAge=old, Throttles=throttles)

    assert ("dropped-in-backlog" in codes(seen, SHORT_LIVED, minutes=9)) != is_explained


def test_throttles_after_a_drop_are_not_its_cause():
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventsDropped=[[], [1]],
        AsyncEventAge=[[35], [40_000]],
        Throttles=[[], [], [1] * 9],
    )
    assert "dropped-in-backlog" in codes(seen, SHORT_LIVED)


@pytest.mark.parametrize(("oldest", "is_explained"), [(158_399, False), (158_400, True)])
def test_errors_only_end_an_event_that_was_tried_as_late_as_its_last_retry_comes(oldest, is_explained):
    seen = but(SCENARIO_1, AsyncEventAge=[[35], [66_200], [], [oldest]])

    assert ("dropped-in-backlog" in codes(seen)) != is_explained


def test_the_executions_themselves_make_an_event_old_before_it_is_tried_again():
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventAge=[[35], [], [150_000], [], [], [], [370_000]],
        Invocations=[[1], [], [1], [], [], [], [1]],
        Errors=[[1], [], [1], [], [], [], [0]],
        Duration=[[90_000], [], [90_000], [], [], [], [90_000]],
    )
    (finding,) = diagnose(seen_of(seen))
    assert (finding.code, finding.confidence) == ("late-after-errors", Confidence.CERTAIN)


def test_more_drops_than_errors_explain_leave_the_errors_less_sure():
    five = seen_of(but(SCENARIO_1, AsyncEventsReceived=[[1] * 5], AsyncEventsDropped=[[], [], [], [1] * 5]))
    none = seen_of(but(SCENARIO_1, AsyncEventAge=[[35], [66_200], [], [100_000]]))

    assert [(one.code, one.confidence) for one in diagnose(five)] == [
        ("dropped-retries-used", Confidence.LIKELY),
        ("dropped-in-backlog", Confidence.POSSIBLE),
    ]
    assert [one.confidence for one in diagnose(none)] == [Confidence.POSSIBLE, Confidence.POSSIBLE]


def test_drops_of_before_a_reservation_of_0_leave_it_less_sure():
    before = metrics_of(
        AsyncEventsReceived=[[1], [], [1]],
        AsyncEventsDropped=[[1], [], [1]],
        AsyncEventAge=[[35]],
        Invocations=[[1]],
        Errors=[[1]],
    )
    found = diagnose(seen_of(before, configuration_of(ReservedConcurrentExecutions=0, MaximumRetryAttempts=0)))
    assert [one.code for one in found] == ["dropped-stopped", "dropped-retries-used"]
    assert found[0].confidence is Confidence.LIKELY
    assert "1 event without an attempt" in found[0].explanation


def test_whose_share_of_the_pool_is_used_up_is_never_certain():
    for metrics, configuration in ((SCENARIO_2, DEFAULTS), (SCENARIO_3, configuration_of(MaximumEventAgeInSeconds=60))):
        finding = strongest(metrics, configuration, sent=2)
        assert finding.confidence is Confidence.LIKELY
        assert finding.alternatives == ("How much of the account's concurrency was in use could not be seen.",)


@pytest.mark.parametrize(
    ("unreserved", "in_use", "alternatives"),
    [
        (10, 10.0, ()),
        (10, 9.0, ("CloudWatch shows at most 9 in use at once; its samples may miss a peak.",)),
        (1_000, 1_000.0, ()),
        (1_001, 1_001.0, ("A burst: Lambda adds at most 1,000 execution environments per function in 10 s.",)),
    ],
)
def test_a_pool_that_was_full_and_is_no_larger_than_a_burst_is_certain(unreserved, in_use, alternatives):
    throttled = [point.minute for point in SCENARIO_2["Throttles"].points if point.sum]
    finding = diagnose(
        seen_of(
            SCENARIO_2,
            replace(NO_RESERVATION, account=AccountConcurrency(unreserved, unreserved)),
            sent=2,
            unreserved_by_minute=dict.fromkeys(throttled, in_use),
        )
    )[0]

    assert finding.code == "late-at-account-limit"
    assert finding.alternatives == alternatives
    assert (finding.confidence is Confidence.CERTAIN) == (not alternatives)
    assert any("Spread bursts" in advice for advice in finding.advice) == (unreserved > 1_000)


def test_a_function_that_gets_slower_while_events_wait_is_late_for_another_reason():
    seen = but(BASELINE, AsyncEventAge=[[5_000]], Duration=[[900], [2500], [7000]])

    assert codes(seen) == ["late-in-queue"]


def test_slower_is_told_by_the_first_and_last_third_and_not_by_one_minute():
    rising = [[1_000], [9_000], [9_000], [9_000], [9_000], [9_000]]

    assert codes(but(BASELINE, Duration=rising)) == ["healthy"]
    assert codes(but(BASELINE, Duration=[[1_000], [1_000], *rising[2:]])) == ["slower"]


def test_an_event_that_is_tried_in_the_minute_after_it_came_was_not_dropped_untried():
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventsDropped=[[], [1]],
        AsyncEventAge=[[], [35]],
        Invocations=[[], [1]],
        Errors=[[], [1]],
        Duration=[[], [2]],
    )
    assert codes(seen, configuration_of(MaximumRetryAttempts=0)) == ["dropped-retries-used"]


def test_an_event_that_runs_into_the_next_minute_and_fails_was_not_dropped_untried():
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventsDropped=[[], [1]],
        AsyncEventAge=[[35]],
        Invocations=[[1]],
        Errors=[[1]],
        Duration=[[70_000]],
    )
    assert codes(seen, configuration_of(MaximumRetryAttempts=0)) == ["dropped-retries-used"]


def test_an_event_that_comes_at_the_end_of_a_minute_and_is_dropped_in_the_next_was_not_tried():
    seen = metrics_of(AsyncEventsReceived=[[1]], AsyncEventsDropped=[[], [1]])

    assert codes(seen, STOPPED) == ["dropped-stopped"]


@pytest.mark.parametrize(
    ("in_use", "code"),
    [
        (899.0, "late-at-scale-up"),  # of 1,000 unreserved
        (900.0, "late-at-account-limit"),
        (None, "late-at-account-limit"),
    ],
)
def test_a_burst_is_told_from_a_pool_that_is_full(in_use, code):
    throttled = [point.minute for point in SCENARIO_2["Throttles"].points if point.sum]
    configuration = replace(NO_RESERVATION, account=AccountConcurrency(1_000, 1_000))
    by_minute = None if in_use is None else dict.fromkeys(throttled, in_use)
    finding = diagnose(seen_of(SCENARIO_2, configuration, unreserved_by_minute=by_minute))[0]

    assert finding.code == code
    assert finding.confidence is not Confidence.CERTAIN
    assert finding.alternatives


@pytest.mark.parametrize(
    ("longest_ms", "code"),
    [(99_999, "dropped-retries-used"), (100_000, "dropped-timed-out")],
)
def test_timeouts_are_told_from_other_errors(longest_ms, code):
    durations = [[longest_ms] if point else [] for point in ([1], [1], [], [1])]
    metrics = {**SCENARIO_1, "Duration": metrics_of(Duration=durations)["Duration"]}

    finding = strongest(metrics, configuration_of())
    assert finding.code == code
    assert ("timeout" in finding.explanation) is (code == "dropped-timed-out")


def test_one_minute_with_other_errors_is_enough_to_speak_of_errors():
    durations = [[100_000], [2], [], [100_000]]
    metrics = {**SCENARIO_1, "Duration": metrics_of(Duration=durations)["Duration"]}
    assert strongest(metrics, configuration_of()).code == "dropped-retries-used"


@pytest.mark.parametrize(
    ("errors", "throttles", "first"),
    [
        ([[1]], [], "dropped-in-backlog"),  # long before the drop, and its retries would have been seen
        ([[], [], [], [], [], [], [1]], [], "dropped-retries-used"),
        ([], [[1]], "dropped-in-backlog"),
    ],
)
def test_a_backlog_is_not_blamed_on_errors_and_throttles_of_long_ago(errors, throttles, first):
    late = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventsDropped=[*[[]] * 8, [1]],
        AsyncEventAge=[*[[]] * 6, [400_000]] if errors[1:] else [[35]],
        Invocations=[[1]],
        Errors=errors,
        Throttles=throttles,
    )
    configuration = configuration_of(on_failure=QUEUE, MaximumRetryAttempts=0)
    assert codes(late, configuration, minutes=20, start=FIRST_MINUTE - 3_600.0)[0] == first
