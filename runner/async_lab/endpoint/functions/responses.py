"""The requests of Lambda's API that moto answers differently from AWS, or not at all."""

from __future__ import annotations

from typing import Any

from async_lab.endpoint.functions.changes import changing
from async_lab.endpoint.functions.code import check_sha256
from async_lab.endpoint.functions.concurrency_requests import ConcurrencyRequests
from async_lab.endpoint.functions.event_invoke_requests import EventInvokeConfigRequests
from async_lab.endpoint.functions.policy_requests import PolicyRequests
from async_lab.endpoint.functions.requests import NO_CONTENT, Answer


class FunctionsResponse(EventInvokeConfigRequests, ConcurrencyRequests, PolicyRequests):
    """All of them; functions, versions, aliases and layers themselves are moto's."""

    def update_function_configuration(self) -> Any:
        """Change a function's configuration, one change at a time."""
        with changing(self._function().function_arn, self.headers.get("Authorization", "")):
            return super().update_function_configuration()

    def update_function_code(self) -> Any:
        """Change a function's code, one change at a time."""
        with changing(self._function().function_arn, self.headers.get("Authorization", "")):
            return super().update_function_code()

    def publish_version(self) -> Any:
        """Publish the code that the caller knows, if they say which."""
        check_sha256(self._get_param("CodeSha256"), self._function().code_sha_256)
        return super().publish_version()

    def delete_alias(self) -> Answer:
        """Delete an alias with what was configured for it (assumed of the event-invoke config)."""
        super().delete_alias()
        function, alias = self._function(), self.path.rsplit("/", 1)[-1]
        for settings in (function.event_invoke_configs, function.provisioned, function.policies):
            settings.pop(alias, None)
        return NO_CONTENT
