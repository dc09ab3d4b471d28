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
    reason: str
    """Why it wasn't shown, in a sentence's second half: ``CloudWatch has no data point``."""
    permission: str | None = None
    """The IAM action that the caller lacks; None: that isn't why."""

    def __str__(self) -> str:
        return f"{self.subject[:1].upper()}{self.subject[1:]} could not be seen: {self.reason.rstrip('.')}."


@dataclass(frozen=True, slots=True)
class Looks:
    """Calls that read, each of which may fail without the others."""

    gaps: list[Gap] = field(default_factory=list)

    def at(self, subject: str, action: str, call: Callable[[], T]) -> T | None:
        """Return what a call returns; None, and a gap, when AWS refuses it or can't be asked.

        ``action`` is what IAM calls it, such as ``lambda:GetFunctionConcurrency``.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            return call()
        except ClientError as error:
            said = error.response.get("Error", {})
            if said.get("Code") in _DENIED:
                self.gaps.append(Gap(subject, f"you are not allowed {action}", action))
            else:
                message = " ".join(str(said.get("Message", "")).split())
                self.gaps.append(Gap(subject, f"{action} failed ({said.get('Code')}: {message.rstrip('.')})"))
        except (BotoCoreError, ResponseParserError) as error:  # no answer, or one that isn't AWS's
            self.gaps.append(Gap(subject, f"{action} failed ({error})"))
        return None
