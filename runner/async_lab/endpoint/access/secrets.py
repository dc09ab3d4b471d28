"""Secrets Manager: what is done with no secret that is marked for deletion, and what moto takes though AWS doesn't.

Source: API reference of each operation, "Errors": describing, listing versions and restoring alone need no secret that
stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.awslambda.utils import get_backend
from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceNotFoundException,
    SecretsManagerClientError,
)
from moto.secretsmanager.responses import SecretsManagerResponse

from async_lab.endpoint import json_text
from async_lab.endpoint.moto_patches import replace

_MARKED = "You can't perform this operation on the secret because it was marked for deletion."
_NOT_WHEN_MARKED = (
    *("cancel_rotate_secret", "delete_resource_policy", "delete_secret", "get_resource_policy", "get_secret_value"),
    *("put_resource_policy", "put_secret_value", "remove_regions_from_replication", "replicate_secret_to_regions"),
    *("rotate_secret", "tag_resource", "untag_resource", "update_secret", "update_secret_version_stage"),
)
_RECOVERY_DAYS = range(7, 31)
_motos = {name: getattr(SecretsManagerResponse, name) for name in (*_NOT_WHEN_MARKED, "create_secret")}


def install() -> None:
    """Have Secrets Manager look at a secret before it acts, in the whole process; again is no harm."""
    for name in _motos:
        replace(SecretsManagerResponse, name, _checked(name))


def _checked(name: str) -> Callable[[SecretsManagerResponse], Any]:
    def checked(response: SecretsManagerResponse) -> Any:
        asked = json.loads(response.body)
        if check := _CHECKS.get(name):
            check(response, asked)
        if name in _NOT_WHEN_MARKED and not asked.get("ForceDeleteWithoutRecovery") and _is_marked(response, asked):
            raise InvalidRequestException(_MARKED)
        return _motos[name](response)

    return checked


def _is_marked(response: SecretsManagerResponse, asked: Mapping[str, Any]) -> bool:
    """Whether a secret is there, and marked for deletion."""
    secrets, called = response.backend.secrets, str(asked.get("SecretId") or asked.get("Name"))
    return called in secrets and secrets[called].is_deleted()


def _created(response: SecretsManagerResponse, asked: Mapping[str, Any]) -> None:
    if _is_marked(response, asked):
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )


def _deleted(_response: SecretsManagerResponse, asked: Mapping[str, Any]) -> None:
    days = asked.get("RecoveryWindowInDays")
    if days is not None and asked.get("ForceDeleteWithoutRecovery"):
        raise InvalidParameterException(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        )
    if days is not None and days not in _RECOVERY_DAYS:
        raise InvalidParameterException("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")


def _rotated(response: SecretsManagerResponse, asked: Mapping[str, Any]) -> None:
    """Refuse a rotation: without a function as AWS does, and with one by name, as nobody would run it here."""
    secrets, called = response.backend.secrets, str(asked.get("SecretId"))
    if called not in secrets or secrets[called].is_deleted():
        return
    function_arn = asked.get("RotationLambdaARN") or getattr(secrets[called], "rotation_lambda_arn", "")
    if not function_arn:
        raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
    try:
        get_backend(response.current_account, response.region).get_function(function_arn)
    except JsonRESTError:
        raise ResourceNotFoundException(f"Resource not found for ARN '{function_arn}'.") from None
    raise NotImplementedError("RotateSecret, which would run a function,")


def _with_policy(_response: SecretsManagerResponse, asked: Mapping[str, Any]) -> None:
    try:
        is_policy = isinstance(json_text.read(asked["ResourcePolicy"]), dict)
    except ValueError:
        is_policy = False
    if not is_policy:
        raise SecretsManagerClientError(
            "MalformedPolicyDocumentException",
            "This resource policy contains invalid JSON.",  # assumed
        )


_CHECKS: Mapping[str, Callable[[SecretsManagerResponse, Mapping[str, Any]], None]] = {
    "create_secret": _created,
    "delete_secret": _deleted,
    "put_resource_policy": _with_policy,
    "rotate_secret": _rotated,
}
