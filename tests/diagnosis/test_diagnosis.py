from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import METRICS
from series import metrics_of

from async_lab.diagnosis import Configuration, diagnose
from async_lab.diagnosis.rules import ALSO, ARRIVAL, HEALTHY, IDLE, IN_TIME, LATE, LOST
from async_lab.observation.aggregate import aggregate
from async_lab.observation.metrics import METRIC_NAMES

DEFAULTS = Configuration(
    timeout_seconds=100,
    reserved_concurrent_executions=None,
    maximum_event_age_seconds=21600,
    maximum_retry_attempts=2,
    keeps_failed_events=False,
)
ONE_AT_A_TIME = replace(DEFAULTS, reserved_concurrent_executions=1)
SHORT_LIVED = replace(ONE_AT_A_TIME, maximum_event_age_seconds=60)
STOPPED = replace(SHORT_LIVED, reserved_concurrent_executions=0)

BASELINE, SCENARIO_1, SCENARIO_2, SCENARIO_3, SCENARIO_4 = (
    METRICS[name] for name in ("baseline", "scenario-1", "scenario-2", "scenario-3", "scenario-4")
)


def but(metrics, **minutes):
    """The same metrics, but for some."""
    return {**metrics, **{name: metrics_of(**minutes)[name] for name in minutes}}


@pytest.mark.parametrize(
    ("metrics", "configuration", "sent", "codes"),
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
            but(BASELINE, AsyncEventsReceived=[[1] * 90], Invocations=[[1] * 90]),
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
        pytest.param(SCENARIO_3, DEFAULTS, 2, ["dropped-age-at-account-limit"], id="the account's pool, lost"),
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
            replace(DEFAULTS, maximum_event_age_seconds=60),
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
            but(BASELINE, AsyncEventAge=[[35], [44_000]]), DEFAULTS, 1, ["late-in-queue"], id="others hold up the queue"
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
        pytest.param(but(BASELINE, Throttles=[[1]]), DEFAULTS, 1, ["throttled"], id="a synchronous call was refused"),
        pytest.param(
            but(BASELINE, Duration=[[900], [2500], [7000]]), DEFAULTS, 1, ["slower"], id="slower, but not queued"
        ),
        pytest.param(
            but(BASELINE, Duration=[[900], [950]]), DEFAULTS, 1, ["healthy"], id="a difference too small to matter"
        ),
    ],
)
def test_the_cause_follows_from_the_symptoms(metrics, configuration, sent, codes):
    assert [finding.code for finding in diagnose(metrics, configuration, sent)] == codes


def test_an_event_whose_answer_was_lost_is_not_missed():
    assert [finding.code for finding in diagnose(BASELINE, DEFAULTS, 2, unsure=1)] == ["healthy"]


def test_throttles_and_not_errors_explain_an_age_below_the_first_retry():
    seen = but(SCENARIO_2, AsyncEventAge=[[34, 37, 1020, 3100]], Errors=[[0, 1]])

    assert diagnose(seen, ONE_AT_A_TIME)[0].code == "late-at-reservation"


def test_errors_can_not_delay_an_event_that_is_never_retried():
    seen = but(SCENARIO_2, Errors=[[0, 1]])

    assert diagnose(seen, replace(ONE_AT_A_TIME, maximum_retry_attempts=0))[0].code == "late-at-reservation"


def test_fewer_errors_than_drops_are_not_why_events_were_dropped():
    seen = but(SCENARIO_3, AsyncEventsDropped=[[1] * 5], Errors=[[1]])

    assert diagnose(seen, SHORT_LIVED)[0].code == "dropped-age-at-reservation"


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
                "The reserved concurrency of 1 was used up at 7 attempts; Lambda waits longer before each new one, "
                "so an event was 2 min 8 s old at its last."
            ),
        ),
        (
            SCENARIO_3,
            SHORT_LIVED,
            (
                "The reserved concurrency of 1 was used up at 6 attempts, and Lambda dropped 1 event: "
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
    assert diagnose(metrics, configuration)[0].explanation == explanation


def test_evidence_tells_no_data_point_from_zero():
    (finding,) = diagnose(SCENARIO_4, STOPPED)

    assert [str(evidence) for evidence in finding.evidence] == [
        "Sum of AsyncEventsDropped: 1",
        "Maximum of AsyncEventAge: no data point",
        "Sum of Throttles: no data point",
        "Reserved concurrency: 0",
    ]


def test_who_loses_events_is_told_how_to_keep_them():
    lost, kept = (
        diagnose(SCENARIO_1, replace(DEFAULTS, keeps_failed_events=keeps))[0].advice for keeps in (False, True)
    )

    assert lost[-1].startswith("Set an on-failure destination")
    assert kept[-1].startswith("Then send the dropped events again")


def test_nobody_is_sent_to_a_destination_that_refused_the_events():
    finding, _ = diagnose(
        but(SCENARIO_1, DestinationDeliveryFailures=[[1]]), replace(DEFAULTS, keeps_failed_events=True)
    )

    assert not any("send the dropped events again" in advice for advice in finding.advice)


def test_executions_that_ran_into_the_timeout_are_recognised():
    timed_out = but(SCENARIO_1, Duration=[[3000], [3000], [], [3000]])

    advice = diagnose(timed_out, replace(DEFAULTS, timeout_seconds=3))[0].advice
    assert any(text.startswith("Raise the timeout, 3 s,") for text in advice)
    assert not any("timeout" in text for text in diagnose(timed_out, DEFAULTS)[0].advice)


def test_no_two_rules_share_a_code():
    codes = [rule.code for rule in (*ARRIVAL, *LOST, *LATE, *IN_TIME, *ALSO, IDLE, HEALTHY)]

    assert len(codes) == len(set(codes))


samples = st.lists(st.floats(min_value=0, max_value=1e9), max_size=4)
any_metrics = st.fixed_dictionaries({}, optional={name: st.lists(samples, max_size=4) for name in METRIC_NAMES})
any_configuration = st.builds(
    Configuration,
    timeout_seconds=st.integers(1, 900),
    reserved_concurrent_executions=st.none() | st.integers(0, 1000),
    maximum_event_age_seconds=st.integers(60, 21600),
    maximum_retry_attempts=st.integers(0, 2),
    keeps_failed_events=st.booleans(),
)


@given(any_metrics, any_configuration, st.none() | st.integers(0, 20), st.integers(0, 20))
def test_any_metrics_have_a_finding_whose_figures_are_theirs(minutes, configuration, sent, unsure):
    metrics = metrics_of(**minutes)

    findings = diagnose(metrics, configuration, sent, unsure)

    assert findings
    for evidence in (evidence for finding in findings for evidence in finding.evidence):
        statistic, _, metric = evidence.subject.partition(" of ")
        if metric:
            assert evidence.value == aggregate(statistic, metrics[metric].points)


@given(any_metrics, any_configuration, st.none() | st.integers(0, 20))
def test_nothing_is_called_healthy_that_lost_or_delayed_an_event(minutes, configuration, sent):
    metrics = metrics_of(**minutes)

    if diagnose(metrics, configuration, sent)[0].code == "healthy":
        assert metrics["AsyncEventsDropped"].total == 0
        assert metrics["AsyncEventAge"].maximum < 1000
        assert metrics["DestinationDeliveryFailures"].total == 0
        assert sent in (None, metrics["AsyncEventsReceived"].total)
