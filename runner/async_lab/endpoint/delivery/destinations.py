"""Takes finished events where their function's configuration sends them: dead-letter queues and destinations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from moto.core.exceptions import ServiceException
from moto.events.models import events_backends
from moto.s3.models import s3_backends

from async_lab import arns
from async_lab.endpoint import trouble
from async_lab.endpoint.access.identity_policies import first_missing, needs_of_target
from async_lab.endpoint.delivery import records
from async_lab.endpoint.delivery.records import FinishedEvent
from async_lab.endpoint.delivery.targets import TOPIC_BYTES, DeliveryFailed, check_size, publish_to_topic, send_to_queue
from async_lab.endpoint.functions import FunctionNotFound, ResolvedFunction, find
from async_lab.endpoint.sources.reach import Invoke
from async_lab.observation.events import Delivery
from async_lab.twin import Rules

EVENT_BYTES = 1024 * 1024  # doc: EventBridge, since January 2026
PAYLOAD_BYTES = 1024 * 1024  # doc: Lambda, of an event, since October 2025
_PARTITION = "aws"
_RECORD_AFTER_SECONDS = 0.05  # capture: the dead-letter queue gets the event some 50 ms earlier


def deliver(
    deployed: ResolvedFunction, event: FinishedEvent, at: float, invoke: Invoke, rules: Rules | None = None
) -> Iterator[Delivery]:
    """Deliver to dead-letter target and destination, both where both are set; yield what came of each.

    ``at`` is when the event was finished, in epoch seconds; ``invoke`` is what a Lambda function as a destination is
    invoked with; ``rules`` say what becomes of records that are too large for a topic.
    """
    dead_letter = None if event.is_success else deployed.dead_letter_target
    destination = deployed.on_success if event.is_success else deployed.on_failure
    if dead_letter is not None:
        failure = _failure_of(lambda: deliver_dead_letter(deployed, event, at))
        yield Delivery(dead_letter, is_dead_letter=True, failure=failure)
    if destination is not None:
        failure = _failure_of(lambda: deliver_record(deployed, event, at + _RECORD_AFTER_SECONDS, invoke, rules))
        yield Delivery(destination, is_dead_letter=False, failure=failure)


def metric_of_failure(delivery: Delivery) -> str:
    """Return the metric that counts a delivery that failed."""
    return "DeadLetterErrors" if delivery.is_dead_letter else "DestinationDeliveryFailures"


def _failure_of(attempt: Callable[[], None]) -> str | None:
    """Return why a delivery failed; None when it didn't. The event is finished, whatever becomes of it."""
    try:
        attempt()
    except DeliveryFailed as failed:
        return str(failed)
    except Exception as error:  # noqa: BLE001 - a failure of ours
        trouble.report("delivering a finished event", error)
        return f"The embedded endpoint could not deliver it: {error}"
    return None


def deliver_dead_letter(deployed: ResolvedFunction, event: FinishedEvent, at: float) -> None:
    """Put a dropped event into the function's dead-letter queue or topic, byte for byte. Raises DeliveryFailed."""
    target_arn = deployed.dead_letter_target
    if target_arn is None:
        return
    _check_role(deployed, target_arn)
    body, attributes = event.payload.decode(), records.dead_letter_attributes(event)
    if arns.service_of(target_arn) == "sqs":
        send_to_queue(target_arn, body, attributes, at)
    else:
        publish_to_topic(target_arn, body, attributes)


def deliver_record(
    deployed: ResolvedFunction, event: FinishedEvent, at: float, invoke: Invoke, rules: Rules | None = None
) -> None:
    """Send the invocation record to the destination for the event's outcome. Raises DeliveryFailed.

    ``at`` is when, in epoch seconds; ``invoke`` is what a Lambda function as a destination is invoked with.
    """
    target_arn = deployed.on_success if event.is_success else deployed.on_failure
    if target_arn is None:
        return
    _check_role(deployed, target_arn)
    record = records.invocation_record(event, at)
    body = json.dumps(record)
    match arns.service_of(target_arn):
        case "sqs":
            send_to_queue(target_arn, body, {}, at)
        case "sns":
            is_cut = (rules or Rules()).topics_get_large_records_without_payload and len(body.encode()) > TOPIC_BYTES
            publish_to_topic(target_arn, json.dumps(_without_payloads(record)) if is_cut else body, {})
        case "lambda":
            _invoke(target_arn, body, invoke)
        case "events":
            _put_event(deployed.account_id, target_arn, event, at)
        case "s3":
            _put_object(deployed.account_id, target_arn, body, records.object_key(event, at))


def _without_payloads(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in {"requestPayload", "responsePayload"}}


def _check_role(deployed: ResolvedFunction, target_arn: str) -> None:
    if missing := first_missing(deployed.role_arn, needs_of_target(target_arn)):
        raise DeliveryFailed(f"{deployed.role_arn} may not {missing.action} on {missing.resource}.")


def _invoke(function_arn: str, body: str, invoke: Invoke) -> None:
    check_size(function_arn, body, PAYLOAD_BYTES)
    arn = arns.parse(function_arn)
    try:
        find(arn.account_id, arn.region, arn.name, arn.qualifier)
    except FunctionNotFound as error:
        raise DeliveryFailed(str(error)) from error
    invoke(arn.region, arn.name, arn.qualifier, body.encode())


def _put_event(account_id: str, bus_arn: str, event: FinishedEvent, at: float) -> None:
    entry = records.event_bridge_entry(event, bus_arn, at)
    check_size(bus_arn, entry["Detail"], EVENT_BYTES)
    bus = arns.parse(bus_arn)
    backend = events_backends[account_id][bus.region]
    if bus.name not in backend.event_buses:
        raise DeliveryFailed(f"There is no event bus {bus_arn}.")
    with suppress(Exception):  # the bus has the event, whether its rules' targets are there or known to moto
        backend.put_events([entry])


def _put_object(account_id: str, bucket_arn: str, body: str, key: str) -> None:
    try:
        s3_backends[account_id][_PARTITION].put_object(arns.parse(bucket_arn).name, key, body.encode())
    except ServiceException as error:
        raise DeliveryFailed(f"There is no bucket {bucket_arn}.") from error
