"""Provisioned concurrency: environments that stand ready for a version or an alias."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from async_lab.endpoint.functions.refusals import invalid_value


@dataclass(frozen=True, slots=True)
class ProvisionedConcurrency:
    """What was asked for one qualifier; it is there at once."""

    requested: int
    at: float
    """When it was asked for, in epoch seconds."""

    def response(self) -> dict[str, Any]:
        """Return Lambda's answer."""
        return {
            "RequestedProvisionedConcurrentExecutions": self.requested,
            "AvailableProvisionedConcurrentExecutions": self.requested,
            "AllocatedProvisionedConcurrentExecutions": self.requested,
            "Status": "READY",
            "LastModified": datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }


def check(qualifier: str, version: str, requested: int, reserved: int | None) -> None:
    """Refuse what can't be provisioned: code that still changes, or more than the function has for itself."""
    if "$LATEST" in {qualifier, version}:
        raise invalid_value("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    if reserved is not None and requested > reserved:
        raise invalid_value(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )
