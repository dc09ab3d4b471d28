"""What EventBridge refuses of buses, of rules that it manages itself, and of targets elsewhere, and moto takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events import models as events
from moto.events.exceptions import ValidationException
from moto.events.responses import EventsHandler
from moto.moto_api._internal import mock_random

from async_lab import arns
from async_lab.endpoint.moto_patches import replace

_MANAGED = (  # API reference, ManagedRuleException
    "This rule was created by an Amazon Web Services service on behalf of your account. It is managed by that service. "
    "If you see this error in response to DeleteRule or RemoveTargets, you can use the Force parameter in those calls "
    "to delete the rule or remove targets from the rule. You cannot modify these managed rules by using DisableRule, "
    "EnableRule, PutTargets, PutRule, TagResource, or UntagResource."
)
_OF_RULES = {
    **dict.fromkeys(("delete_rule", "disable_rule", "enable_rule", "put_rule"), "Name"),
    **dict.fromkeys(("put_targets", "remove_targets"), "Rule"),
}
"""Operations on one rule, and the member that names it."""
_delete = events.EventsBackend.delete_event_bus
_motos: dict[str, Callable[[EventsHandler], Any]] = {name: getattr(EventsHandler, name) for name in _OF_RULES}


def install() -> None:
    """Have EventBridge look at buses and rules before it changes them, in the whole process; again is no harm."""
    replace(events.EventsBackend, "delete_event_bus", _delete_empty)
    for name in _OF_RULES:
        replace(EventsHandler, name, _unmanaged(name))


def check_role(backend: events.EventsBackend, target: dict[str, Any]) -> None:
    """Raise ValidationException for a bus of another region or account that is to be reached without a role."""
    if ":event-bus/" not in target["Arn"] or target.get("RoleArn"):
        return
    bus = arns.parse(target["Arn"])
    if (bus.region, bus.account_id) != (backend.region_name, backend.account_id):
        raise ValidationException(f"RoleArn is required for target {target['Arn']}.")


def lost(backend: events.EventsBackend, entry: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the answer to an event for a bus of this account that isn't there; None where there is one."""
    called = str(entry.get("EventBusName") or "default")
    if called.startswith("arn:"):
        bus = arns.parse(called)
        if (bus.region, bus.account_id) != (backend.region_name, backend.account_id):
            return None
    return None if called.rpartition("/")[2] in backend.event_buses else {"EventId": str(mock_random.uuid4())}


def _delete_empty(backend: events.EventsBackend, name: str) -> None:
    bus = backend.event_buses.get(name)
    if bus and name != "default" and any(not rule.managed_by for rule in bus.rules.values()):
        raise ValidationException("EventBus can't be deleted since it has rules.")
    _delete(backend, name)


def _unmanaged(name: str) -> Callable[[EventsHandler], Any]:
    def checked(handler: EventsHandler) -> Any:
        asked = handler._get_param  # noqa: SLF001 - moto's own
        called = str(asked("EventBusName") or "default")
        bus = handler.events_backend.event_buses.get(called.rpartition("/")[2])
        rule = bus.rules.get(asked(_OF_RULES[name])) if bus else None
        if rule is not None and rule.managed_by and not asked("Force"):
            raise JsonRESTError("ManagedRuleException", _MANAGED)
        return _motos[name](handler)

    return checked
