"""Event-invoke configs, one per qualifier (snapshot): Put replaces the whole, Update keeps what it doesn't name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from async_lab.endpoint.functions.permissions import service_of
from async_lab.twin.rules import MAXIMUM_EVENT_AGE_SECONDS, MAXIMUM_RETRY_ATTEMPTS

_FIELDS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
RANGES = {  # API reference, PutFunctionEventInvokeConfig
    "MaximumRetryAttempts": (0, MAXIMUM_RETRY_ATTEMPTS),
    "MaximumEventAgeInSeconds": (60, MAXIMUM_EVENT_AGE_SECONDS),
}
_SUCCESS_SERVICES = frozenset({"sqs", "sns", "lambda", "events"})  # doc; no FIFO queues and topics
_FAILURE_SERVICES = _SUCCESS_SERVICES | {"s3"}


@dataclass(frozen=True, slots=True)
class EventInvokeConfig:
    """What is set for one qualifier; what isn't set isn't there."""

    function_arn: str
    """With the qualifier, ``$LATEST`` included."""
    last_modified: float
    """Epoch seconds."""
    settings: Mapping[str, Any]

    def updated(self, request: Mapping[str, Any], at: float) -> EventInvokeConfig:
        """Return it with what an Update names."""
        return EventInvokeConfig(self.function_arn, at, {**self.settings, **_settings(request)})

    def response(self) -> dict[str, Any]:
        """Return Lambda's answer: what wasn't set is left out, destinations are always there (snapshot)."""
        destinations = {"OnSuccess": {}, "OnFailure": {}} | (self.settings.get("DestinationConfig") or {})
        return {
            "FunctionArn": self.function_arn,
            "LastModified": self.last_modified,
            **self.settings,
            "DestinationConfig": destinations,
        }

    @property
    def maximum_event_age_seconds(self) -> int:
        """How long an event may wait."""
        return int(self.settings.get("MaximumEventAgeInSeconds", MAXIMUM_EVENT_AGE_SECONDS))

    @property
    def maximum_retry_attempts(self) -> int:
        """How often an event is tried again after a function error."""
        return int(self.settings.get("MaximumRetryAttempts", MAXIMUM_RETRY_ATTEMPTS))

    def destination(self, on: str) -> str | None:
        """Return the ARN for ``OnSuccess`` or ``OnFailure``; None when there is none."""
        return destination(self.settings, on)


def create(function_arn: str, request: Mapping[str, Any], at: float) -> EventInvokeConfig:
    """Return the config that a Put makes."""
    return EventInvokeConfig(function_arn, at, _settings(request))


def says_something(request: Mapping[str, Any]) -> bool:
    """Return whether a request sets anything at all."""
    return any(request.get(name) is not None for name in _FIELDS)


def destination(settings: Mapping[str, Any], on: str) -> str | None:
    """Return the ARN for ``OnSuccess`` or ``OnFailure``; None when there is none, or an empty one that clears it."""
    return ((settings.get("DestinationConfig") or {}).get(on) or {}).get("Destination") or None


def destinations_problem(request: Mapping[str, Any]) -> str | None:
    """Return the sentence with which Lambda refuses targets of a wrong kind; None when it doesn't."""
    on_success, on_failure = destination(request, "OnSuccess"), destination(request, "OnFailure")
    if _is_target(on_success, _SUCCESS_SERVICES) and _is_target(on_failure, _FAILURE_SERVICES):
        return None
    success = f"OnSuccess(destination={on_success})" if on_success else "null"
    failure = f"OnFailure(destination={on_failure})" if on_failure else "null"
    config = f"DestinationConfig(onSuccess={success}, onFailure={failure})"
    return f"The provided destination config {config} is invalid."


def _is_target(arn: str | None, services: frozenset[str]) -> bool:
    return arn is None or (service_of(arn) in services and not arn.endswith(".fifo"))


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in _FIELDS if request.get(name) is not None}
