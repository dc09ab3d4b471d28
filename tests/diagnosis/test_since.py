"""Since when, and what was changed: order is told, and never called a cause."""

from dataclasses import replace

import pytest
from observed import configuration_of, seen_of
from results import METRICS
from series import FIRST_MINUTE, metrics_of

from async_lab.diagnosis import Confidence, Severity, examine
from async_lab.observation.configuration import Kind
from async_lab.observation.history import Change
from async_lab.observation.triggers import Trigger

AT_ZERO = configuration_of(ReservedConcurrentExecutions=0)
WHO = "arn:aws:iam::123456789012:user/alice"


def found(metrics="scenario-4", configuration=AT_ZERO, **fields):
    seen = seen_of(METRICS[metrics] if metrics else metrics_of(), configuration, **fields)
    return {finding.code: finding for finding in examine(seen)}


def change(at, action="PutFunctionConcurrency", **values):
    return Change(at, action, WHO, tuple(values.items()))


def test_what_was_changed_before_is_named_and_not_called_the_cause():
    start = FIRST_MINUTE - 3_600.0
    before = change(start + 60, reservedConcurrentExecutions="0")
    after = change(FIRST_MINUTE + 120, "UpdateFunctionCode")
    said = found(changes=(after, before), start=start)["began"]
    assert "It began at" in said.explanation
    assert f"PutFunctionConcurrency (reservedConcurrentExecutions 0) by {WHO}" in said.explanation
    assert "need not be why" in said.explanation
    assert "UpdateFunctionCode" not in said.explanation
    assert said.severity is Severity.INFO


def test_nothing_found_and_nothing_seen_are_two_things():
    assert "no change of the function was found" in found(changes=())["began"].explanation
    assert "could not be seen" in found(changes=None)["began"].explanation


def test_what_had_begun_before_the_time_that_was_looked_at_is_said_to():
    assert "had begun by" in found()["began"].explanation
    assert "began" not in found(metrics=None)


def test_who_set_the_reservation_is_evidence():
    changes = (change(1.0, "UpdateAlias"), change(0.0, reservedConcurrentExecutions="0"))
    evidence = [str(one) for one in found(changes=changes)["dropped-stopped"].evidence]
    assert any("Reserved concurrency was last changed" in one and "1970-01-01 00:00:00" in one for one in evidence)


@pytest.mark.parametrize("action", ["PutFunctionConcurrency", "PutFunctionEventInvokeConfig", "UpdateAlias"])
def test_settings_that_were_changed_meanwhile_make_findings_less_sure(action):
    is_of_settings = action != "UpdateAlias"
    codes = found(changes=(change(FIRST_MINUTE + 90.0, action),))
    assert ("settings-changed" in codes) is is_of_settings
    expected = Confidence.LIKELY if is_of_settings else Confidence.CERTAIN
    assert codes["dropped-stopped"].confidence is expected
    assert ("other settings" in str(codes["dropped-stopped"].alternatives)) is is_of_settings


def test_retries_are_lambdas_where_there_are_more_attempts_than_events():
    assert "at least 2" in found("scenario-1", configuration_of())["retried-by-lambda"].explanation
    assert "retried-by-lambda" not in found()
    durable = configuration_of()
    durable = replace(durable, function=replace(durable.function, kind=Kind.DURABLE))
    assert "retried-by-lambda" not in found("scenario-1", durable)


def test_triggers_that_keep_nothing_or_gave_up():
    source, queue = "arn:aws:sns:eu-west-1:123456789012:t", "arn:aws:sqs:eu-west-1:123456789012:q"
    assert "trigger-keeps-nothing" in found(triggers=(Trigger(source, None),))
    assert found(triggers=(Trigger(source, queue, 2),))["trigger-gave-up"].severity is Severity.WARNING
    assert not {"trigger-keeps-nothing", "trigger-gave-up"} & set(found(triggers=(Trigger(source, queue, 0),)))
    assert not {"trigger-keeps-nothing", "trigger-gave-up"} & set(found(triggers=None))
