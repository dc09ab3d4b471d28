"""How much IAM's policies may say, and that no policy goes which somebody still has.

Source: IAM user guide, "IAM and AWS STS quotas"; API reference, DeletePolicy; words from public issues.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.iam.exceptions import DeleteConflictException, LimitExceededException
from moto.iam.models import IAMBackend

from async_lab.endpoint.moto_patches import replace

# In characters without white space:
_LARGEST_MANAGED = 6_144
_LARGEST_OF_A_ROLE = 10_240
"""Of all of a role's inline policies together."""
_put_role_policy = IAMBackend.put_role_policy
_create_policy = IAMBackend.create_policy
_create_policy_version = IAMBackend.create_policy_version
_delete_policy = IAMBackend.delete_policy


def install() -> None:
    """Have IAM look at both, in the whole process; again is no harm."""
    replace(IAMBackend, "put_role_policy", _put)
    replace(IAMBackend, "create_policy", _create)
    replace(IAMBackend, "create_policy_version", _create_version)
    replace(IAMBackend, "delete_policy", _delete)


def _size(documents: Iterable[Any]) -> int:
    return sum(len("".join(str(document).split())) for document in documents)


def _put(backend: IAMBackend, role_name: str, policy_name: str, policy_json: str) -> None:
    others = (document for name, document in backend.get_role(role_name).policies.items() if name != policy_name)
    if _size([*others, policy_json]) > _LARGEST_OF_A_ROLE:
        raise LimitExceededException(f"Maximum policy size of {_LARGEST_OF_A_ROLE} bytes exceeded for role {role_name}")
    _put_role_policy(backend, role_name, policy_name, policy_json)


def _create(backend: IAMBackend, description: str, path: str, policy_document: str, *rest: Any, **more: Any) -> Any:
    _check_managed(policy_document)
    return _create_policy(backend, description, path, policy_document, *rest, **more)


def _create_version(backend: IAMBackend, policy_arn: str, policy_document: str, *rest: Any, **more: Any) -> Any:
    _check_managed(policy_document)
    return _create_policy_version(backend, policy_arn, policy_document, *rest, **more)


def _check_managed(document: str) -> None:
    if _size([document]) > _LARGEST_MANAGED:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {_LARGEST_MANAGED}")


def _delete(backend: IAMBackend, policy_arn: str) -> None:
    if backend.get_policy(policy_arn).attachment_count:
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    _delete_policy(backend, policy_arn)
