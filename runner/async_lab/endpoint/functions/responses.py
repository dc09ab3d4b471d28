"""Resource-based policies: who may invoke the function, or one version or alias of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.awslambda import models, urls
from moto.awslambda.policy import Policy

from async_lab.endpoint.functions.code import LayerVersion, check_sha256
from async_lab.endpoint.functions.concurrency import Account, ConcurrencyRequests
from async_lab.endpoint.functions.event_invoke_config import EventInvokeConfigRequests
from async_lab.endpoint.functions.model import Function
from async_lab.endpoint.functions.refusals import conflict, not_found
from async_lab.endpoint.functions.requests import NO_CONTENT, Answer, Requests, changing
from async_lab.endpoint.moto_patches import replace, replace_route
from async_lab.endpoint.sources.mapping_requests import MappingRequests
from async_lab.twin.rules import ACCOUNT_CONCURRENCY


class PolicyRequests(Requests):
    """Requests about a function's policies, one per qualifier; moto has one for all."""

    def add_permission(self) -> Answer:
        """Add a statement to the policy of a qualifier."""
        name, qualifier = self._named()
        self.backend.get_function(name, qualifier)  # 404 for a version or alias that isn't there
        function = self._function()
        policy = function.policies.setdefault(qualifier or "", Policy(function))
        statement_id = self.json_body["StatementId"]
        if any(statement["Sid"] == statement_id for statement in policy.statements):
            raise conflict(
                f"The statement id ({statement_id}) provided already exists. Please provide a new statement id, or "
                "remove the existing statement."
            )
        statement, _ = policy.add_statement(self.body, qualifier)
        return 201, {"Content-Type": "application/json"}, json.dumps({"Statement": json.dumps(statement)})

    def get_policy(self) -> Answer:
        """Return the policy of a qualifier."""
        return 200, {"Content-Type": "application/json"}, self._policy().wire_format()

    def remove_permission(self) -> Answer:
        """Take a statement out of the policy of a qualifier."""
        statement_id = self.path.rsplit("/", 1)[-1]
        self._policy().del_statement(statement_id, (self.querystring.get("RevisionId") or [""])[0])
        return NO_CONTENT

    def _policy(self) -> Policy:
        policy = self._function().policies.get(self._named()[1] or "")
        if policy is None or not policy.statements:
            raise not_found("The resource you requested does not exist.")
        return policy


class FunctionsResponse(EventInvokeConfigRequests, ConcurrencyRequests, PolicyRequests, MappingRequests):
    """All of them; functions, versions, aliases and layers themselves are moto's."""

    def update_function_configuration(self) -> Any:
        """Change a function's configuration, one change at a time."""
        with changing(self._function().function_arn):
            return super().update_function_configuration()

    def update_function_code(self) -> Any:
        """Change a function's code, one change at a time."""
        with changing(self._function().function_arn):
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


_PATHS_UNKNOWN_TO_MOTO = (
    r"{0}/(?P<api_version>[^/]+)/account-settings/?$",
    r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/provisioned-concurrency/?$",
)


def install(now: Callable[[], float], account_concurrency: int = ACCOUNT_CONCURRENCY) -> None:
    """Make moto keep and answer functions as Lambda does, in the time that ``now`` tells (epoch seconds).

    Call it before moto's application takes its first Lambda request; calling again changes the clock and the account's
    concurrency alone.
    """
    Account.concurrency = account_concurrency
    replace(models, "LambdaFunction", Function)
    replace(models, "LayerVersion", LayerVersion)
    Function.now = Requests.now = staticmethod(now)
    for pattern in list(urls.url_paths):
        replace_route(urls.url_paths, pattern, FunctionsResponse.dispatch)
    urls.url_paths.update(dict.fromkeys(_PATHS_UNKNOWN_TO_MOTO, FunctionsResponse.dispatch))
