from dataclasses import replace

import pytest
from observed import QUEUE, configuration_of, seen_of
from results import METRICS
from series import metrics_of

from async_lab.diagnosis import Confidence, Severity, examine
from async_lab.diagnosis.diagnose import RISKS
from async_lab.observation.alarms import StandingAlarm
from async_lab.observation.configuration import AsyncSettings, Kind
from async_lab.observation.failure_targets import FailureTarget

KEEPS = configuration_of(on_failure=QUEUE)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:failed"
WATCHED = (StandingAlarm("dropped", "OK", ("AsyncEventsDropped",), has_actions=True),)


def metrics_only(name, minutes):
    return {name: metrics_of(**{name: minutes})[name]}


def risks(configuration=KEEPS, **fields):
    seen = seen_of(METRICS["baseline"], configuration, **({"alarms": WATCHED} | fields))
    return [finding for check in RISKS if (finding := check(seen))]


def codes(configuration=KEEPS, **fields):
    return [finding.code for finding in risks(configuration, **fields)]


def test_a_function_that_keeps_its_events_and_has_an_alarm_has_no_risk():
    assert codes() == []


def test_without_a_destination_or_dead_letter_target_dropped_events_are_gone():
    assert codes(configuration_of()) == ["nothing-kept"]
    assert codes(configuration_of(dead_letter=QUEUE)) == []
    assert codes(replace(configuration_of(), written=None)) == []  # nobody knows


def test_a_destination_of_another_qualifier_keeps_nothing():
    other = replace(KEEPS, written=(AsyncSettings("live", on_failure=QUEUE),))

    assert "nothing-kept" in codes(other, received_by_qualifier={"$LATEST": 1})
    assert "nothing-kept" not in codes(other, received_by_qualifier={"live": 1})


@pytest.mark.parametrize(("exists", "expected"), [(True, []), (None, []), (False, ["failure-target-missing"])])
def test_a_failure_target_that_is_not_there_is_said(exists, expected):
    assert codes(failure_targets=(FailureTarget(QUEUE, is_dead_letter=True, exists=exists),)) == expected


@pytest.mark.parametrize(("subscriptions", "expected"), [(1, []), (None, []), (0, ["failure-topic-unheard"])])
def test_a_topic_without_subscriptions_keeps_nothing(subscriptions, expected):
    topic = FailureTarget(TOPIC, is_dead_letter=False, exists=True, subscriptions=subscriptions)
    assert codes(failure_targets=(topic,)) == expected


@pytest.mark.parametrize(("waiting", "expected"), [(None, []), (0, []), (1, ["failed-events-wait"])])
def test_messages_in_a_failure_queue_are_counted(waiting, expected):
    target = FailureTarget(QUEUE, is_dead_letter=True, exists=True, waiting=waiting, oldest_seconds=7_200)
    found = risks(failure_targets=(target,))

    assert [finding.code for finding in found] == expected
    if found:
        assert "1 message in failed, the oldest 2 h old" in found[0].explanation


@pytest.mark.parametrize(("is_dead_letter", "option"), [(True, "--to async-lab"), (False, "--function async-lab")])
def test_what_waits_may_be_of_others_and_only_this_functions_is_to_be_sent_again(is_dead_letter, option):
    """Queues may be shared; a record names its function, and a dead letter doesn't."""
    (found,) = risks(failure_targets=(FailureTarget(QUEUE, is_dead_letter, exists=True, waiting=1),))
    assert found.confidence is Confidence.LIKELY
    assert "failed may hold what is of others, too" in found.alternatives[0]
    assert f"redrive failed {option} --dry-run" in found.advice[-1]


def test_an_event_that_two_queues_hold_is_to_be_sent_again_from_one():
    targets = [FailureTarget(QUEUE, is_dead_letter, exists=True, waiting=1) for is_dead_letter in (True, False)]
    (both,) = risks(failure_targets=tuple(targets))
    assert both.advice[-1].startswith("Send them again from one of these alone")
    for target in targets:
        (one,) = risks(failure_targets=(target,))
        assert one.advice[-1].startswith("See which can be sent again")


@pytest.mark.parametrize(
    ("is_dead_letter", "command"),
    [
        (True, "async-lab redrive failed --to async-lab --dry-run"),
        (False, "async-lab redrive failed --function async-lab --dry-run"),
    ],
)
def test_where_failed_events_wait_the_command_that_sends_them_again_is_said(is_dead_letter, command):
    (found,) = risks(failure_targets=(FailureTarget(QUEUE, is_dead_letter=is_dead_letter, exists=True, waiting=1),))
    assert found.advice[-1].endswith(command)


@pytest.mark.parametrize(
    ("received", "written", "expected"),
    [
        ({"$LATEST": 3}, ("live",), ["settings-not-in-effect"]),
        ({"$LATEST": 3, "live": 1}, ("live",), []),
        ({"live": 3}, ("live",), []),
        ({}, ("live",), []),
        ({"$LATEST": 3}, (), []),
    ],
)
def test_settings_of_a_qualifier_that_nobody_invokes_are_not_in_effect(received, written, expected):
    configuration = replace(
        configuration_of(dead_letter=QUEUE), written=tuple(AsyncSettings(name, 60, 0) for name in written)
    )
    assert codes(configuration, received_by_qualifier=received) == expected


@pytest.mark.parametrize(
    ("age", "retries", "expected"),
    [
        (60, 2, ["age-cuts-retries"]),
        (180, 2, ["age-cuts-retries"]),
        (181, 2, []),
        (60, 1, ["age-cuts-retries"]),
        (61, 1, []),
        (60, 0, []),
    ],
)
def test_an_age_that_leaves_no_time_for_the_retries_is_said(age, retries, expected):
    configuration = configuration_of(MaximumEventAgeInSeconds=age, MaximumRetryAttempts=retries, on_failure=QUEUE)
    assert codes(configuration) == expected


@pytest.mark.parametrize(
    ("alarms", "expected"),
    [
        (None, []),
        ((), ["no-alarm"]),
        ((StandingAlarm("errors", "OK", ("Errors",), has_actions=True),), ["no-alarm"]),
        ((StandingAlarm("silent", "OK", ("AsyncEventsDropped",), has_actions=False),), ["no-alarm"]),
        (WATCHED, []),
    ],
)
def test_an_alarm_on_dropped_events_that_tells_somebody_is_missed(alarms, expected):
    assert codes(alarms=alarms) == expected


@pytest.mark.parametrize("kind", [Kind.DURABLE, Kind.MANAGED_INSTANCES])
def test_of_a_function_with_other_rules_no_cause_is_more_than_possible(kind):
    configuration = configuration_of(on_failure=QUEUE)
    other = replace(configuration, function=replace(configuration.function, kind=kind))
    found = examine(seen_of(METRICS["scenario-1"], other, alarms=WATCHED))

    assert {finding.code: finding.confidence for finding in found if finding.code != "began"} == {
        "dropped-retries-used": Confidence.POSSIBLE,
        "other-rules": Confidence.CERTAIN,
    }
    assert kind.value in found[0].alternatives[-1]


def test_what_rests_on_no_rule_of_the_queue_is_as_certain_of_any_function():
    other = replace(KEEPS, function=replace(KEEPS.function, kind=Kind.DURABLE))
    refused = METRICS["scenario-1"] | {"DeadLetterErrors": metrics_of(DeadLetterErrors=[[1]])["DeadLetterErrors"]}
    found = examine(seen_of(refused, other))

    assert next(one for one in found if one.code == "not-kept").confidence is Confidence.CERTAIN


def test_what_has_happened_comes_before_what_could():
    found = examine(seen_of(METRICS["scenario-1"], configuration_of(), alarms=()))

    assert [finding.code for finding in found] == [
        "dropped-retries-used",
        "no-alarm",
        "retried-by-lambda",
        "began",
    ]
    assert [finding.severity for finding in found[:3]] == [
        Severity.CRITICAL,
        Severity.NOTICE,
        Severity.INFO,
    ]


@pytest.mark.parametrize(
    ("risk", "cost", "configuration", "metrics"),
    [
        ("nothing-kept", "dropped-retries-used", configuration_of(), METRICS["scenario-1"]),
        (
            "failure-target-missing",
            "not-kept",
            configuration_of(on_failure=QUEUE),
            METRICS["scenario-1"] | metrics_only("DestinationDeliveryFailures", [[1]]),
        ),
        (
            "age-cuts-retries",
            "dropped-age-after-errors",
            configuration_of(on_failure=QUEUE, MaximumEventAgeInSeconds=60),
            METRICS["baseline"] | metrics_only("Errors", [[1]]) | metrics_only("AsyncEventsDropped", [[1]]),
        ),
    ],
)
def test_a_risk_that_has_cost_events_is_said_once(risk, cost, configuration, metrics):
    targets = (FailureTarget(QUEUE, is_dead_letter=False, qualifier="$LATEST", exists=False),)
    quiet = examine(seen_of(metrics_of(), configuration, failure_targets=targets))
    lost = examine(seen_of(metrics, configuration, failure_targets=targets))

    assert risk in [finding.code for finding in quiet]
    assert cost in [finding.code for finding in lost]
    assert risk not in [finding.code for finding in lost]


def test_nothing_is_said_of_a_qualifier_that_got_no_event():
    elsewhere = replace(KEEPS, written=(AsyncSettings("live", on_failure=QUEUE),))
    assert "settings-not-in-effect" in codes(elsewhere, received_by_qualifier={"$LATEST": 1.0})
    assert "settings-not-in-effect" not in codes(elsewhere, received_by_qualifier={"7": 0.0})
