"""Resource-based policies: who may invoke the function, or one version or alias of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.awslambda.policy import Policy
from moto.moto_api._internal import mock_random

from async_lab import arns
from async_lab.endpoint.access import identity_policies
from async_lab.endpoint.functions.refusals import check_revision, conflict, invalid_value, not_found
from async_lab.endpoint.functions.requests import NO_CONTENT, Answer, Requests, answer

_CONDITIONS = {  # API reference, AddPermission: what becomes of each of its members
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
}

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class PolicyRequests(Requests):
    """Requests about a function's policies, one per qualifier; moto has one for all."""

    def add_permission(self) -> Answer:
        """Add a statement to the policy of a qualifier."""
        name, qualifier = self._named()
        self.backend.get_function(name, qualifier)  # 404 for a version or alias that isn't there
        function, request = self._function(), self.json_body
        _check(request, function.account_id)
        policy = function.policies.setdefault(qualifier or "", Policy(function))
        check_revision(request.get("RevisionId"), policy.revision)
        if any(each["Sid"] == request["StatementId"] for each in policy.statements):
            raise conflict(
                f"The statement id ({request['StatementId']}) provided already exists. Please provide a new statement "
                "id, or remove the existing statement."
            )
        arn = f"{function.function_arn}:{qualifier}" if qualifier else function.function_arn
        policy.statements.append(statement(request, arn))
        policy.revision = str(mock_random.uuid4())
        return answer(201, {"Statement": json.dumps(policy.statements[-1], separators=(",", ":"))})

    def get_policy(self) -> Answer:
        """Return the policy of a qualifier."""
        policy = self._policy()
        if policy is None:
            raise not_found("The resource you requested does not exist.")
        return answer(200, json.loads(policy.wire_format()))

    def remove_permission(self) -> Answer:
        """Take a statement out of the policy of a qualifier."""
        policy, statement_id = self._policy(), self.path.rsplit("/", 1)[-1]
        if policy is None:
            raise not_found("No policy is associated with the given resource.")
        check_revision((self.querystring.get("RevisionId") or [None])[0], policy.revision)
        left = [each for each in policy.statements if each["Sid"] != statement_id]
        if len(left) == len(policy.statements):
            raise not_found(f"Statement {statement_id} is not found in resource policy.")
        policy.statements[:], policy.revision = left, str(mock_random.uuid4())
        return NO_CONTENT

    def _policy(self) -> Policy | None:
        policy = self._function().policies.get(self._named()[1] or "")
        return policy if policy and policy.statements else None


def _check(request: Mapping[str, Any], account_id: str) -> None:
    """Refuse whom and what no policy of a function can be about. Words: snapshot."""
    if request.get("FunctionUrlAuthType") and request["Action"] != "lambda:InvokeFunctionUrl":
        raise invalid_value("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
    if not _is_principal(request["Principal"], account_id):
        raise invalid_value("The provided principal was invalid. Please check the principal and try again.")


def _is_principal(named: str, account_id: str) -> bool:
    """Whether there may be somebody of that name: all, an account, a service, or somebody of an account's."""
    if named == "*" or _ACCOUNT.fullmatch(named) or _SERVICE.fullmatch(named):
        return True
    if arns.service_of(named) not in {"iam", "sts"}:
        return False
    arn = arns.parse(named)
    if arn.account_id != account_id or ":role/" not in named:
        return _ACCOUNT.fullmatch(arn.account_id) is not None
    return identity_policies.role(named) is not None


def statement(request: Mapping[str, Any], function_arn: str) -> dict[str, Any]:
    """Return the statement that AddPermission makes."""
    conditions: dict[str, dict[str, Any]] = {}
    for member, (operator, key) in _CONDITIONS.items():
        if (value := request.get(member)) is not None:
            conditions.setdefault(operator, {})[key] = str(value).lower() if isinstance(value, bool) else value
    made = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(request["Principal"]),
        "Action": request["Action"],
        "Resource": function_arn,
    }
    return made | ({"Condition": conditions} if conditions else {})


def _principal(named: str) -> str | dict[str, str]:
    if named == "*":
        return named
    if named.isdigit():
        return {"AWS": f"arn:aws:iam::{named}:root"}
    return {"AWS": named} if arns.service_of(named) else {"Service": named}
