"""Schedules fire in virtual time: EventBridge's rules with an expression, and EventBridge Scheduler's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.core.exceptions import JsonRESTError
from moto.events import models as events
from moto.events.exceptions import ValidationException as InvalidRule
from moto.moto_api._internal import mock_random
from moto.scheduler import models as scheduler
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.responses import EventBridgeSchedulerResponse

from async_lab import arns
from async_lab.endpoint import trouble
from async_lab.endpoint.access.identity_policies import first_missing, needs_of_target
from async_lab.endpoint.access.trust_policies import trusts_service
from async_lab.endpoint.delivery.targets import DeliveryFailed, send_to_queue
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.sources.reach import Reach
from async_lab.endpoint.sources.rules import Rule
from async_lab.endpoint.sources.schedule_expressions import InvalidExpression, Schedule, parse
from async_lab.endpoint.state import LOCK

NAMESPACE = "AWS/Scheduler"

_TARGETS = {"lambda", "sqs", "sns"}
_CONTEXT = re.compile(r"<aws\.scheduler\.(schedule-arn|scheduled-time|execution-id|attempt-number)>")
_put_rule = events.EventsBackend.put_rule
_create = scheduler.EventBridgeSchedulerBackend.create_schedule
_answer_update = EventBridgeSchedulerResponse.update_schedule
_create_group = scheduler.EventBridgeSchedulerBackend.create_schedule_group
_remove_group = scheduler.EventBridgeSchedulerBackend.delete_schedule_group
_update = scheduler.EventBridgeSchedulerBackend.update_schedule


def install() -> None:
    """Refuse expressions and targets that never fire; again is no harm."""
    replace(events.EventsBackend, "put_rule", _checked_rule)
    replace(scheduler.EventBridgeSchedulerBackend, "create_schedule", _checked(_create))
    replace(scheduler.EventBridgeSchedulerBackend, "update_schedule", _checked(_update))
    replace(scheduler.EventBridgeSchedulerBackend, "create_schedule_group", _make_group)
    replace(scheduler.EventBridgeSchedulerBackend, "delete_schedule_group", _delete_group)
    replace(EventBridgeSchedulerResponse, "update_schedule", _updated)


class Schedules:
    """All schedules of an account."""

    def __init__(self, account_id: str, reach: Reach) -> None:
        self._account_id, self._reach = account_id, reach
        self._known: dict[str, tuple[tuple[str, float], Schedule]] = {}
        """By ARN: the expression, and since when there is it. Another one begins the schedule anew."""
        self._due: dict[str, float | None] = {}

    def forget(self) -> None:
        """Begin anew: none has fired."""
        with LOCK:
            self._known.clear()
            self._due.clear()

    @property
    def is_resolved(self) -> bool:
        """Whether every execution under way has an outcome: schedules start none of their own."""
        return True

    def next_due(self) -> float | None:
        """Return when the next schedule fires."""
        with LOCK:
            present = list(self._present())
            for gone in self._due.keys() - {arn for arn, _ in present}:
                del self._due[gone], self._known[gone]
        return min((at for at in self._due.values() if at is not None), default=None)

    def step(self, pool: ThreadPoolExecutor) -> None:  # noqa: ARG002 - what fires is queued
        """Fire what is due now."""
        now = self._reach.now()
        with LOCK:
            for arn, subject in list(self._present()):
                at = self._due[arn]
                if at is not None and at <= now:
                    self._due[arn] = self._known[arn][1].next_after(at)
                    with trouble.contained("firing a schedule"):
                        self._fire(subject, at, is_last=self._due[arn] is None)

    def _present(self) -> Iterator[tuple[str, Any]]:
        """Yield what is enabled, and note when it is due next."""
        for backend in list(events.events_backends[self._account_id].values()):
            for rule in list(backend.event_buses["default"].rules.values()):
                if rule.scheduled_expression and rule.state == "ENABLED":
                    self._note(rule.arn, (rule.scheduled_expression, rule.made_at), "UTC", (None, None))
                    yield rule.arn, rule
        for backend in list(scheduler.scheduler_backends[self._account_id].values()):
            for group in list(backend.schedule_groups.values()):
                for each in list(group.schedules.values()):
                    if each.state == "ENABLED":
                        version = (each.schedule_expression, each.last_modified_date)
                        self._note(
                            each.arn, version, each.schedule_expression_timezone, (each.start_date, each.end_date)
                        )
                        yield each.arn, each

    def _note(self, arn: str, version: tuple[str, float], zone: str, limits: tuple[Any, Any]) -> None:
        if arn in self._known and self._known[arn][0] == version:
            return
        schedule = _between(parse(version[0], version[1], ZoneInfo(zone)), *limits)
        self._known[arn] = version, schedule
        self._due[arn] = schedule.next_after(self._reach.now())

    def _fire(self, subject: Any, at: float, *, is_last: bool) -> None:
        if isinstance(subject, Rule):
            subject.trigger(_rule_event(subject, at))
            return
        _send(self._reach, subject, at)
        if is_last and subject.action_after_completion == "DELETE":
            arn = arns.parse(subject.arn)
            scheduler.scheduler_backends[arn.account_id][arn.region].delete_schedule(subject.group_name, subject.name)


def _between(schedule: Schedule, start: Any, end: Any) -> Schedule:
    """Return a schedule that is due from its start date to its end date alone."""
    earliest = None if start is None else float(start) - 1e-6
    latest = None if end is None else float(end)

    def next_after(after: float) -> float | None:
        at = schedule.next_after(after if earliest is None else max(after, earliest))
        return None if at is None or (latest is not None and at > latest) else at

    return Schedule(next_after)


def _rule_event(rule: Rule, at: float) -> dict[str, Any]:
    """Return what a rule's schedule sends (EventBridge user guide, "Scheduled Event")."""
    return {
        "version": "0",
        "id": str(mock_random.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": _time(at),
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
    }


def _send(reach: Reach, schedule: Any, at: float) -> None:
    """Do what a schedule of EventBridge Scheduler is for, as far as its role may."""
    target, region = schedule.target, arns.parse(schedule.arn).region
    arn, body = target["Arn"], _body(schedule, at)
    _count(reach, schedule, "InvocationAttemptCount")
    try:
        _check_role(target.get("RoleArn") or "", arn)
        reach.deliver(arn, body, (target.get("SqsParameters") or {}).get("MessageGroupId"))
    except DeliveryFailed as failed:
        _count(reach, schedule, "TargetErrorCount")
        queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue_arn:
            reason = {
                "ERROR_MESSAGE": ("String", str(failed)),
                "SCHEDULE_ARN": ("String", schedule.arn),
                "TARGET_ARN": ("String", arn),
                "REGION": ("String", region),
            }
            send_to_queue(queue_arn, body, reason, reach.now())
            _count(reach, schedule, "InvocationsSentToDeadLetterCount")


def _check_role(role_arn: str, target_arn: str) -> None:
    if missing := first_missing(role_arn, needs_of_target(target_arn)):
        raise DeliveryFailed(f"{role_arn} may not {missing.action} on {missing.resource}.")


def _body(schedule: Any, at: float) -> str:
    """Return a schedule's input with its context filled in, or what is sent without one."""
    execution_id = str(mock_random.uuid4())
    known = {
        "schedule-arn": schedule.arn,
        "scheduled-time": _time(at),
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    constant = schedule.target.get("Input")
    if constant:
        return _CONTEXT.sub(lambda match: known[match[1]], constant)
    parsed = arns.parse(schedule.arn)
    return json.dumps(
        {
            "version": "0",
            "id": execution_id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": parsed.account_id,
            "time": _time(at),
            "region": parsed.region,
            "resources": [schedule.arn],
            "detail": "{}",
        }
    )


def _count(reach: Reach, schedule: Any, metric: str) -> None:
    reach.count(schedule.arn, NAMESPACE, metric, ("ScheduleGroup", schedule.group_name))


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _checked_rule(backend: events.EventsBackend, name: str, **settings: Any) -> Any:
    if expression := settings.get("scheduled_expression"):
        try:
            parse(expression, 0.0)
        except InvalidExpression as error:
            raise InvalidRule("Parameter ScheduleExpression is not valid.") from error
    return _put_rule(backend, name, **settings)


class _GroupExists(JsonRESTError):
    code = HTTPStatus.CONFLICT

    def __init__(self, name: str) -> None:
        super().__init__("ConflictException", f"Schedule group {name} already exists.")


def _make_group(backend: scheduler.EventBridgeSchedulerBackend, name: str, tags: list[dict[str, str]]) -> Any:
    if name in backend.schedule_groups:
        raise _GroupExists(name)
    return _create_group(backend, name, tags)


def _delete_group(backend: scheduler.EventBridgeSchedulerBackend, name: str | None) -> None:
    if name == "default":
        raise ValidationException("The default schedule group can't be deleted.")
    if name not in backend.schedule_groups:
        raise ScheduleGroupNotFound(str(name))
    _remove_group(backend, name)


def _updated(response: EventBridgeSchedulerResponse) -> Any:
    """Update a schedule; moto leaves what is done at its end as it was."""
    answer = _answer_update(response)
    ask = response._get_param  # noqa: SLF001 - moto's own
    schedule = response.scheduler_backend.get_schedule(ask("GroupName"), response.uri.split("?")[0].split("/")[-1])
    schedule.action_after_completion = ask("ActionAfterCompletion") or "NONE"
    return answer


def _checked(real: Any) -> Any:
    """Return a method that checks a schedule before ``real`` keeps it."""

    def checked(backend: scheduler.EventBridgeSchedulerBackend, **settings: Any) -> Any:
        _check(settings)
        group = settings.get("group_name") or "default"
        if group not in backend.schedule_groups:
            raise ScheduleGroupNotFound(group)
        _check_trust(settings["target"]["RoleArn"], backend.schedule_groups[group].arn)
        return real(backend, **settings)

    return checked


def _check_trust(role_arn: str, group_arn: str) -> None:
    if not trusts_service(role_arn, "scheduler.amazonaws.com", group_arn):
        raise ValidationException(  # public issues
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )


def _check(settings: dict[str, Any]) -> None:
    arn = settings["target"].get("Arn") or ""
    if arns.service_of(arn) not in _TARGETS:
        raise ValidationException(
            f"async-lab fires no schedule at {arns.service_of(arn) or arn} yet: {arn}. It does at functions, queues "
            "and topics."
        )
    window = settings.get("flexible_time_window") or {}
    if (window.get("Mode") == "FLEXIBLE") is not ("MaximumWindowInMinutes" in window):
        raise ValidationException(
            "MaximumWindowInMinutes must be given where the mode of FlexibleTimeWindow is FLEXIBLE, and only there."
        )
    zone = settings.get("schedule_expression_timezone") or "UTC"
    try:
        parse(settings["schedule_expression"], 0.0, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        if not isinstance(error, InvalidExpression):
            raise ValidationException(f"The timezone {zone} is not valid.") from error
        raise ValidationException(f"Invalid Schedule Expression {settings['schedule_expression']}.") from error
