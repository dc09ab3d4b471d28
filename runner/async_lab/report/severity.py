"""How bad a finding is, as a color or a sign; the words beside it say the same."""

from __future__ import annotations

from collections.abc import Mapping

from async_lab.diagnosis import Finding, Severity

_COLORS: Mapping[Severity, str] = {
    Severity.CRITICAL: "red",
    Severity.WARNING: "yellow",
    Severity.NOTICE: "cyan",
    Severity.INFO: "green",
}
_MARKS = {"red": "✗", "yellow": "⚠", "cyan": "•", "green": "✓"}


def style_of(finding: Finding) -> str:
    """Return the color of a finding: red where events are lost, green only where nothing is wrong."""
    return _COLORS[finding.severity]


def heading_style_of(finding: Finding) -> str:
    """Return the style of a finding's title: its color, and bold where events are lost."""
    return f"bold {style_of(finding)}" if finding.severity is Severity.CRITICAL else style_of(finding)


def mark_of(finding: Finding) -> str:
    """Return a sign for a finding, where there are no colors."""
    return _MARKS[style_of(finding)]
