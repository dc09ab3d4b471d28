"""Event-invoke configs: Put, Update, Get, List and Delete, by qualifier. Words of the errors: snapshot."""

from __future__ import annotations

from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from async_lab.endpoint.functions import event_invoke_config
from async_lab.endpoint.functions.changes import changing
from async_lab.endpoint.functions.event_invoke_config import EventInvokeConfig
from async_lab.endpoint.functions.model import Function
from async_lab.endpoint.functions.permissions import service_of
from async_lab.endpoint.functions.refusals import check_destination, check_ranges, invalid_value, not_found
from async_lab.endpoint.functions.requests import LATEST, NO_CONTENT, Answer, Requests, answer, qualified_arn


class EventInvokeConfigRequests(Requests):
    """Requests about how a function treats its asynchronous events."""

    def put_function_event_invoke_config(self) -> Answer:
        """Replace the whole config of a qualifier."""
        function, qualifier, request = self._asked()
        return self._write(
            function, qualifier, event_invoke_config.create(qualified_arn(function, qualifier), request, self._at())
        )

    def update_function_event_invoke_config(self) -> Answer:
        """Change what the request names, and keep the rest."""
        function, qualifier, request = self._asked()
        return self._write(function, qualifier, _present(function, qualifier).updated(request, self._at()))

    def get_function_event_invoke_config(self) -> Answer:
        """Return the config of a qualifier."""
        return answer(200, _present(self._function(), self._qualifier()).response())

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
        check_ranges(request, event_invoke_config.RANGES)
        if not event_invoke_config.says_something(request):
            raise invalid_value("You must specify at least one of error handling or destination setting.")
        function, qualifier = self._function(), self._qualifier()
        self.backend.get_function(function.function_name, qualifier)  # 404 for a version or alias that isn't there
        self._check_destinations(function, request)
        return function, qualifier, request

    def _check_destinations(self, function: Function, request: dict[str, Any]) -> None:
        if problem := event_invoke_config.destinations_problem(request):
            raise invalid_value(problem)
        for on in ("OnSuccess", "OnFailure"):
            if target := event_invoke_config.destination(request, on):
                self._check_function(function, target)
                check_destination(function.role, target)

    def _check_function(self, function: Function, target_arn: str) -> None:
        """Refuse a function that isn't there, and the function itself."""
        if f"{target_arn}:".startswith(f"{function.function_arn}:"):
            raise invalid_value("You can't specify the function as a destination for itself.")
        if service_of(target_arn) == "lambda" and not _exists(target_arn):
            raise invalid_value(f"The destination ARN {target_arn} is invalid.")

    def _write(self, function: Function, qualifier: str, config: EventInvokeConfig) -> Answer:
        with changing(function.function_arn, self.headers.get("Authorization", "")):
            function.event_invoke_configs[qualifier] = config
        return answer(200, config.response())


def _exists(function_arn: str) -> bool:
    region, account_id, _, name, *qualifier = function_arn.split(":")[3:]
    try:
        lambda_backends[account_id][region].get_function(name, *qualifier)
    except UnknownFunctionException:
        return False
    return True


def _present(function: Function, qualifier: str) -> EventInvokeConfig:
    try:
        return function.event_invoke_configs[qualifier]
    except KeyError:
        message = f"The function {qualified_arn(function, qualifier)} doesn't have an EventInvokeConfig"
        raise not_found(message) from None
