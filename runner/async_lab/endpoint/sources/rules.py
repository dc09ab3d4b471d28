"""EventBridge: the rules of a bus, and how what they pass on gets to their targets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from moto.core.exceptions import JsonRESTError
from moto.events import models as events
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.responses import EventsHandler
from moto.logs.models import logs_backends
from moto.moto_api._internal import mock_random

from async_lab import arns
from async_lab.endpoint import json_text, trouble
from async_lab.endpoint.access.resource_policies import Caller
from async_lab.endpoint.delivery.targets import DeliveryFailed, TargetMissing, TooLarge, send_to_queue
from async_lab.endpoint.invocation.recursion import NOBODY, following
from async_lab.endpoint.moto_patches import add_operation, replace
from async_lab.endpoint.sources import buses, event_patterns, inputs
from async_lab.endpoint.sources.event_patterns import InvalidPattern
from async_lab.endpoint.sources.reach import Reach

NAMESPACE = "AWS/Events"
MOST_BYTES = 1024 * 1024  # doc: of all entries of a PutEvents request, since January 2026; 256 KB before

_PRINCIPAL = "events.amazonaws.com"
_ENTRY_TIME_BYTES = 14  # user guide, "Calculating PutEvents event entry size"
_MOST_TARGETS = 5  # EventBridge quotas, "Targets per rule"
_TARGETS = {"lambda", "sqs", "sns", "logs", "events"}
_put_events = events.EventsBackend.put_events
_put_targets = events.EventsBackend.put_targets


class NotJson(DeliveryFailed):
    """What a rule makes of an event is nothing that a function can be invoked with."""


_CODES = {  # user guide, "Using dead-letter queues"; which one is for a message that is too large: assumed
    TargetMissing: "NO_RESOURCE",
    NotJson: "INVALID_JSON",
    TooLarge: "INVALID_PARAMETER",
    DeliveryFailed: "NO_PERMISSIONS",
}


def install(reach: Reach) -> None:
    """Let rules reach their targets; calling again changes ``reach`` alone."""
    Rule.reach = reach
    replace(events, "Rule", Rule)
    replace(events.EventsBackend, "put_events", _check_and_put)
    replace(events.EventsBackend, "put_targets", _check_targets)
    replace(events.EventPattern, "matches_event", _matches)
    replace(events.EventPatternParser, "parse", _parsed)
    replace(EventsHandler, "test_event_pattern", _test_pattern)
    replace(events.Replay, "replay_events", _replay)
    add_operation(EventsHandler, "update_event_bus", _update_bus)
    buses.install()


def _update_bus(handler: EventsHandler) -> tuple[str, dict[str, Any]]:
    """Change what a bus keeps; what isn't given it has no more (assumed)."""
    bus = handler.events_backend.describe_event_bus(handler._get_param("Name"))  # noqa: SLF001 - moto's own
    bus.description = handler._get_param("Description")  # noqa: SLF001
    bus.kms_key_identifier = handler._get_param("KmsKeyIdentifier")  # noqa: SLF001
    bus.last_modified_time = Rule.reach.now()
    told = {
        "Arn": bus.arn,
        "Name": bus.name,
        "Description": bus.description,
        "KmsKeyIdentifier": bus.kms_key_identifier,
    }
    given = {name: value for name, value in told.items() if value is not None}
    return json.dumps(given), handler.response_headers


def send(backend: events.EventsBackend, bus_name: str, event: Mapping[str, Any]) -> None:
    """Send an event of AWS's own through a bus, if there is such a bus."""
    bus = backend.event_buses.get(bus_name)
    whole = {
        "version": "0",
        "id": str(mock_random.uuid4()),
        "account": backend.account_id,
        "time": Rule.reach.now(),
        "region": backend.region_name,
        **event,
    }
    for rule in list(bus.rules.values()) if bus else ():
        rule.send_to_targets(whole)


class Rule(events.Rule):
    """moto's rule with all of the targets that the endpoint has, and with a schedule that begins when it is made."""

    reach: ClassVar[Reach]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.made_at = type(self).reach.now()

    def put_targets(self, targets: list[dict[str, Any]]) -> None:
        """Add targets, or change those of the same ids."""
        ids = {target["Id"] for target in (*self.targets, *targets)}
        if len(ids) > _MOST_TARGETS:
            raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        super().put_targets(targets)

    def send_to_targets(self, original_event: Mapping[str, Any], transform_input: bool = True) -> None:  # noqa: ARG002
        """Send an event that matches to every target; what becomes of it at one is no other's business."""
        if self.state == "DISABLED" or not self.event_pattern.get_pattern():
            return
        if self.event_pattern.matches_event(dict(original_event)):
            self.trigger(_told(original_event))

    def trigger(self, event: Mapping[str, Any]) -> None:
        """Send an event, or a schedule's tick, to every target."""
        self._count("TriggeredRules")
        with following(NOBODY):  # Lambda's loop detection doesn't look through EventBridge (doc)
            self._send_to_all(event)

    def _send_to_all(self, event: Mapping[str, Any]) -> None:
        for target in list(self.targets):
            self._count("Invocations")
            try:
                self._send(target, event)
            except DeliveryFailed as failed:
                self._count("FailedInvocations")
                self._dead_letter(target, event, failed)
            except Exception as error:  # noqa: BLE001 - the next target gets its event
                trouble.report("sending an event to a rule's target", error)
                self._count("FailedInvocations")

    def _send(self, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        arn: str = target["Arn"]
        reach, caller = type(self).reach, Caller(_PRINCIPAL, self.arn, self.account_id)
        body = inputs.input_of(target, event, self.arn, _time(reach.now()))
        match arns.service_of(arn):
            case "lambda":
                reach.function(caller, arn, _json(body).encode())
            case "sqs":
                reach.queue(caller, arn, body, (target.get("SqsParameters") or {}).get("MessageGroupId"))
            case "sns":
                reach.topic(caller, arn, body)
            case "logs":
                self._log(arn, body)
            case "events" if ":event-bus/" in arn:
                self._forward(arn, event)
            case "events":
                self._archive(target, event)

    def _log(self, arn: str, body: str) -> None:
        parsed, name = arns.parse(arn), arn.partition(":log-group:")[2].removesuffix(":*")
        group = logs_backends[parsed.account_id][parsed.region].groups.get(name)
        if group is None:
            raise TargetMissing(f"There is no log group {name}.")
        stream = str(mock_random.uuid4())
        group.create_log_stream(stream)
        at = round(type(self).reach.now() * 1_000)
        group.streams[stream].put_log_events([{"timestamp": at, "message": body}])

    def _forward(self, bus_arn: str, event: Mapping[str, Any]) -> None:
        bus = arns.parse(bus_arn)
        backend = events.events_backends[bus.account_id][bus.region]
        if bus.name not in backend.event_buses:
            raise TargetMissing(f"There is no event bus {bus_arn}.")
        send(backend, bus.name, event)

    def _archive(self, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Keep the event in moto's archive, which its own target names."""
        template: str = target["InputTransformer"]["InputTemplate"]
        resource = template.partition('"archive-arn": "')[2].partition('"')[0].rpartition("/")[2]
        self._send_to_events_archive(resource, dict(event))

    def _dead_letter(self, target: Mapping[str, Any], event: Mapping[str, Any], failed: DeliveryFailed) -> None:
        """Send what a target can't get to the target's dead-letter queue, if it has one (user guide).

        No target fails here in a way in which AWS would try again, such as by throttling the rule.
        """
        queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue_arn:
            return
        reason = {
            "RULE_ARN": ("String", self.arn),
            "TARGET_ARN": ("String", target["Arn"]),
            "ERROR_CODE": ("String", _CODES[type(failed)]),
            "ERROR_MESSAGE": ("String", str(failed)),
            "RETRY_ATTEMPTS": ("Number", "0"),
        }
        reach = type(self).reach
        try:
            reach.check(Caller(_PRINCIPAL, self.arn, self.account_id), queue_arn)
            send_to_queue(queue_arn, json.dumps(event), reason, reach.now())
        except DeliveryFailed:
            self._count("InvocationsFailedToBeSentToDlq")
        else:
            self._count("InvocationsSentToDlq")

    def _count(self, metric: str) -> None:
        type(self).reach.count(self.arn, NAMESPACE, metric, ("RuleName", self.name))


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as its receivers see it."""
    at = event.get("time")
    told = {name: value for name, value in event.items() if name != "ingestion-time"}
    return told | {"time": _time(float(at)) if isinstance(at, int | float) else str(at)}


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _json(body: str) -> str:
    """Check that a function can take it."""
    try:
        json_text.read(body)
    except ValueError as error:
        raise NotJson(f"What the rule passes on is no JSON ({error}).") from error
    return body


def _check_targets(
    backend: events.EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
) -> None:
    """Refuse targets that would never get anything, by name."""
    bus = (event_bus_arn or "default").rpartition("/")[2]
    called = name if bus == "default" else f"{bus}/{name}"
    rule_arn = f"arn:aws:events:{backend.region_name}:{backend.account_id}:rule/{called}"
    for target in targets:
        service = arns.service_of(target["Arn"])
        if target["Arn"].startswith("arn:") and (service not in _TARGETS or ":api-destination/" in target["Arn"]):
            what = "API destinations" if ":api-destination/" in target["Arn"] else service
            raise ValidationException(
                f"async-lab sends no events of a rule to {what} yet: {target['Arn']}. It does to functions, queues, "
                "topics, log groups and event buses."
            )
        _check_dead_letters(target)
        buses.check_role(backend, target, rule_arn)
        paths = [target.get("InputPath"), *((target.get("InputTransformer") or {}).get("InputPathsMap") or {}).values()]
        for path in filter(None, paths):
            if problem := inputs.problem_of(path):
                raise ValidationException(f"{problem} for target {target['Id']}.")
    _put_targets(backend, name, event_bus_arn, targets)


_EVENT_FIELDS = ("id", "account", "source", "time", "region", "resources", "detail-type")
"""What an event must have to be tried (API reference, TestEventPattern)."""


def _matches(pattern: events.EventPattern, event: Mapping[str, Any]) -> bool:
    asked = pattern.get_pattern()
    return not asked or event_patterns.matches(asked, event)


def _parsed(parser: events.EventPatternParser) -> Any:
    if not parser.pattern:
        return {}
    try:
        return event_patterns.parse(parser.pattern)
    except InvalidPattern as error:
        raise InvalidEventPatternException(reason=str(error)) from error


def _replay(replay: events.Replay, archive: events.Archive) -> None:
    """Send what an archive has of the replay's span to the rules that it is for; moto sends all to all."""
    backend = events.events_backends[replay.account_id][replay.region]
    bus = backend.describe_event_bus(arns.parse(replay.destination["Arn"]).name)
    only = replay.destination.get("FilterArns")
    span = float(replay.event_start_time), float(replay.event_end_time)
    for event in archive.events:
        if span[0] <= datetime.fromisoformat(event["time"]).timestamp() <= span[1]:
            again = {**event, "id": str(mock_random.uuid4()), "replay-name": replay.name}
            for rule in [each for each in bus.rules.values() if not only or each.arn in only]:
                rule.send_to_targets(again)
    replay.state, replay.end_time = events.ReplayState.COMPLETED, Rule.reach.now()


def _test_pattern(response: EventsHandler) -> str:
    """Say whether a pattern matches an event; moto says nothing."""
    pattern = events.EventPattern.load(response._get_param("EventPattern"))  # noqa: SLF001 - moto's own
    try:
        event = json_text.read(response._get_param("Event"))  # noqa: SLF001
    except ValueError as error:
        raise ValidationException("Parameter Event is not valid.") from error
    missing = [name for name in _EVENT_FIELDS if not isinstance(event, dict) or name not in event]
    if missing:
        raise ValidationException(f"Parameter Event is not valid. Reason: {missing[0]} is a required field.")
    return json.dumps({"Result": _matches(pattern, event)})


def _check_dead_letters(target: Mapping[str, Any]) -> None:
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue_arn and (arns.service_of(queue_arn) != "sqs" or queue_arn.endswith(".fifo")):
        raise ValidationException(
            f"The dead-letter queue of target {target['Id']} must be a standard SQS queue, and is {queue_arn}."
        )


def _check_and_put(backend: events.EventsBackend, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Refuse what is too large together, and entries that AWS doesn't take; moto takes any.

    What is for a bus that isn't there is accepted like all else, and gone.
    """
    if sum(map(_entry_bytes, entries)) > MOST_BYTES:
        raise ValidationException("Total size of the entries in the request is over the limit.")
    answered = [_refused(entry) or buses.lost(backend, entry) for entry in entries]
    put = iter(_put_events(backend, [each for each, answer in zip(entries, answered, strict=True) if not answer]))
    return [answer or next(put) for answer in answered]


def _refused(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the answer to an entry that isn't taken (API reference, PutEventsResultEntry); None where it is."""
    if str(entry.get("Source", "")).startswith("aws."):
        reason = "Not authorized for the source."
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": reason}
    try:
        is_object = entry.get("Detail") is None or isinstance(json_text.read(entry["Detail"]), dict)
    except ValueError:
        is_object = False
    return None if is_object else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def _entry_bytes(entry: Mapping[str, Any]) -> int:
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or ())]
    return sum(len(text.encode()) for text in texts if text) + (_ENTRY_TIME_BYTES if entry.get("Time") else 0)
