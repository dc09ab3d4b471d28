from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observed import QUEUE, configuration_of, seen_of
from results import METRICS
from series import FIRST_MINUTE, metrics_of

from async_lab.diagnosis import Confidence, Fact, Figure, Severity, arithmetic, diagnose
from async_lab.diagnosis.diagnose import CAUSES, NOTHING_WRONG
from async_lab.observation.aggregate import aggregate
from async_lab.observation.configuration import AccountConcurrency, AsyncSettings, Reservation
from async_lab.observation.failed_requests import FailedRequest
from async_lab.observation.failure_targets import FailureTarget
from async_lab.observation.metrics import METRIC_NAMES
from async_lab.twin.rules import Rules, too_old_next_time

DEFAULTS = configuration_of()
ONE_AT_A_TIME = configuration_of(ReservedConcurrentExecutions=1)
SHORT_LIVED = configuration_of(ReservedConcurrentExecutions=1, MaximumEventAgeInSeconds=60)
STOPPED = configuration_of(ReservedConcurrentExecutions=0, MaximumEventAgeInSeconds=60)

BASELINE, SCENARIO_1, SCENARIO_2, SCENARIO_3, SCENARIO_4 = (
    METRICS[name] for name in ("baseline", "scenario-1", "scenario-2", "scenario-3", "scenario-4")
)


def but(metrics, **minutes):
    """The same metrics, but for some."""
    return {**metrics, **{name: metrics_of(**minutes)[name] for name in minutes}}


def codes(metrics, configuration=DEFAULTS, sent=None, **fields):
    return [finding.code for finding in diagnose(seen_of(metrics, configuration, sent=sent, **fields))]


def strongest(metrics, configuration=DEFAULTS, sent=None, **fields):
    return diagnose(seen_of(metrics, configuration, sent=sent, **fields))[0]


@pytest.mark.parametrize(
    ("metrics", "configuration", "sent", "expected"),
    [
        pytest.param(BASELINE, DEFAULTS, 1, ["healthy"], id="baseline"),
        pytest.param(SCENARIO_1, DEFAULTS, 1, ["dropped-retries-used"], id="scenario 1"),
        pytest.param(SCENARIO_2, ONE_AT_A_TIME, 2, ["late-at-reservation"], id="scenario 2"),
        pytest.param(SCENARIO_3, SHORT_LIVED, 2, ["dropped-age-at-reservation"], id="scenario 3"),
        pytest.param(SCENARIO_4, STOPPED, 1, ["dropped-stopped"], id="scenario 4"),
        pytest.param(metrics_of(), DEFAULTS, None, ["idle"], id="nothing, and nobody counted"),
        pytest.param(metrics_of(), DEFAULTS, 1, ["not-arrived"], id="nothing of one"),
        pytest.param(BASELINE, DEFAULTS, 3, ["not-arrived"], id="fewer than sent"),
        pytest.param(
            but(BASELINE, AsyncEventsReceived=[[1] * 90], Invocations=[[1] * 90], AsyncEventAge=[[35] * 90]),
            DEFAULTS,
            1,
            ["arrived-too-often"],
            id="a runaway source",
        ),
        pytest.param(
            but(SCENARIO_1, DestinationDeliveryFailures=[[], [], [], [1]]),
            DEFAULTS,
            1,
            ["dropped-retries-used", "not-kept"],
            id="a destination that refuses",
        ),
        pytest.param(
            but(SCENARIO_1, DeadLetterErrors=[[], [], [], [1]]),
            DEFAULTS,
            1,
            ["dropped-retries-used", "not-kept"],
            id="a dead-letter queue that refuses",
        ),
        pytest.param(SCENARIO_2, DEFAULTS, 2, ["late-at-account-limit"], id="the account's pool, late"),
        pytest.param(
            SCENARIO_3,
            configuration_of(MaximumEventAgeInSeconds=60),
            2,
            ["dropped-age-at-account-limit"],
            id="the account's pool, lost",
        ),
        pytest.param(SCENARIO_4, DEFAULTS, 1, ["dropped-untried"], id="stopped then, running now"),
        pytest.param(metrics_of(), STOPPED, 0, ["stopped"], id="stopped before anything was sent"),
        pytest.param(
            metrics_of(
                AsyncEventsReceived=[[1]],
                AsyncEventsDropped=[[1]],
                AsyncEventAge=[[35]],
                Invocations=[[1]],
                Errors=[[1]],
            ),
            configuration_of(MaximumEventAgeInSeconds=60),
            1,
            ["dropped-age-after-errors"],
            id="one error, and too old for the next try",
        ),
        pytest.param(
            but(SCENARIO_1, AsyncEventsDropped=[[], [], [], [0]], Errors=[[1], [1], [], [0]]),
            DEFAULTS,
            1,
            ["late-after-errors"],
            id="success at the third attempt",
        ),
        pytest.param(
            but(SCENARIO_1, AsyncEventsDropped=[]),
            DEFAULTS,
            1,
            ["late-after-errors", "still-queued"],
            id="not over yet",
        ),
        pytest.param(
            but(BASELINE, AsyncEventAge=[[35], [44_000]], Invocations=[[1], [1]], AsyncEventsReceived=[[2]]),
            DEFAULTS,
            2,
            ["late-in-queue"],
            id="others hold up the queue",
        ),
        pytest.param(
            but(BASELINE, AsyncEventsDropped=[[3]], AsyncEventsReceived=[[4]]),
            DEFAULTS,
            4,
            ["dropped-in-backlog"],
            id="a backlog that expired",
        ),
        pytest.param(
            but(BASELINE, Errors=[[1]]), DEFAULTS, 1, ["failing", "still-queued"], id="one error, a moment ago"
        ),
        pytest.param(
            but(BASELINE, Throttles=[[1]], AsyncEventAge=[[35, 1_020]]), DEFAULTS, 1, ["throttled"], id="throttled once"
        ),
        pytest.param(
            but(BASELINE, Duration=[[900], [2500], [7000]]), DEFAULTS, 1, ["slower"], id="slower, but not queued"
        ),
        pytest.param(
            but(BASELINE, Duration=[[900], [950]]), DEFAULTS, 1, ["healthy"], id="a difference too small to matter"
        ),
    ],
)
def test_the_cause_follows_from_the_symptoms(metrics, configuration, sent, expected):
    assert codes(metrics, configuration, sent) == expected


# --- several causes, and traffic that is not asynchronous ---

FAILING_AND_FULL = metrics_of(
    AsyncEventsReceived=[[1] * 5],
    AsyncEventAge=[[35] * 5 + [1_020, 3_100, 7_400, 15_100], [31_000, 64_000, 66_000], [], [190_000]],
    AsyncEventsDropped=[[0], [], [], [1]],
    Invocations=[[1] * 4, [1] * 2, [], [1]],
    Errors=[[1], [1], [], [1]],
    Throttles=[[1] * 6],
    Duration=[[2_000] * 7],
)


@pytest.mark.parametrize(("minutes", "expected"), [([[3]], True), ([[], [3]], False)])
def test_what_was_dropped_in_the_minute_it_came_may_have_met_a_reservation_of_0(minutes, expected):
    seen = but(BASELINE, AsyncEventsReceived=[[1] * 4], AsyncEventsDropped=minutes)
    found = strongest(seen, configuration_of(MaximumEventAgeInSeconds=60))
    assert found.code == "dropped-in-backlog"
    assert any("may have been 0" in said for said in found.alternatives) == expected


@pytest.mark.parametrize(("subscriptions", "expected"), [(0, False), (1, True), (None, True)])
def test_nobody_has_what_a_topic_that_nobody_listens_to_was_told(subscriptions, expected):
    topic = "arn:aws:sns:eu-west-1:123456789012:quiet"
    target = FailureTarget(topic, is_dead_letter=False, exists=True, subscriptions=subscriptions)
    found = strongest(SCENARIO_1, configuration_of(on_failure=topic), failure_targets=(target,))
    assert any(said.startswith("Then send the dropped events again") for said in found.advice) == expected


def test_several_causes_are_several_findings_the_worst_first():
    found = diagnose(seen_of(FAILING_AND_FULL, ONE_AT_A_TIME))

    assert [(finding.code, finding.severity) for finding in found] == [
        ("dropped-retries-used", Severity.CRITICAL),
        ("late-at-reservation", Severity.WARNING),
    ]
    assert Confidence.CERTAIN not in [finding.confidence for finding in found]
    assert all(finding.alternatives for finding in found)


def with_synchronous_calls(metrics, invocations=0, errors=0, throttles=0):
    """The same events, and in their first minute as many calls that nobody queued."""
    more = {"Invocations": invocations, "Errors": errors, "Throttles": throttles}
    changed = {}
    for name, count in more.items():
        first, *rest = metrics[name].points or metrics_of(**{name: [[0]]})[name].points
        bigger = replace(first, sum=first.sum + count, sample_count=first.sample_count + count, maximum=1)
        changed[name] = replace(metrics[name], points=(bigger, *rest) if count else metrics[name].points)
    return metrics | changed


def test_errors_that_may_be_of_synchronous_calls_come_after_throttles_that_are_of_events():
    seen = with_synchronous_calls(SCENARIO_2, invocations=500, errors=500)

    found = diagnose(seen_of(seen, ONE_AT_A_TIME))
    assert [(finding.code, finding.confidence) for finding in found] == [
        ("late-at-reservation", Confidence.LIKELY),
        ("late-after-errors", Confidence.POSSIBLE),
    ]
    assert all(any("not asynchronous" in text for text in finding.alternatives) for finding in found)


@pytest.mark.parametrize(
    ("age", "confidence"), [(879, "possible"), (880, "likely"), (52_799, "likely"), (52_800, "possible")]
)
def test_only_backing_off_leads_to_an_age_between_a_first_attempt_and_a_retry(age, confidence):
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventAge=[[age], [60_000]],
        Invocations=[[1] * 20],
        Throttles=[[1] * 8],
        Duration=[[35] * 20],
    )
    assert {finding.code: finding.confidence for finding in diagnose(seen_of(seen, ONE_AT_A_TIME))} == {
        "late-at-reservation": confidence
    }


def test_where_errors_are_all_that_can_have_dropped_an_event_they_did_though_other_requests_fail_too():
    seen = with_synchronous_calls(SCENARIO_1, invocations=500, errors=500)

    assert [(finding.code, finding.confidence) for finding in diagnose(seen_of(seen))] == [
        ("dropped-retries-used", Confidence.LIKELY)
    ]


def test_an_age_of_a_minute_without_throttles_is_not_from_backing_off():
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventAge=[[35], [10_000], [60_000]],
        Invocations=[[1] * 20],
        Throttles=[[1] * 8],
        Duration=[[35] * 20],
    )
    found = {finding.code: finding.confidence for finding in diagnose(seen_of(seen, ONE_AT_A_TIME))}
    assert found["late-at-reservation"] is Confidence.POSSIBLE


def test_throttles_beyond_all_other_requests_are_of_events_whatever_the_ages():
    seen = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventAge=[[60_000] * 21],
        Invocations=[[1] * 11],
        Throttles=[[1] * 20],
        Duration=[[35] * 11],
    )
    (finding,) = diagnose(seen_of(seen, ONE_AT_A_TIME))
    assert (finding.code, finding.confidence) == ("late-at-reservation", Confidence.LIKELY)


def test_a_function_without_events_is_idle_however_many_synchronous_calls_fail():
    finding = strongest(metrics_of(Invocations=[[1] * 20], Errors=[[1] * 20], Duration=[[5] * 20]))

    assert finding.code == "idle"
    assert "20 other requests" in finding.explanation


def test_throttles_and_errors_that_no_event_was_tried_again_for_are_of_other_requests():
    seen = with_synchronous_calls(BASELINE, invocations=3, errors=3, throttles=4)
    found = diagnose(seen_of(seen, sent=1))

    assert [(finding.code, finding.severity, finding.confidence) for finding in found] == [
        ("healthy", Severity.INFO, Confidence.CERTAIN),
        ("other-requests-fail", Severity.INFO, Confidence.CERTAIN),
        ("other-requests-throttled", Severity.INFO, Confidence.CERTAIN),
    ]
    assert "Refused synchronous calls are not queued" in found[2].advice[0]


@pytest.mark.parametrize(("seconds_after", "expected"), [(227.1, "failing"), (227.2, "healthy")])
def test_an_error_is_of_no_event_once_its_retry_would_have_been_seen(seconds_after, expected):
    seen = seen_of(with_synchronous_calls(BASELINE, invocations=1, errors=1))  # a minute, a timeout of 100 s, 67.2 s

    assert diagnose(replace(seen, end=FIRST_MINUTE + seconds_after))[0].code == expected


@pytest.mark.parametrize(("seconds_after", "expected"), [(61.11, "throttled"), (61.13, "healthy")])
def test_a_throttle_is_of_no_event_once_its_retry_would_have_been_seen(seconds_after, expected):
    seen = seen_of(with_synchronous_calls(BASELINE, throttles=1))

    assert diagnose(replace(seen, end=FIRST_MINUTE + seconds_after))[0].code == expected


def test_events_of_before_are_no_more_than_were_sent_where_nobody_counted():
    assert codes(but(BASELINE, AsyncEventsReceived=[[1] * 2], AsyncEventAge=[[35] * 2], Invocations=[[1] * 2])) == [
        "healthy"
    ]


# --- thresholds, on both sides and at equality ---


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


def test_a_loop_that_lambda_stopped_explains_the_events_that_nobody_sent():
    looped = metrics_of(AsyncEventsReceived=[[1] * 16], AsyncEventAge=[[35] * 16], Invocations=[[1] * 16])
    assert codes(looped, sent=1, recursions_stopped=1.0) == ["recursion-stopped"]
    more = but(looped, AsyncEventsReceived=[[1] * 18])
    assert codes(more, sent=1, recursions_stopped=1.0)[:2] == ["recursion-stopped", "arrived-too-often"]
    assert "16 events, of which 1 was sent" in strongest(looped, sent=1, recursions_stopped=1.0).explanation


def test_executions_that_have_not_ended_are_told():
    running = but(BASELINE, Invocations=[[1, 1]], AsyncEventsReceived=[[1, 1]], AsyncEventAge=[[35, 36]])
    assert "still ran" in strongest(running).explanation
    assert "still ran" not in strongest(BASELINE).explanation


def test_retries_are_told_as_far_as_the_ages_need_them():
    once = but(
        metrics_of(AsyncEventsReceived=[[1]], Invocations=[[1], [1]], Errors=[[1], [0]]),
        AsyncEventAge=[[35], [64_000]],
        Duration=[[5], [5]],
    )
    said = strongest(once, DEFAULTS).explanation
    assert "after about 1 minute, so" in said


@pytest.mark.parametrize(
    ("dead", "undelivered", "severity"),
    [(0, 1, "warning"), (1, 0, "warning"), (1, 1, "critical")],
)
def test_an_event_that_one_of_two_targets_took_is_not_lost(dead, undelivered, severity):
    both = configuration_of(on_failure=QUEUE, dead_letter=QUEUE, MaximumRetryAttempts=0)
    refused = but(SCENARIO_1, DeadLetterErrors=[[1] * dead], DestinationDeliveryFailures=[[1] * undelivered])
    finding = next(one for one in diagnose(seen_of(refused, both)) if one.code == "not-kept")
    assert finding.severity == severity
    assert ("the other of the two took them" in finding.explanation) == (severity == "warning")


@pytest.mark.parametrize("targets", [{"dead_letter": QUEUE}, {"on_failure": QUEUE}])
def test_an_event_that_the_only_target_refused_is_lost(targets):
    refused = but(SCENARIO_1, DeadLetterErrors=[[1]])
    finding = next(one for one in diagnose(seen_of(refused, configuration_of(**targets))) if one.code == "not-kept")
    assert finding.severity is Severity.CRITICAL
    assert "what was refused is gone" in finding.explanation


def test_events_that_a_topic_handed_on_are_not_said_to_be_in_a_queue():
    topic = "arn:aws:sns:eu-west-1:123456789012:failed"
    keeps, hands_on = "the failure destination or dead-letter queue has them", "hands them to"
    for target, says in ((QUEUE, keeps), ("arn:aws:s3:::failed", keeps), (topic, hands_on)):
        assert says in strongest(SCENARIO_1, configuration_of(on_failure=target)).advice[-1]


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


@pytest.mark.parametrize(("stopped", "expected"), [(None, ["healthy"]), (0, ["healthy"]), (1, ["recursion-stopped"])])
def test_a_loop_that_lambda_stopped_is_told(stopped, expected):
    assert codes(BASELINE, recursions_stopped=stopped) == expected


# --- what could not be seen ---


def test_a_reservation_that_could_not_be_seen_is_not_taken_for_none():
    unseen = replace(ONE_AT_A_TIME, reservation=None)

    finding = strongest(SCENARIO_2, unseen)
    assert finding.code == "late-at-concurrency-limit"
    assert Fact("Reserved concurrency", None, "Count", is_known=False) in finding.evidence
    assert finding.confidence is not Confidence.CERTAIN
    assert str(finding.evidence[5]) == "Reserved concurrency: not known"


NO_RESERVATION = replace(ONE_AT_A_TIME, reservation=Reservation(None))


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


@pytest.mark.parametrize(("unreserved", "may_reserve"), [(100, False), (101, True)])
def test_a_reservation_is_advised_where_lambda_allows_one(unreserved, may_reserve):
    configuration = replace(NO_RESERVATION, account=AccountConcurrency(unreserved, unreserved))
    advice = diagnose(seen_of(SCENARIO_2, configuration))[0].advice
    assert any(each.startswith("Reserve concurrency") for each in advice) is may_reserve


def test_a_minute_that_is_not_seen_leaves_the_pool_as_it_may_be():
    seen = seen_of(SCENARIO_2, replace(NO_RESERVATION, account=AccountConcurrency(1_000, 1_000)))
    throttled = [point.minute for point in SCENARIO_2["Throttles"].points if point.sum]
    for some in ({}, dict.fromkeys(throttled[1:], 1.0)):
        assert diagnose(replace(seen, unreserved_by_minute=some))[0].code == "late-at-account-limit"


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


def test_events_dropped_untried_are_told_with_the_reservation_that_is_not_known():
    finding = strongest(SCENARIO_4, replace(STOPPED, reservation=None))

    assert finding.code == "dropped-untried"
    assert "could not be seen" in finding.explanation


def test_without_the_event_invoke_configs_nothing_is_certain():
    for metrics in (SCENARIO_1, SCENARIO_2, SCENARIO_3):
        finding = strongest(metrics, replace(ONE_AT_A_TIME, written=None))
        assert finding.confidence is not Confidence.CERTAIN
        assert finding.alternatives


def test_settings_that_differ_by_qualifier_leave_nothing_certain():
    live = AsyncSettings("live", maximum_event_age_seconds=300)
    both = replace(SHORT_LIVED, written=(*SHORT_LIVED.written, live))
    finding = strongest(SCENARIO_3, both, sent=2, received_by_qualifier={"$LATEST": 1, "live": 1})

    assert finding.confidence is Confidence.LIKELY
    assert "whose settings differ" in finding.alternatives[-1]


def test_of_retries_that_could_not_be_seen_the_fewest_are_counted():
    once = metrics_of(
        AsyncEventsReceived=[[1]], AsyncEventsDropped=[[1]], AsyncEventAge=[[35]], Invocations=[[1]], Errors=[[1]]
    )
    assert codes(once, replace(DEFAULTS, written=None)) == ["dropped-retries-used"]


def test_without_the_functions_own_settings_there_is_a_finding_too():
    assert strongest(SCENARIO_1, replace(DEFAULTS, function=None)).code == "dropped-retries-used"


def test_without_the_functions_own_settings_the_destination_that_has_the_events_is_said():
    finding = strongest(SCENARIO_1, replace(configuration_of(on_failure=QUEUE), function=None))
    assert "the failure destination or dead-letter queue has them" in finding.advice[-1]


# --- what is said ---


@pytest.mark.parametrize(
    ("metrics", "configuration", "explanation"),
    [
        (
            SCENARIO_1,
            DEFAULTS,
            (
                "The function failed in 3 executions; Lambda tried again after about 1 minute, and after 2 more, "
                "then dropped 1 event."
            ),
        ),
        (
            SCENARIO_2,
            ONE_AT_A_TIME,
            (
                "All reserved concurrency (1) was in use on 7 attempts. Lambda backs off longer after each, "
                "so one event was 2 min 8 s old when it finally ran."
            ),
        ),
        (
            SCENARIO_3,
            SHORT_LIVED,
            (
                "All reserved concurrency (1) was in use on 6 attempts, and Lambda dropped 1 event: "
                "the next try would have come after the maximum event age, 60 s."
            ),
        ),
        (
            SCENARIO_4,
            STOPPED,
            "Lambda dropped 1 event without an attempt: that is what it does when reserved concurrency is 0.",
        ),
    ],
)
def test_the_explanation_tells_what_happened_in_figures(metrics, configuration, explanation):
    finding = strongest(metrics, configuration, sent=metrics["AsyncEventsReceived"].total)

    assert finding.explanation == explanation
    assert finding.confidence is Confidence.CERTAIN
    assert finding.alternatives == ()


def test_evidence_is_typed_with_its_minutes_and_tells_no_data_point_from_zero():
    (finding,) = diagnose(seen_of(SCENARIO_4, STOPPED))

    minute = SCENARIO_4["AsyncEventsDropped"].points[0].minute
    assert finding.evidence == (
        Figure("AsyncEventsDropped", "Sum", 1, "Count", (minute,)),
        Figure("AsyncEventAge", "Maximum", None, "Milliseconds"),
        Figure("Throttles", "Sum", None, "Count"),
        Fact("Reserved concurrency", 0, "Count"),
    )
    assert [str(evidence) for evidence in finding.evidence] == [
        "Sum of AsyncEventsDropped: 1",
        "Maximum of AsyncEventAge: no data point",
        "Sum of Throttles: no data point",
        "Reserved concurrency: 0",
    ]


def test_the_minutes_of_a_sum_are_those_that_add_to_it_and_of_a_maximum_the_one_that_has_it():
    finding = strongest(SCENARIO_2, ONE_AT_A_TIME)

    minutes = [point.minute for point in SCENARIO_2["AsyncEventAge"].points]
    by_subject = {evidence.subject: evidence for evidence in finding.evidence}
    assert by_subject["Sum of Throttles"].minutes == tuple(minutes)
    assert by_subject["Sum of Errors"].minutes == ()
    assert by_subject["Maximum of AsyncEventAge"].minutes == (minutes[-1],)
    assert by_subject["Minimum of AsyncEventAge"].minutes == (minutes[0],)


def test_the_advice_says_how_much_concurrency_would_have_been_enough():
    assert "Reserve at least 2 instead of 1" in strongest(SCENARIO_2, ONE_AT_A_TIME).advice[0]


def test_the_advice_says_how_much_more_events_need_that_come_at_once():
    burst = but(SCENARIO_2, AsyncEventsReceived=[[1] * 4], Duration=[[30_000] * 4])
    assert "need when they are spread evenly, and up to 4 when they" in strongest(burst, ONE_AT_A_TIME).advice[0]
    assert "spread evenly" not in strongest(SCENARIO_2, ONE_AT_A_TIME).advice[0]


def test_where_arrivals_at_their_peak_need_no_more_than_is_reserved_no_number_is_claimed():
    seen = metrics_of(
        AsyncEventsReceived=[[1, 1]],
        AsyncEventAge=[[35, 35, 1_020, 3_100, 7_000]],
        Invocations=[[1, 1]],
        Throttles=[[1] * 3],
        Duration=[[30_000] * 2],
    )
    advice = strongest(seen, ONE_AT_A_TIME).advice
    assert advice[0] == "Reserve more concurrency than 1, or remove the reservation."


def test_the_advice_says_which_age_leaves_time_for_the_retries():
    short = configuration_of(MaximumEventAgeInSeconds=60)
    seen = metrics_of(
        AsyncEventsReceived=[[1]], AsyncEventsDropped=[[1]], AsyncEventAge=[[35]], Invocations=[[1]], Errors=[[1]]
    )

    assert "A maximum event age of at least 4 min leaves time for both retries." in strongest(seen, short).advice


@pytest.mark.parametrize(("age", "can_be_longer"), [(21_599, True), (21_600, False)])
def test_nobody_is_told_to_let_events_live_longer_than_they_can(age, can_be_longer):
    throttled = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventsDropped=[[], [1]],
        AsyncEventAge=[[], [21_400_000]],
        Throttles=[[], [1] * 80],
    )
    advice = strongest(throttled, configuration_of(MaximumEventAgeInSeconds=age)).advice
    assert any("buys time" in text for text in advice) == can_be_longer


def test_who_loses_events_is_told_how_to_keep_them():
    lost, kept, dead = (
        strongest(SCENARIO_1, configuration).advice
        for configuration in (DEFAULTS, configuration_of(on_failure=QUEUE), configuration_of(dead_letter=QUEUE))
    )

    assert lost[-1].startswith("Set an on-failure destination")
    assert kept[-1].startswith("Then send the dropped events again")
    assert dead == kept


@pytest.mark.parametrize("metric", ["DestinationDeliveryFailures", "DeadLetterErrors"])
def test_nobody_is_sent_to_a_destination_that_refused_the_events(metric):
    seen = but(SCENARIO_1, **{metric: [[1]]})

    finding, _ = diagnose(seen_of(seen, configuration_of(on_failure=QUEUE)))
    assert not any("send the dropped events again" in advice for advice in finding.advice)


def test_a_record_of_a_success_that_could_not_be_delivered_is_no_lost_event():
    seen = but(BASELINE, DestinationDeliveryFailures=[[1]])

    assert codes(seen, configuration_of(on_success=QUEUE), 1) == ["success-not-delivered"]
    assert codes(seen, configuration_of(on_failure=QUEUE), 1) == ["not-kept"]


def test_executions_that_ran_into_the_timeout_are_recognised():
    timed_out = but(SCENARIO_1, Duration=[[3000], [3000], [], [3000]])

    advice = strongest(timed_out, configuration_of(Timeout=3)).advice
    assert any(text.startswith("Raise the timeout, 3 s,") for text in advice)
    almost = but(SCENARIO_1, Duration=[[2999], [2999], [], [2999]])
    assert not any("timeout" in text for text in strongest(almost, configuration_of(Timeout=3)).advice)


@pytest.mark.parametrize(
    ("line", "ran_out"),
    [
        ("RequestId: a Error: Runtime exited with error: signal: killed", True),
        ("RequestId: a Error Type: Runtime.OutOfMemory", True),
        ("KeyError: 'killed'", False),
    ],
)
def test_memory_that_ran_out_is_recognized_by_what_lambda_logs(line, ran_out):
    seen = seen_of(SCENARIO_1, configuration_of(MemorySize=256))
    failed = tuple(FailedRequest("a", FIRST_MINUTE + 1.0, said, failures=1) for said in ("KeyError: 'id'", line))
    advice = diagnose(replace(seen, failed_requests=failed))[0].advice
    assert any(text.startswith("Raise the memory, 256 MB") for text in advice) is ran_out
    unseen = replace(seen.configuration, function=None)
    assert not any("memory" in text for text in diagnose(replace(seen, configuration=unseen))[0].advice)


def test_what_stands_and_is_not_what_was_wished_is_said_first_among_warnings():
    wished = {"ReservedConcurrentExecutions": 1, "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}
    found = diagnose(seen_of(BASELINE, DEFAULTS, sent=1, wished=wished))

    assert [finding.code for finding in found] == ["not-as-wished"]
    assert "ReservedConcurrentExecutions is not set instead of 1" in found[0].explanation
    assert "MaximumEventAgeInSeconds is 21600 instead of 60" in found[0].explanation
    assert "MaximumRetryAttempts" not in found[0].explanation


def test_a_setting_that_could_not_be_seen_does_not_differ():
    wished = {"ReservedConcurrentExecutions": 1}
    assert codes(BASELINE, replace(DEFAULTS, reservation=None), 1, wished=wished) == ["healthy"]
    assert codes(BASELINE, replace(DEFAULTS, reservation=Reservation(2)), 1, wished=wished) == ["not-as-wished"]


def test_no_two_checks_find_the_same_code():
    checks = [check for cause in (*CAUSES, NOTHING_WRONG) for check in cause]
    assert len(checks) == len(set(checks))


# --- laws ---

samples = st.lists(st.floats(min_value=0, max_value=1e9), max_size=4)
any_metrics = st.fixed_dictionaries({}, optional={name: st.lists(samples, max_size=4) for name in METRIC_NAMES})
any_whole_configuration = st.builds(
    configuration_of,
    Timeout=st.integers(1, 900),
    ReservedConcurrentExecutions=st.none() | st.integers(0, 1000),
    MaximumEventAgeInSeconds=st.integers(60, 21600),
    MaximumRetryAttempts=st.integers(0, 2),
    dead_letter=st.none() | st.just(QUEUE),
    on_failure=st.none() | st.just(QUEUE),
    on_success=st.none() | st.just(QUEUE),
)
PARTS = ("function", "reservation", "written", "aliases", "account")
any_configuration = st.builds(
    lambda whole, unseen: replace(whole, **dict.fromkeys(unseen)),
    any_whole_configuration,
    st.sets(st.sampled_from(PARTS)),
)
any_sent = st.none() | st.integers(0, 20)


@given(any_metrics, any_configuration, any_sent, st.integers(0, 20))
def test_any_observations_have_findings_whose_figures_are_theirs(minutes, configuration, sent, unsure):
    metrics = metrics_of(**minutes)

    findings = diagnose(seen_of(metrics, configuration, sent=sent, unsure=unsure))

    assert findings
    assert len({finding.code for finding in findings}) == len(findings)
    for evidence in (evidence for finding in findings for evidence in finding.evidence):
        if isinstance(evidence, Figure):
            points = metrics[evidence.metric].points
            assert evidence.value == aggregate(evidence.statistic, points)
            assert set(evidence.minutes) <= {point.minute for point in points}
    for finding in findings:
        assert "{" not in finding.explanation + "".join(finding.advice)


@given(any_metrics, any_configuration, any_sent)
def test_findings_are_in_order_of_severity_and_the_uncertain_ones_have_alternatives(minutes, configuration, sent):
    findings = diagnose(seen_of(metrics_of(**minutes), configuration, sent=sent))

    severities = [list(Severity).index(finding.severity) for finding in findings]
    assert severities == sorted(severities)
    for finding in findings:
        assert bool(finding.alternatives) == (finding.confidence is not Confidence.CERTAIN), finding


@given(any_metrics, any_configuration, any_sent)
def test_events_were_dropped_if_and_only_if_a_critical_finding_says_so(minutes, configuration, sent):
    metrics = metrics_of(**minutes)
    findings = diagnose(seen_of(metrics, configuration, sent=sent))

    says_dropped = any(finding.code.startswith("dropped-") for finding in findings)
    assert says_dropped == (metrics["AsyncEventsDropped"].total > 0)


@given(any_metrics, any_configuration, any_sent)
def test_nothing_is_called_healthy_that_lost_or_delayed_an_event(minutes, configuration, sent):
    metrics = metrics_of(**minutes)

    if diagnose(seen_of(metrics, configuration, sent=sent))[0].code == "healthy":
        assert metrics["AsyncEventsDropped"].total == 0
        assert metrics["AsyncEventAge"].maximum < 5000
        assert metrics["DestinationDeliveryFailures"].total == 0
        assert sent in (None, metrics["AsyncEventsReceived"].total)


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
