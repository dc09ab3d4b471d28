"""Lambda's errors, in its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError

from async_lab.endpoint.functions.permissions import RequiredPermission, first_missing, needs_of_target


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


def check_ranges(request: Mapping[str, Any], allowed: Mapping[str, Range]) -> None:
    """Refuse a number that is out of its range."""
    if problem := _range_problem(request, allowed):
        raise Refusal(400, "ValidationException", problem)


def check_execution_role(role_arn: str, needs: tuple[RequiredPermission, ...]) -> None:
    """Refuse a function configuration that its role can't serve, in the words that many issues quote."""
    if missing := first_missing(role_arn, needs):
        service = missing.action.partition(":")[0].upper()
        raise invalid_value(
            f"The provided execution role does not have permissions to call {missing.verb} on {service}"
        )


def check_destination(role_arn: str, target_arn: str) -> None:
    """Refuse a destination that the function's role may not write to (AWS provider, event-invoke config's retries)."""
    if missing := first_missing(role_arn, needs_of_target(target_arn)):
        raise invalid_value(
            f"The function's execution role does not have permissions to call {missing.verb} on {target_arn}"
        )


Range = tuple[int, int]


def _range_problem(request: Mapping[str, Any], ranges: Mapping[str, Range]) -> str | None:
    """Return the sentence with which Lambda refuses the first number out of its range; None when it doesn't."""
    for name, (lowest, highest) in ranges.items():
        value = request.get(name)
        if value is not None and not lowest <= value <= highest:
            bound, limit = ("greater", lowest) if value < lowest else ("less", highest)
            field = name[0].lower() + name[1:]
            return (
                f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: "
                f"Member must have value {bound} than or equal to {limit}"
            )
    return None
