"""How bad a finding is, as a color; the words beside it say the same."""

from __future__ import annotations

from async_lab.diagnosis import Finding

_LOSSES = ("dropped", "missing", "undelivered", "lost")
_FINE = frozenset({"healthy", "idle"})


def style_of(finding: Finding) -> str:
    """Return the color of a finding: red where events are lost, green only where nothing is wrong."""
    if finding.code.startswith(_LOSSES):
        return "red"
    return "green" if finding.code in _FINE else "yellow"


def mark_of(finding: Finding) -> str:
    """Return a sign for a finding, where there are no colors."""
    return {"red": "✗", "yellow": "⚠", "green": "✓"}[style_of(finding)]
