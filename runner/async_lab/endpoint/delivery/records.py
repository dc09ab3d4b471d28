"""What Lambda says of a finished event: the invocation record for destinations, the attributes for dead-letter queues.

Pure functions; the fields, their order and their words: snapshot and capture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from async_lab import arns
from async_lab.timestamps import iso
from async_lab.twin import Condition

THROTTLED = 429
_ERROR_MESSAGE_BYTES = 1024  # doc: the DLQ's attribute holds the first 1 KB
_NOT_INVOKED = "Function not invoked. Function isconfigured with zero reserved concurrent executions"  # AWS's spelling
_RATE_EXCEEDED = "Rate Exceeded."


@dataclass(frozen=True, slots=True)
class AttemptResponse:
    """What the last attempt at an event was answered."""

    status_code: int
    """200 for every execution, failed ones too; 429 for a throttle; 5xx for a system error."""
    executed_version: str | None = None
    function_error: str | None = None
    payload: bytes | None = None
    """The handler's result or its error object, as JSON; None when nothing ran."""


@dataclass(frozen=True, slots=True)
class FinishedEvent:
    """An event at its end, with all that is ever told about it."""

    request_id: str
    function_arn: str
    """With the qualifier, ``$LATEST`` included."""
    payload: bytes
    condition: Condition
    executions: int
    """How often the code ran for it."""
    response: AttemptResponse | None
    """None when no attempt was ever answered: reserved concurrency 0, or too old in the queue."""

    @property
    def is_success(self) -> bool:
        """Whether the function succeeded."""
        return self.condition is Condition.SUCCESS

    @property
    def approximate_invoke_count(self) -> int:
        """Executions; always 1 after a success, whatever went before (capture)."""
        return 1 if self.is_success else self.executions


def invocation_record(event: FinishedEvent, at: float) -> dict[str, Any]:
    """Return the record that destinations get; ``at`` is when, in epoch seconds."""
    record = {
        "version": "1.0",
        "timestamp": iso(at),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": event.function_arn,
            "condition": str(event.condition),
            "approximateInvokeCount": event.approximate_invoke_count,
        },
        "requestPayload": json.loads(event.payload),
    }
    if event.response is not None:
        record["responseContext"] = _response_context(event.response)
        if event.response.payload is not None:
            record["responsePayload"] = json.loads(event.response.payload)
    return record


def dead_letter_attributes(event: FinishedEvent) -> Mapping[str, tuple[str, str]]:
    """Return the message attributes of a dead-letter queue, each as (type, value)."""
    attributes = {"RequestID": ("String", event.request_id)}
    if event.response is not None:
        attributes["ErrorCode"] = ("Number", str(event.response.status_code))
    if message := _error_message(event):
        attributes["ErrorMessage"] = ("String", message)
    return attributes


def event_bridge_entry(event: FinishedEvent, bus_arn: str, at: float) -> dict[str, Any]:
    """Return the record as an entry of PutEvents."""
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {'Success' if event.is_success else 'Failure'}",
        "Resources": [bus_arn, event.function_arn],
        "Detail": json.dumps(invocation_record(event, at)),
        "EventBusName": bus_arn,
        "Time": at,
    }


def object_key(event: FinishedEvent, at: float) -> str:
    """Return the key under which S3 keeps the record: one folder a day. AWS ends it in a random UUID (doc)."""
    name = arns.parse(event.function_arn).name
    moment = datetime.fromtimestamp(at, UTC)
    return f"aws/lambda/async/{name}/{moment:%Y/%m/%d}/{moment:%Y-%m-%dT%H.%M.%S}-{event.request_id}"


def _response_context(response: AttemptResponse) -> dict[str, Any]:
    context = {
        "statusCode": response.status_code,
        "executedVersion": response.executed_version,
        "functionError": response.function_error,
    }
    return {name: value for name, value in context.items() if value is not None}


def _error_message(event: FinishedEvent) -> str:
    """Return what the DLQ's ErrorMessage says, cut to its size; "" when there is nothing to say."""
    if event.condition is Condition.ZERO_RESERVED_CONCURRENCY:
        return _NOT_INVOKED
    response = event.response
    if response is None:
        return ""
    if response.status_code == THROTTLED:
        return _RATE_EXCEEDED
    error = json.loads(response.payload or b"{}")
    message = str(error.get("errorMessage", "")) if isinstance(error, dict) else ""
    return message.encode()[:_ERROR_MESSAGE_BYTES].decode(errors="ignore")
