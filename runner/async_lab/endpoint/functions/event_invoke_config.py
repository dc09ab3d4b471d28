"""Event-invoke configs, one per qualifier (snapshot): Put replaces the whole, Update keeps what it doesn't name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from async_lab import arns
from async_lab.endpoint.functions.model import Function
from async_lab.endpoint.functions.refusals import check_destination, invalid_value, not_found
from async_lab.endpoint.functions.requests import LATEST, NO_CONTENT, Answer, Requests, answer, changing, qualified_arn
from async_lab.twin.rules import MAXIMUM_EVENT_AGE_SECONDS, MAXIMUM_RETRY_ATTEMPTS

_FIELDS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
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
    return arn is None or (arns.service_of(arn) in services and not arn.endswith(".fifo"))


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in _FIELDS if request.get(name) is not None}


class EventInvokeConfigRequests(Requests):
    """Requests about how a function treats its asynchronous events."""

    def put_function_event_invoke_config(self) -> Answer:
        """Replace the whole config of a qualifier."""
        function, qualifier, request = self._asked()
        return self._write(function, qualifier, create(qualified_arn(function, qualifier), request, self._at()))

    def update_function_event_invoke_config(self) -> Answer:
        """Change what the request names, and keep the rest."""
        function, qualifier, request = self._asked()
        return self._write(function, qualifier, _present(function, qualifier).updated(request, self._at()))

    def get_function_event_invoke_config(self) -> Answer:
        """Return the config of a qualifier; a function that isn't there has none either."""
        try:
            return answer(200, _present(self._function(), self._qualifier()).response())
        except UnknownFunctionException as error:
            called = f"{error.message.partition(': ')[2]}:{self._qualifier()}"
            raise not_found(f"The function {called} doesn't have an EventInvokeConfig") from None

    def delete_function_event_invoke_config(self) -> Answer:
        """Return to Lambda's defaults."""
        function, qualifier = self._function(), self._qualifier()
        _present(function, qualifier)
        del function.event_invoke_configs[qualifier]
        return NO_CONTENT

    def list_function_event_invoke_configs(self) -> Answer:
        """Return the configs of all qualifiers."""
        configs = self._function().event_invoke_configs
        return answer(200, {"FunctionEventInvokeConfigs": [configs[name].response() for name in sorted(configs)]})

    def _qualifier(self) -> str:
        return self._named()[1] or LATEST

    def _asked(self) -> tuple[Function, str, dict[str, Any]]:
        """Return whom a Put or an Update is about and what it asks, or refuse it."""
        request: dict[str, Any] = self.json_body
        if not says_something(request):
            raise invalid_value("You must specify at least one of error handling or destination setting.")
        function, qualifier = self._function(), self._qualifier()
        self.backend.get_function(function.function_name, qualifier)  # 404 for a version or alias that isn't there
        self._check_destinations(function, request)
        return function, qualifier, request

    def _check_destinations(self, function: Function, request: dict[str, Any]) -> None:
        if problem := destinations_problem(request):
            raise invalid_value(problem)
        for on in ("OnSuccess", "OnFailure"):
            if target := destination(request, on):
                self._check_function(function, target)
                check_destination(function.role, target)

    def _check_function(self, function: Function, target_arn: str) -> None:
        """Refuse a function that isn't there, and the function itself."""
        if f"{target_arn}:".startswith(f"{function.function_arn}:"):
            raise invalid_value("You can't specify the function as a destination for itself.")
        if arns.service_of(target_arn) == "lambda" and not _exists(target_arn):
            raise invalid_value(f"The destination ARN {target_arn} is invalid.")

    def _write(self, function: Function, qualifier: str, config: EventInvokeConfig) -> Answer:
        with changing(function.function_arn, self.headers.get("Authorization", "")):
            function.event_invoke_configs[qualifier] = config
        return answer(200, config.response())


def _exists(function_arn: str) -> bool:
    arn = arns.parse(function_arn)
    try:
        lambda_backends[arn.account_id][arn.region].get_function(arn.name, arn.qualifier)
    except UnknownFunctionException:
        return False
    return True


def _present(function: Function, qualifier: str) -> EventInvokeConfig:
    try:
        return function.event_invoke_configs[qualifier]
    except KeyError:
        message = f"The function {qualified_arn(function, qualifier)} doesn't have an EventInvokeConfig"
        raise not_found(message) from None
