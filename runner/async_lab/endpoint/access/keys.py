"""KMS: what a key is not used for that is disabled, about to be deleted or made for something else; AWS's own aliases.

Source: KMS developer guide, "Key states of AWS KMS keys"; API reference, CreateAlias, CreateKey and EnableKeyRotation.
Words from there and from public issues.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import Key
from moto.kms.responses import KmsResponse
from moto.kms.utils import _deserialize_ciphertext_blob

from async_lab.endpoint import json_text
from async_lab.endpoint.moto_patches import replace

_USES = {
    "encrypt": "ENCRYPT_DECRYPT",
    "decrypt": "ENCRYPT_DECRYPT",
    "re_encrypt": "ENCRYPT_DECRYPT",
    "generate_data_key": "ENCRYPT_DECRYPT",
    "generate_data_key_without_plaintext": "ENCRYPT_DECRYPT",
    "generate_mac": "GENERATE_VERIFY_MAC",
    "verify_mac": "GENERATE_VERIFY_MAC",
    "sign": "SIGN_VERIFY",
    "verify": "SIGN_VERIFY",
}
"""Operations that use a key, and what it must be for."""
_NEED_ENABLED = {"create_grant", "disable_key_rotation", "enable_key_rotation", "get_public_key"}
_NOT_PENDING = {
    *("create_alias", "disable_key", "enable_key", "schedule_key_deletion", "tag_resource", "untag_resource"),
    *("update_alias", "update_key_description"),
}
"""Operations that a disabled key allows, and one that is about to be deleted doesn't."""
_CHANGES_ROTATION = {"disable_key_rotation", "enable_key_rotation"}
_OF_ALIASES = {"create_alias", "delete_alias", "update_alias"}
_WITH_POLICY = {"create_key", "put_key_policy"}
_SYMMETRIC, _DEFAULT_USAGE = "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"
_motos: dict[str, Callable[[KmsResponse], Any]] = {
    name: getattr(KmsResponse, name)
    for name in {
        *_USES,
        *_NEED_ENABLED,
        *_NOT_PENDING,
        *_OF_ALIASES,
        *_WITH_POLICY,
        "cancel_key_deletion",
    }
}


def install() -> None:
    """Have KMS ask a key's state, in the whole process; again is no harm."""
    for name in _motos:
        replace(KmsResponse, name, _checked(name))


def _checked(name: str) -> Callable[[KmsResponse], Any]:
    def checked(response: KmsResponse) -> Any:
        if name in _OF_ALIASES:
            _check_alias(response)
        if name in _WITH_POLICY:
            _check_policy(response)
        if name == "create_key":
            _check_usage(response)
        for key in _keys(response):
            _check(name, key)
        return _motos[name](response)

    return checked


def _keys(response: KmsResponse) -> Iterator[Key]:
    """Yield the keys that a request is about, as far as they are there."""
    asked = response._get_param  # noqa: SLF001 - moto's own
    backend = response.kms_backend
    named = [asked(member) for member in ("KeyId", "TargetKeyId", "DestinationKeyId")]
    if (blob := asked("CiphertextBlob")) is not None:
        try:
            named.append(_deserialize_ciphertext_blob(blob).key_id)
        except (struct.error, UnicodeDecodeError):
            return  # moto's to refuse
    for each in filter(None, named):
        name = backend.get_alias_name(each)
        key_id = backend.get_key_id_from_alias(name) if name.startswith("alias/") else backend.get_key_id(each)
        if key_id in backend.keys:
            yield backend.keys[key_id]


def _check(name: str, key: Key) -> None:
    """Raise KMS' error where a key's state or kind doesn't allow an operation."""
    is_pending = key.key_state == "PendingDeletion"
    if name == "cancel_key_deletion":
        if not is_pending:
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        return
    if is_pending and name in {*_USES, *_NEED_ENABLED, *_NOT_PENDING}:
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if not key.enabled and name in {*_USES, *_NEED_ENABLED}:
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    usage = key.key_usage or _DEFAULT_USAGE
    if name in _USES and usage != _USES[name]:
        operation = name.title().replace("_", "")
        raise JsonRESTError(
            "InvalidKeyUsageException", f"{key.arn} key usage is {usage} which is not valid for {operation}."
        )
    if name in _CHANGES_ROTATION and key.key_spec != _SYMMETRIC:
        raise JsonRESTError("UnsupportedOperationException", f"{key.arn} is no symmetric encryption key.")


def _check_alias(response: KmsResponse) -> None:
    name = str(response._get_param("AliasName"))  # noqa: SLF001 - moto's own
    if name.startswith("alias/aws/"):
        raise JsonRESTError("NotAuthorizedException", "")
    if name == "alias/":
        raise JsonRESTError("ValidationException", "Alias must not be empty")  # assumed


def _check_policy(response: KmsResponse) -> None:
    policy = response._get_param("Policy")  # noqa: SLF001 - moto's own
    try:
        is_policy = policy is None or isinstance(json_text.read(policy), dict)
    except ValueError:
        is_policy = False
    if not is_policy:
        raise JsonRESTError("MalformedPolicyDocumentException", "The policy is no JSON object.")  # assumed


def _check_usage(response: KmsResponse) -> None:
    asked = response._get_param  # noqa: SLF001 - moto's own
    spec = asked("KeySpec") or asked("CustomerMasterKeySpec") or _SYMMETRIC
    usage = asked("KeyUsage") or _DEFAULT_USAGE
    if spec == _SYMMETRIC and usage != _DEFAULT_USAGE:
        raise JsonRESTError(
            "ValidationException",
            "You must specify a KeySpec value for all KMS keys except for symmetric encryption keys. The specified "
            f"KeyUsage value is {usage}.",
        )
    allowed = _usages(spec)
    if usage not in allowed:
        raise JsonRESTError(  # assumed
            "ValidationException",
            f"KeyUsage {usage} is not compatible with KeySpec {spec}: give {' or '.join(allowed)}.",
        )


def _usages(spec: str) -> tuple[str, ...]:
    """Return what keys of a spec may be for (API reference, CreateKey)."""
    if spec.startswith("HMAC"):
        return ("GENERATE_VERIFY_MAC",)
    if spec.startswith("RSA"):
        return ("ENCRYPT_DECRYPT", "SIGN_VERIFY")
    if spec.startswith("ECC_NIST"):
        return ("SIGN_VERIFY", "KEY_AGREEMENT")
    if spec == "SM2":
        return ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT")
    return ("ENCRYPT_DECRYPT",) if spec == _SYMMETRIC else ("SIGN_VERIFY",)
