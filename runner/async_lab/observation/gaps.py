"""What could not be seen, and why: stated, and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that could not be seen."""

    subject: str
    """What it would have told of: ``reserved concurrency``."""
    permission: str
    """The IAM action that shows it: ``lambda:GetFunctionConcurrency``."""
    reason: str
    """Why it wasn't shown: AWS's own words."""
    is_denied: bool = False
    """Whether the caller lacks the permission."""

    def __str__(self) -> str:
        why = f"you are not allowed {self.permission}" if self.is_denied else f"{self.permission} failed: {self.reason}"
        return f"{self.subject[:1].upper()}{self.subject[1:]} could not be seen: {why.rstrip('.')}."


@dataclass(frozen=True, slots=True)
class Looks:
    """Calls that read, each of which may fail without the others."""

    gaps: list[Gap] = field(default_factory=list)

    def at(self, subject: str, permission: str, call: Callable[[], T]) -> T | None:
        """Return what a call returns; None, and a gap, when AWS refuses it or can't be asked."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            self.gaps.append(Gap(subject, permission, f"{code}: {_message(error.response)}", code in _DENIED))
        except BotoCoreError as error:
            self.gaps.append(Gap(subject, permission, str(error)))
        return None


def _message(response: object) -> str:
    error = response.get("Error", {}) if isinstance(response, dict) else {}
    return " ".join(str(error.get("Message", "")).split())
