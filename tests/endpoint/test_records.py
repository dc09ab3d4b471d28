import json

import pytest

from async_lab.endpoint.delivery.records import (
    AttemptResponse,
    FinishedEvent,
    dead_letter_attributes,
    event_bridge_entry,
    invocation_record,
    object_key,
)
from async_lab.twin import Condition

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders:$LATEST"
REQUEST_ID = "6a1c7b0e-0000-4000-8000-000000000001"
AT = 1_795_422_255.1234  # 2026-11-23T08:24:15.123Z
ERROR = json.dumps({"errorMessage": "no stock", "errorType": "Exception"}).encode()
FAILED = AttemptResponse(200, "$LATEST", "Unhandled", ERROR)
BUS_ARN = "arn:aws:events:eu-west-1:123456789012:event-bus/failed"


def finished(condition=Condition.RETRIES_EXHAUSTED, executions=3, response=FAILED, payload=b'{"order": 1}'):
    return FinishedEvent(REQUEST_ID, ARN, payload, condition, executions, response)


def test_record_of_an_event_whose_retries_are_used_up():
    assert invocation_record(finished(), AT) == {
        "version": "1.0",
        "timestamp": "2026-11-23T08:24:15.123Z",
        "requestContext": {
            "requestId": REQUEST_ID,
            "functionArn": ARN,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"order": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "no stock", "errorType": "Exception"},
    }


def test_success_counts_one_whatever_went_before():
    record = invocation_record(finished(Condition.SUCCESS, 3, AttemptResponse(200, "7", None, b'"done"')), AT)
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "7"}
    assert record["responsePayload"] == "done"


def test_throttled_event_has_a_status_and_no_answer():
    record = invocation_record(finished(Condition.EVENT_AGE_EXCEEDED, 0, AttemptResponse(429)), AT)
    assert record["responseContext"] == {"statusCode": 429}
    assert "responsePayload" not in record
    assert record["requestContext"]["approximateInvokeCount"] == 0


def test_event_that_was_never_tried_has_neither():
    record = invocation_record(finished(Condition.ZERO_RESERVED_CONCURRENCY, 0, None), AT)
    assert not {"responseContext", "responsePayload"} & set(record)


def test_null_result_is_a_result():
    record = invocation_record(finished(Condition.SUCCESS, 1, AttemptResponse(200, "$LATEST", None, b"null")), AT)
    assert record["responsePayload"] is None


@pytest.mark.parametrize(
    ("event", "attributes"),
    [
        (finished(), {"ErrorCode": ("Number", "200"), "ErrorMessage": ("String", "no stock")}),
        (
            finished(Condition.EVENT_AGE_EXCEEDED, 0, AttemptResponse(429)),
            {"ErrorCode": ("Number", "429"), "ErrorMessage": ("String", "Rate Exceeded.")},
        ),
        (
            finished(Condition.ZERO_RESERVED_CONCURRENCY, 0, None),
            {
                "ErrorMessage": (
                    "String",
                    "Function not invoked. Function isconfigured with zero reserved concurrent executions",
                )
            },
        ),
        (finished(Condition.EVENT_AGE_EXCEEDED, 0, None), {}),
    ],
    ids=["error", "throttle", "zero concurrency", "too old in the queue"],
)
def test_dead_letter_says_why(event, attributes):
    assert dead_letter_attributes(event) == {"RequestID": ("String", REQUEST_ID)} | attributes


def test_dead_letter_message_is_cut_at_a_kilobyte_between_characters():
    error = json.dumps({"errorMessage": "ü" * 1000}).encode()
    _, message = dead_letter_attributes(finished(response=AttemptResponse(200, "1", "Unhandled", error)))[
        "ErrorMessage"
    ]
    assert message == "ü" * 512
    odd = json.dumps({"errorMessage": "x" + "ü" * 1000}).encode()
    _, message = dead_letter_attributes(finished(response=AttemptResponse(200, "1", "Unhandled", odd)))["ErrorMessage"]
    assert message == "x" + "ü" * 511


@pytest.mark.parametrize(
    ("condition", "kind"), [(Condition.SUCCESS, "Success"), (Condition.EVENT_AGE_EXCEEDED, "Failure")]
)
def test_event_bridge_gets_the_record_as_detail(condition, kind):
    event = finished(condition)
    entry = event_bridge_entry(event, BUS_ARN, AT)
    assert (entry["Source"], entry["DetailType"]) == ("lambda", f"Lambda Function Invocation Result - {kind}")
    assert (entry["Resources"], entry["EventBusName"]) == ([BUS_ARN, ARN], BUS_ARN)
    assert json.loads(entry["Detail"]) == invocation_record(event, AT)


def test_objects_are_filed_by_function_and_day():
    assert object_key(finished(), AT) == f"aws/lambda/async/orders/2026/11/23/2026-11-23T08.24.15-{REQUEST_ID}"
