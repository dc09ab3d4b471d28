"""The requests of Lambda's API that moto answers differently from AWS, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse
from moto.core.exceptions import JsonRESTError

from runner.endpoint.functions import event_invoke_config
from runner.endpoint.functions.deployed import LATEST, reserved_in_all, unreserved_limit
from runner.endpoint.functions.event_invoke_config import EventInvokeConfig
from runner.endpoint.functions.model import Function
from runner.twin.rules import ACCOUNT_CONCURRENCY, MINIMUM_UNRESERVED_CONCURRENCY

Answer = tuple[int, dict[str, str], str]

_CODE_SIZE_LIMIT = 75 * 1024**3  # doc: code storage per region
_ZIPPED_LIMIT, _UNZIPPED_LIMIT = 50 * 1024**2, 250 * 1024**2  # doc


class _Refusal(JsonRESTError):
    """An error in Lambda's wire form."""

    def __init__(self, code: int, error_type: str, message: str) -> None:
        super().__init__(error_type, message)
        self.code = code


class FunctionsResponse(LambdaResponse):
    """Event-invoke configs by qualifier, concurrency where 0 is 0, and the account's settings."""

    now: Callable[[], float]

    def put_function_event_invoke_config(self) -> Answer:
        """Replace the whole config of a qualifier."""
        function, qualifier = self._qualified()
        return self._store(
            event_invoke_config.create(_arn(function, qualifier), self._checked(), self._at()), qualifier
        )

    def update_function_event_invoke_config(self) -> Answer:
        """Change what the request names, and keep the rest."""
        function, qualifier = self._qualified()
        present = function.event_invoke_configs.get(qualifier) or event_invoke_config.create(
            _arn(function, qualifier), {}, self._at()
        )
        return self._store(present.updated(self._checked(), self._at()), qualifier)

    def get_function_event_invoke_config(self) -> Answer:
        """Return the config of a qualifier."""
        function, qualifier = self._qualified()
        return _json(200, self._present(function, qualifier).response())

    def delete_function_event_invoke_config(self) -> Answer:
        """Return to Lambda's defaults."""
        function, qualifier = self._qualified()
        self._present(function, qualifier)
        del function.event_invoke_configs[qualifier]
        return 204, {}, ""

    def list_function_event_invoke_configs(self) -> Answer:
        """Return the configs of all qualifiers."""
        configs = self._function().event_invoke_configs
        return _json(200, {"FunctionEventInvokeConfigs": [configs[name].response() for name in sorted(configs)]})

    def put_function_concurrency(self) -> Answer:
        """Reserve concurrency, if enough remains unreserved for all others."""
        function, wanted = self._function(), int(self._get_param("ReservedConcurrentExecutions"))
        others = reserved_in_all(self.current_account, self.region) - (function.reserved_concurrency or 0)
        if wanted and ACCOUNT_CONCURRENCY - others - wanted < MINIMUM_UNRESERVED_CONCURRENCY:
            raise _Refusal(
                400,
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{MINIMUM_UNRESERVED_CONCURRENCY}].",  # capture
            )
        function.reserved_concurrency = wanted
        return self.get_function_concurrency()

    def get_function_concurrency(self) -> Answer:
        """Return the reservation; an empty object when there is none."""
        reserved = self._function().reserved_concurrency
        return _json(200, {} if reserved is None else {"ReservedConcurrentExecutions": reserved})

    def get_account_settings(self) -> Answer:
        """Return the account's limits and usage."""
        functions = self.backend.list_functions()
        limit = {
            "TotalCodeSize": _CODE_SIZE_LIMIT,
            "CodeSizeUnzipped": _UNZIPPED_LIMIT,
            "CodeSizeZipped": _ZIPPED_LIMIT,
            "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
            "UnreservedConcurrentExecutions": unreserved_limit(self.current_account, self.region),
        }
        usage = {"TotalCodeSize": sum(function.code_size for function in functions), "FunctionCount": len(functions)}
        return _json(200, {"AccountLimit": limit, "AccountUsage": usage})

    def _function(self) -> Function:
        function: Function = self.backend.get_function(unquote(self.path.split("/functions/")[1].split("/")[0]))
        return function

    def _qualified(self) -> tuple[Function, str]:
        qualifier = (self.querystring.get("Qualifier") or [LATEST])[0]
        function = self._function()
        self.backend.get_function(function.function_name, qualifier)  # 404 for a version or alias that isn't there
        return function, qualifier

    def _present(self, function: Function, qualifier: str) -> EventInvokeConfig:
        try:
            return function.event_invoke_configs[qualifier]
        except KeyError:
            message = f"The function {_arn(function, qualifier)} doesn't have an EventInvokeConfig"
            raise _Refusal(404, "ResourceNotFoundException", message) from None

    def _checked(self) -> dict[str, Any]:
        request: dict[str, Any] = self.json_body
        if problem := event_invoke_config.problem(request):
            raise _Refusal(400, "ValidationException", problem)
        return request

    def _store(self, config: EventInvokeConfig, qualifier: str) -> Answer:
        self._function().event_invoke_configs[qualifier] = config
        return _json(200, config.response())

    def _at(self) -> float:
        return type(self).now()


def _arn(function: Function, qualifier: str) -> str:
    return f"{function.function_arn}:{qualifier}"


def _json(status: int, body: dict[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body)
