"""Functions without Terraform: retries, a failure queue, a destination, an alarm, throttles, six hours in a moment."""

from unittest.mock import patch

import billing
import pytest

HOURS_6 = 6 * 3_600


@pytest.fixture
def bill(async_lab):
    return async_lab.function("src/billing.py:handler", name="bill", failure_queue=True)


def test_order_is_billed_at_once(bill, async_lab):
    event = bill.send({"order": 1, "amount": 9.5})
    async_lab.run_until_idle()

    assert async_lab.event(event).condition == "Success"
    assert bill.invoke({"order": 2, "amount": 1}) == {"order": 2, "receipt": "paid 1.00"}


def test_order_without_an_amount_is_kept_with_the_reason(bill, async_lab):
    bill.send({"order": 3})
    async_lab.run_until_idle()

    [message] = async_lab.messages(bill.failure_queue)
    assert message.json["requestPayload"] == {"order": 3}
    assert message.json["responsePayload"]["errorMessage"] == "order 3 has no amount"
    assert message.json["requestContext"]["approximateInvokeCount"] == 3


def test_somebody_is_told_of_what_could_not_be_billed(async_lab):
    alert = async_lab.function("src/alerts.py:handler")
    bill = async_lab.function("src/billing.py:handler", retries=0, on_failure=alert.arn)
    bill.send({"order": 4})
    async_lab.run_until_idle()

    assert "not billed: 4 RetriesExhausted" in alert.logs


def test_order_waits_while_there_is_no_concurrency_and_is_lost_after_six_hours(bill, async_lab):
    event = bill.send({"order": 5, "amount": 1})
    with async_lab.throttle(bill):
        async_lab.advance(hours=6)

    event = async_lab.event(event)
    assert event.condition == "EventAgeExceeded"
    assert {attempt.outcome for attempt in event.attempts} == {"throttled"}
    assert HOURS_6 - 330 < event.age_seconds <= HOURS_6


def test_alarm_tells_of_an_order_that_is_lost(bill, async_lab):
    async_lab.client("cloudwatch").put_metric_alarm(
        AlarmName="orders-lost",
        Namespace="AWS/Lambda",
        MetricName="AsyncEventsDropped",
        Dimensions=[{"Name": "FunctionName", "Value": bill.name}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    bill.send({"order": 6})
    async_lab.advance(minutes=10)

    [alarm] = async_lab.alarms()
    assert [change.state for change in alarm.history] == ["OK", "ALARM", "OK"]


def test_payment_that_fails_once_is_tried_again(async_lab):
    """The handler runs in this process: what is patched here is what it calls, and a breakpoint stops it."""
    bill = async_lab.function(billing.handler)
    with patch("payments.charge", side_effect=[ConnectionError("no answer"), "paid"]) as charge:
        event = bill.send({"order": 7, "amount": 2})
        async_lab.run_until_idle()

    event = async_lab.event(event)
    assert [attempt.outcome for attempt in event.attempts] == ["error", "success"]
    assert event.attempts[0].error_message == "no answer"
    assert charge.call_count == 2


def test_slow_order_runs_into_the_timeout(async_lab):
    bill = async_lab.function("src/billing.py:handler", timeout=5, environment={"BILLING_SECONDS": "30"}, retries=0)
    bill.send({"order": 8, "amount": 1})
    async_lab.run_until_idle()

    [event] = bill.events
    assert event.attempts[0].outcome == "timeout"
    assert bill.metrics["Duration"].maximum == 5_000
