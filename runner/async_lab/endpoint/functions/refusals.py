"""Lambda's errors, in its words."""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError

from async_lab.endpoint.access.identity_policies import RequiredPermission, first_missing, needs_of_target
from async_lab.endpoint.access.trust_policies import trusts_service


class Refusal(JsonRESTError):
    """An error in Lambda's wire form."""

    def __init__(self, code: int, error_type: str, message: str) -> None:
        super().__init__(error_type, message)
        self.code = code


def invalid_value(message: str) -> Refusal:
    """Return the error for a parameter that can't be."""
    return Refusal(400, "InvalidParameterValueException", message)


def not_found(message: str) -> Refusal:
    """Return the error for something that isn't there."""
    return Refusal(404, "ResourceNotFoundException", message)


def conflict(message: str) -> Refusal:
    """Return the error for something that stands in the way."""
    return Refusal(409, "ResourceConflictException", message)


def too_large(message: str) -> Refusal:
    """Return the error for a request, or a package in it, that is too large."""
    return Refusal(413, "RequestEntityTooLargeException", message)


def check_revision(asked: str | None, latest: str) -> None:
    """Refuse a change of something that has changed since its caller looked."""
    if asked and asked != latest:
        message = (
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
        raise Refusal(412, "PreconditionFailedException", message)


def check_execution_role(role_arn: str, needs: tuple[RequiredPermission, ...]) -> None:
    """Refuse a function configuration that its role can't serve, in the words that many issues quote."""
    if missing := first_missing(role_arn, needs):
        service = missing.action.partition(":")[0].upper()
        raise invalid_value(
            f"The provided execution role does not have permissions to call {missing.verb} on {service}"
        )


def check_trust(role_arn: str, function_arn: str) -> None:
    """Refuse a role that Lambda may not assume for a function, or that isn't there."""
    if not trusts_service(role_arn, "lambda.amazonaws.com", function_arn):
        raise invalid_value("The role defined for the function cannot be assumed by Lambda.")


def check_destination(role_arn: str, target_arn: str) -> None:
    """Refuse a destination that the function's role may not write to (AWS provider, event-invoke config's retries)."""
    if missing := first_missing(role_arn, needs_of_target(target_arn)):
        raise invalid_value(
            f"The function's execution role does not have permissions to call {missing.verb} on {target_arn}"
        )
