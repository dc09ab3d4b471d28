"""Which causes are found for what was seen, and how sure that is."""

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
    SCENARIO_4,
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

from async_lab.diagnosis import Confidence, Fact, Figure, Severity, diagnose
from async_lab.diagnosis.diagnose import CAUSES, NOTHING_WRONG
from async_lab.observation.aggregate import aggregate
from async_lab.observation.configuration import AccountConcurrency, AsyncSettings, Reservation
from async_lab.observation.metrics import METRIC_NAMES


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


@pytest.mark.parametrize(("minutes", "expected"), [([[3]], True), ([[], [3]], False)])
def test_what_was_dropped_in_the_minute_it_came_may_have_met_a_reservation_of_0(minutes, expected):
    seen = but(BASELINE, AsyncEventsReceived=[[1] * 4], AsyncEventsDropped=minutes)
    found = strongest(seen, configuration_of(MaximumEventAgeInSeconds=60))
    assert found.code == "dropped-in-backlog"
    assert any("may have been 0" in said for said in found.alternatives) == expected


def test_a_loop_that_lambda_stopped_explains_the_events_that_nobody_sent():
    looped = metrics_of(AsyncEventsReceived=[[1] * 16], AsyncEventAge=[[35] * 16], Invocations=[[1] * 16])
    assert codes(looped, sent=1, recursions_stopped=1.0) == ["recursion-stopped"]
    more = but(looped, AsyncEventsReceived=[[1] * 18])
    assert codes(more, sent=1, recursions_stopped=1.0)[:2] == ["recursion-stopped", "arrived-too-often"]
    assert "16 events, of which 1 was sent" in strongest(looped, sent=1, recursions_stopped=1.0).explanation


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


@pytest.mark.parametrize(("stopped", "expected"), [(None, ["healthy"]), (0, ["healthy"]), (1, ["recursion-stopped"])])
def test_a_loop_that_lambda_stopped_is_told(stopped, expected):
    assert codes(BASELINE, recursions_stopped=stopped) == expected


def test_a_record_of_a_success_that_could_not_be_delivered_is_no_lost_event():
    seen = but(BASELINE, DestinationDeliveryFailures=[[1]])

    assert codes(seen, configuration_of(on_success=QUEUE), 1) == ["success-not-delivered"]
    assert codes(seen, configuration_of(on_failure=QUEUE), 1) == ["not-kept"]


def test_what_stands_and_is_not_what_was_wished_is_said_first_among_warnings():
    wished = {"ReservedConcurrentExecutions": 1, "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}
    found = diagnose(seen_of(BASELINE, DEFAULTS, sent=1, wished=wished))

    assert [finding.code for finding in found] == ["not-as-wished"]
    assert "ReservedConcurrentExecutions is not set instead of 1" in found[0].explanation
    assert "MaximumEventAgeInSeconds is 21600 instead of 60" in found[0].explanation
    assert "MaximumRetryAttempts" not in found[0].explanation


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


# --- what could not be seen ---


def test_a_reservation_that_could_not_be_seen_is_not_taken_for_none():
    unseen = replace(ONE_AT_A_TIME, reservation=None)

    finding = strongest(SCENARIO_2, unseen)
    assert finding.code == "late-at-concurrency-limit"
    assert Fact("Reserved concurrency", None, "Count", is_known=False) in finding.evidence
    assert finding.confidence is not Confidence.CERTAIN
    assert str(finding.evidence[5]) == "Reserved concurrency: not known"


def test_a_minute_that_is_not_seen_leaves_the_pool_as_it_may_be():
    seen = seen_of(SCENARIO_2, replace(NO_RESERVATION, account=AccountConcurrency(1_000, 1_000)))
    throttled = [point.minute for point in SCENARIO_2["Throttles"].points if point.sum]
    for some in ({}, dict.fromkeys(throttled[1:], 1.0)):
        assert diagnose(replace(seen, unreserved_by_minute=some))[0].code == "late-at-account-limit"


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


def test_a_setting_that_could_not_be_seen_does_not_differ():
    wished = {"ReservedConcurrentExecutions": 1}
    assert codes(BASELINE, replace(DEFAULTS, reservation=None), 1, wished=wished) == ["healthy"]
    assert codes(BASELINE, replace(DEFAULTS, reservation=Reservation(2)), 1, wished=wished) == ["not-as-wished"]


# --- laws ---


def test_no_two_checks_find_the_same_code():
    checks = [check for cause in (*CAUSES, NOTHING_WRONG) for check in cause]
    assert len(checks) == len(set(checks))


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
