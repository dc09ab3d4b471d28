"""Parameter Store: what a parameter that is there doesn't become.

Source: API reference, PutParameter; words from there and from public issues.
"""

from __future__ import annotations

from moto.core import DEFAULT_ACCOUNT_ID

from async_lab.endpoint.http.api_call import ApiCall
from async_lab.endpoint.http.constraints import Problem

_SECURE = "SecureString"


def problem(call: ApiCall, region: str) -> Problem | None:
    """Return why a parameter isn't put over the one that is there; None where it is, and of all other calls."""
    if (call.service, call.operation.name) != ("ssm", "PutParameter") or not call.parameters.get("Overwrite"):
        return None
    from moto.ssm.models import ssm_backends  # two seconds to import: only for who asks SSM

    present = ssm_backends[DEFAULT_ACCOUNT_ID][region].get_parameter(str(call.parameters["Name"]))
    if present is None:
        return None
    kind = call.parameters.get("Type") or present.parameter_type
    if kind != present.parameter_type and _SECURE in {kind, present.parameter_type}:
        return Problem(
            "HierarchyTypeMismatchException",
            "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a "
            "parameter from a String type to a SecureString type.",
        )
    if present.tier == "Advanced" and call.parameters.get("Tier") == "Standard":
        return Problem(
            "ValidationException",
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
            "parameter and recreate it as a standard parameter.",
        )
    return None
