"""Resource-based policies: who may invoke the function, or one version or alias of it."""

from __future__ import annotations

import json

from moto.awslambda.policy import Policy

from async_lab.endpoint.functions.refusals import conflict, not_found
from async_lab.endpoint.functions.requests import NO_CONTENT, Answer, Requests


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
