"""What the diagnosis finds in a function of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from async_lab.diagnosis import Finding, diagnose
from async_lab.observation.look import look_at

if TYPE_CHECKING:
    from async_lab.testing.base import BaseLab


def findings(lab: BaseLab, function: str) -> tuple[Finding, ...]:
    """Return what is to be seen of a function since the test began."""
    return diagnose(look_at(lab.client, function, None, lab.began_at, lab.now))


def words(finding: Finding) -> str:
    """Return a finding as people read it."""
    advice = "".join(f"\n- {text}" for text in finding.advice)
    return f"{finding.title}\n{finding.explanation}{advice}"
