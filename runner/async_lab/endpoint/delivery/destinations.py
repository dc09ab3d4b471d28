"""Takes finished events where their function's configuration sends them: dead-letter queues and destinations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from moto.core.exceptions import ServiceException
from moto.events.models import events_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import Message, sqs_backends

from async_lab import arns
from async_lab.endpoint import trouble
from async_lab.endpoint.delivery import records
from async_lab.endpoint.delivery.records import FinishedEvent
from async_lab.endpoint.functions import FunctionNotFound, ResolvedFunction, find
from async_lab.endpoint.functions.permissions import first_missing, needs_of_target
from async_lab.endpoint.sources.triggers import Invoke
from async_lab.observation.events import Delivery

Attributes = Mapping[str, tuple[str, str]]

MESSAGE_BYTES = 256 * 1024  # doc: SNS and EventBridge
_PARTITION = "aws"
_RECORD_AFTER_SECONDS = 0.05  # capture: the dead-letter queue gets the event some 50 ms earlier


class DeliveryFailed(Exception):
    """The target isn't there, the role may not write to it, or the message is too large for it."""


def deliver(deployed: ResolvedFunction, event: FinishedEvent, at: float, invoke: Invoke) -> Iterator[Delivery]:
    """Deliver to dead-letter target and destination, both where both are set; yield what came of each.

    ``at`` is when the event was finished, in epoch seconds; ``invoke`` is what a Lambda function as a destination is
    invoked with.
    """
    dead_letter = None if event.is_success else deployed.dead_letter_target
    destination = deployed.on_success if event.is_success else deployed.on_failure
    if dead_letter is not None:
        failure = _failure_of(lambda: deliver_dead_letter(deployed, event, at))
        yield Delivery(dead_letter, is_dead_letter=True, failure=failure)
    if destination is not None:
        failure = _failure_of(lambda: deliver_record(deployed, event, at + _RECORD_AFTER_SECONDS, invoke))
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
        _send(target_arn, body, attributes, at)
    else:
        _publish(target_arn, body, attributes)


def deliver_record(deployed: ResolvedFunction, event: FinishedEvent, at: float, invoke: Invoke) -> None:
    """Send the invocation record to the destination for the event's outcome. Raises DeliveryFailed.

    ``at`` is when, in epoch seconds; ``invoke`` is what a Lambda function as a destination is invoked with.
    """
    target_arn = deployed.on_success if event.is_success else deployed.on_failure
    if target_arn is None:
        return
    _check_role(deployed, target_arn)
    body = json.dumps(records.invocation_record(event, at))
    match arns.service_of(target_arn):
        case "sqs":
            _send(target_arn, body, {}, at)
        case "sns":
            _publish(target_arn, body, {})
        case "lambda":
            _invoke(target_arn, body, invoke)
        case "events":
            _put_event(deployed.account_id, target_arn, event, at)
        case "s3":
            _put_object(deployed.account_id, target_arn, body, records.object_key(event, at))


def _check_role(deployed: ResolvedFunction, target_arn: str) -> None:
    if missing := first_missing(deployed.role_arn, needs_of_target(target_arn)):
        raise DeliveryFailed(f"{deployed.role_arn} may not {missing.action} on {missing.resource}.")


def _send(queue_arn: str, body: str, attributes: Attributes, at: float) -> None:
    """Append to the queue itself: moto's send_message walks all the messages that wait already."""
    arn = arns.parse(queue_arn)
    queue = sqs_backends[arn.account_id][arn.region].queues.get(arn.name)
    if queue is None:
        raise DeliveryFailed(f"There is no queue {queue_arn}.")
    _check_size(queue_arn, body, int(queue.maximum_message_size))
    message = Message(str(mock_random.uuid4()), body)
    message.message_attributes = {
        attribute: {"DataType": kind, "StringValue": value} for attribute, (kind, value) in attributes.items()
    }
    message.mark_sent()
    message.sent_timestamp = round(at * 1_000)
    queue.add_message(message)


def _publish(topic_arn: str, body: str, attributes: Attributes) -> None:
    arn = arns.parse(topic_arn)
    topic = sns_backends[arn.account_id][arn.region].topics.get(topic_arn)
    if topic is None:
        raise DeliveryFailed(f"There is no topic {topic_arn}.")
    _check_size(topic_arn, body, MESSAGE_BYTES)
    typed = {attribute: {"Type": kind, "Value": value} for attribute, (kind, value) in attributes.items()}
    with suppress(Exception):  # what subscribers make of it is not the publisher's to know
        topic.publish(body, message_attributes=typed)


def _invoke(function_arn: str, body: str, invoke: Invoke) -> None:
    arn = arns.parse(function_arn)
    try:
        find(arn.account_id, arn.region, arn.name, arn.qualifier)
    except FunctionNotFound as error:
        raise DeliveryFailed(str(error)) from error
    invoke(arn.region, arn.name, arn.qualifier, body.encode())


def _put_event(account_id: str, bus_arn: str, event: FinishedEvent, at: float) -> None:
    entry = records.event_bridge_entry(event, bus_arn, at)
    _check_size(bus_arn, entry["Detail"], MESSAGE_BYTES)
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


def _check_size(target_arn: str, body: str, limit_bytes: int) -> None:
    if len(body.encode()) > limit_bytes:
        raise DeliveryFailed(f"The message is larger than the {limit_bytes} bytes that {target_arn} takes.")
