"""What messages and records say: read as they are, and never taken for what they aren't."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.endpoint.delivery.records import (
    AttemptResponse,
    FinishedEvent,
    dead_letter_attributes,
    event_bridge_entry,
    invocation_record,
)
from async_lab.redrive.failed import NotAnEvent, read_message, read_record
from async_lab.twin import Condition

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders:live"
AT = 1_795_422_255.123
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def finished(payload=b'{"order": 1}', condition=Condition.RETRIES_EXHAUSTED, status=200):
    response = None if status is None else AttemptResponse(status, payload=b'{"errorMessage": "no stock"}')
    return FinishedEvent("request-1", ARN, payload, condition, 3, response)


def record(**changes):
    return json.dumps(invocation_record(finished(**changes), AT))


def attributes(event):
    return {name: value for name, (_, value) in dead_letter_attributes(event).items()}


def reason_of(body, given=None):
    with pytest.raises(NotAnEvent) as error:
        read_message(body, given or {}, AT)
    return str(error.value)


def test_a_record_names_the_function_its_qualifier_and_why():
    event = read_message(record(), {}, 0.0)
    assert (event.request_id, event.function_arn, event.condition) == ("request-1", ARN, "RetriesExhausted")
    assert event.payload == '{"order": 1}'
    assert event.failed_at == pytest.approx(AT)


@given(VALUES, st.sampled_from([None, 1, "\t"]))
def test_the_payload_is_what_was_invoked_however_the_record_is_laid_out(payload, indent):
    body = json.dumps(invocation_record(finished(json.dumps(payload).encode()), AT), indent=indent)
    assert json.loads(read_record(body).payload) == payload


@pytest.mark.parametrize("text", ["1.0", "1e400", "-0.0", "12345678901234567890.10", '{"a": 1, "a": 2}', '"\\ud800"'])
def test_not_a_character_of_a_payload_changes(text):
    body = record().replace('{"order": 1}', text)
    assert read_record(body).payload == text


def test_of_two_payloads_the_last_counts_as_for_all_readers_of_json():
    assert read_record(record()[:-1] + ', "requestPayload": 2}').payload == "2"


@pytest.mark.parametrize(
    ("condition", "status", "known"),
    [
        (Condition.RETRIES_EXHAUSTED, 200, None),  # it may have been too old for another try as well
        (Condition.EVENT_AGE_EXCEEDED, 429, "EventAgeExceeded"),
        (Condition.ZERO_RESERVED_CONCURRENCY, None, "ZeroReservedConcurrency"),
    ],
)
def test_a_dead_letter_is_the_payload_itself_and_names_no_function(condition, status, known):
    failed = finished(b'{"order":  1.0}', condition, status)
    event = read_message('{"order":  1.0}', attributes(failed), AT)
    assert (event.payload, event.function_arn, event.condition) == ('{"order":  1.0}', None, known)
    assert (event.request_id, event.failed_at) == ("request-1", AT)


def test_a_dead_letter_that_looks_like_a_record_is_the_payload_all_the_same():
    body = record()
    assert read_message(body, attributes(finished()), AT).payload == body


def test_a_record_that_came_through_a_topic_or_a_bus():
    through_topic = json.dumps({"Type": "Notification", "Message": record(), "MessageAttributes": {}})
    assert read_message(through_topic, {}, AT).payload == '{"order": 1}'
    entry = event_bridge_entry(finished(b'{"x": 1.0}'), "arn:aws:events:eu-west-1:123456789012:event-bus/b", AT)
    through_bus = json.dumps({"source": "lambda", "detail-type": entry["DetailType"], "detail": 0})
    through_bus = through_bus.replace('"detail": 0', f'"detail": {entry["Detail"]}')
    assert read_message(through_bus, {}, AT).payload == '{"x": 1.0}'


def test_a_dead_letter_that_came_through_a_topic():
    given = {name: {"Type": "String", "Value": value} for name, value in attributes(finished()).items()}
    body = json.dumps({"Type": "Notification", "Message": "[1]", "MessageAttributes": given})
    assert read_message(body, {}, AT).payload == "[1]"


def test_what_is_no_failed_event_is_called_what_it_is():
    assert "succeeded" in reason_of(record(condition=Condition.SUCCESS))
    assert "without a payload" in reason_of(record().replace("requestPayload", "KinesisBatchInfo"))
    assert "never reached Lambda" in reason_of("{}", {"RULE_ARN": "arn:aws:events:eu-west-1:123456789012:rule/r"})
    assert "no failure records" in reason_of('{"order": 1}')
    assert "no failure records" in reason_of("[]")
    assert "no JSON" in reason_of("hello")
    assert "no JSON" in reason_of("NaN", attributes(finished()))
    assert "no JSON" in reason_of("[" * 100_000)
    assert "which function" in reason_of(record().replace("arn:aws:lambda", "lambda"))
    assert "which function" in reason_of(record().replace("2026-11-23T", "yesterday "))


@given(st.text() | VALUES.map(json.dumps), st.dictionaries(st.sampled_from(["RequestID", "ErrorCode"]), st.text()))
def test_whatever_lies_in_a_queue_is_read_or_refused(body, given_attributes):
    with suppress(NotAnEvent):
        json.loads(read_message(body, given_attributes, AT).payload)
