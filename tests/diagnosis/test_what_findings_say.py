"""What a finding tells: explanation, evidence and advice."""

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
    strongest,
)
from observed import QUEUE, configuration_of, seen_of
from series import FIRST_MINUTE, metrics_of

from async_lab.diagnosis import Confidence, Fact, Figure, diagnose
from async_lab.observation.configuration import AccountConcurrency
from async_lab.observation.failed_requests import FailedRequest
from async_lab.observation.failure_targets import FailureTarget


@pytest.mark.parametrize(("subscriptions", "expected"), [(0, False), (1, True), (None, True)])
def test_nobody_has_what_a_topic_that_nobody_listens_to_was_told(subscriptions, expected):
    topic = "arn:aws:sns:eu-west-1:123456789012:quiet"
    target = FailureTarget(topic, is_dead_letter=False, exists=True, subscriptions=subscriptions)
    found = strongest(SCENARIO_1, configuration_of(on_failure=topic), failure_targets=(target,))
    assert any(said.startswith("Then send the dropped events again") for said in found.advice) == expected


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


def test_events_that_a_topic_handed_on_are_not_said_to_be_in_a_queue():
    topic = "arn:aws:sns:eu-west-1:123456789012:failed"
    keeps, hands_on = "the failure destination or dead-letter queue has them", "hands them to"
    for target, says in ((QUEUE, keeps), ("arn:aws:s3:::failed", keeps), (topic, hands_on)):
        assert says in strongest(SCENARIO_1, configuration_of(on_failure=target)).advice[-1]


@pytest.mark.parametrize(("unreserved", "may_reserve"), [(100, False), (101, True)])
def test_a_reservation_is_advised_where_lambda_allows_one(unreserved, may_reserve):
    configuration = replace(NO_RESERVATION, account=AccountConcurrency(unreserved, unreserved))
    advice = diagnose(seen_of(SCENARIO_2, configuration))[0].advice
    assert any(each.startswith("Reserve concurrency") for each in advice) is may_reserve


def test_without_the_functions_own_settings_the_destination_that_has_the_events_is_said():
    finding = strongest(SCENARIO_1, replace(configuration_of(on_failure=QUEUE), function=None))
    assert "the failure destination or dead-letter queue has them" in finding.advice[-1]


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
