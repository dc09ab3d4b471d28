"""``AssumeRole``: a role is assumed by whom it trusts, for as long and with as much as is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import iam_backends
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.sts.responses import TokenResponse

from async_lab.endpoint.access import identity_policies, resource_policies
from async_lab.endpoint.access.conditions import ABSENT
from async_lab.endpoint.access.identity_policies import ALLOW, DENY, RequiredPermission
from async_lab.endpoint.access.principals import PARTITION, calling, remember
from async_lab.endpoint.access.roles import AccessDenied, Refused, enforces
from async_lab.endpoint.moto_patches import replace

_ACTION = "sts:AssumeRole"
_CHAINED_SECONDS = 3_600  # IAM user guide, "Role chaining"
_DEFAULT_SECONDS = 3_600
_assume_role = TokenResponse.assume_role


def install() -> None:
    """Have moto ask the role before it is assumed; again is no harm."""
    replace(TokenResponse, "assume_role", _assumed)
    for operation in ("get_session_token", "get_federation_token"):
        replace(TokenResponse, operation, _refused_to_roles(operation))


_motos = {name: getattr(TokenResponse, name) for name in ("get_session_token", "get_federation_token")}


def _refused_to_roles(operation: str) -> Any:
    """Return STS' operation as AWS has it: temporary credentials get no others by it."""
    called = operation.title().replace("_", "")

    def asked(response: TokenResponse) -> Any:
        if calling.get() and enforces(response):
            raise Refused("AccessDenied", f"Cannot call {called} with session credentials", HTTPStatus.FORBIDDEN)
        return _motos[operation](response)

    return asked


def _assumed(response: TokenResponse) -> Any:
    """Have moto begin a session, and keep what it is limited by."""
    if not enforces(response):
        return _assume_role(response)
    asked = response.params
    _ask_for(response, asked["RoleArn"])
    _check_duration(asked["RoleArn"], int(asked.get("DurationSeconds", _DEFAULT_SECONDS)))
    policies = tuple(_session_policies(asked, response.current_account))
    answer = _assume_role(response)
    remember(answer.result["Credentials"], policies)
    return answer


def _ask_for(response: TokenResponse, role_arn: str) -> None:
    """Raise AccessDenied unless the role trusts the caller, by itself or through the account that lets it.

    IAM user guide, "Policy evaluation logic": where a role names its account as its principal, the caller's own
    policies decide; where it names the caller, it is enough that they deny nothing.
    """
    caller = calling.get()
    session_arn = caller.session_arn if caller else _tester(response)
    by_name = {session_arn, caller.role_arn} if caller and caller.role_arn else {session_arn}
    account = f"arn:aws:iam::{response.current_account}:root"
    request = {
        "sts:externalid": response.params.get("ExternalId", ABSENT),
        "sts:rolesessionname": response.params["RoleSessionName"],
    }
    trusts = [resource_policies.decision(who, _ACTION, role_arn, request) for who in (by_name, {account})]
    own = _own_decision(caller.role_arn, role_arn, caller.session_policies) if caller and caller.role_arn else ALLOW
    is_trusted = trusts[0] == ALLOW or (trusts[1] == ALLOW and own == ALLOW)
    if DENY in {*trusts, own} or not is_trusted:
        raise AccessDenied(session_arn, _ACTION, role_arn)


def _tester(response: TokenResponse) -> str:
    """Return who calls by no role, as STS says it: a user of IAM's, or whoever writes the test."""
    arn: str = response.backend.get_caller_identity(response.get_access_key(), response.region)[1]
    return arn


def _own_decision(caller_arn: str, role_arn: str, session_policies: tuple[str, ...]) -> str | None:
    need = RequiredPermission(_ACTION, role_arn)
    said = [identity_policies.decision(caller_arn, need)]
    if session_policies:
        said.append(identity_policies.decision(caller_arn, need, documents=session_policies))
    return next((decision for decision in (DENY, None) if decision in said), ALLOW)


def _check_duration(role_arn: str, seconds: int) -> None:
    if calling.get() and seconds > _CHAINED_SECONDS:
        raise Refused(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    longest = int(identity_policies.role(role_arn).max_session_duration or _DEFAULT_SECONDS)
    if seconds > longest:
        raise Refused(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _session_policies(asked: Mapping[str, Any], account_id: str) -> Iterator[str]:
    """Yield the documents that a session is limited by. Raises Refused for one that there isn't."""
    if given := asked.get("Policy"):
        yield _read(given)
    policies = iam_backends[account_id][PARTITION].managed_policies
    for arn in (each["arn"] for each in asked.get("PolicyArns") or ()):
        if arn not in policies:
            raise Refused("ValidationError", f"There is no policy {arn}.")
        yield from (version.document for version in policies[arn].versions if version.is_default)


def _read(document: str) -> str:
    """Return a policy as it was given. Raises Refused when it is none."""
    try:
        IAMPolicyDocumentValidator(document).validate()
    except MalformedPolicyDocument as error:
        raise Refused("MalformedPolicyDocument", error.message) from error
    return document
