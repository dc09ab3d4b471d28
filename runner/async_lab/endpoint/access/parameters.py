"""Parameter Store: what a parameter that is there doesn't become.

Source: API reference, PutParameter; words from there and from public issues.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ssm.models import SimpleSystemManagerBackend

from async_lab.endpoint.moto_patches import replace

_put = SimpleSystemManagerBackend.put_parameter
_SECURE = "SecureString"


def install() -> None:
    """Have parameters looked at before they are changed, in the whole process; again is no harm."""
    replace(SimpleSystemManagerBackend, "put_parameter", _put_checked)


def _put_checked(
    backend: SimpleSystemManagerBackend,
    name: str,
    description: str,
    value: str,
    parameter_type: str | None,
    allowed_pattern: str,
    keyid: str,
    overwrite: bool,
    *rest: Any,
    tier: str | None = None,
    **more: Any,
) -> Any:
    present = backend.get_parameter(name) if overwrite else None
    if present is not None:
        is_other = parameter_type not in {None, present.parameter_type}
        if is_other and _SECURE in {parameter_type, present.parameter_type}:
            raise JsonRESTError(
                "HierarchyTypeMismatchException",
                "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't "
                "change a parameter from a String type to a SecureString type.",
            )
        if present.tier == "Advanced" and tier == "Standard":
            raise JsonRESTError(
                "ValidationException",
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
                "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
                "parameter and recreate it as a standard parameter.",
            )
    return _put(
        backend,
        name,
        description,
        value,
        parameter_type,
        allowed_pattern,
        keyid,
        overwrite,
        *rest,
        tier=tier,
        **more,
    )
