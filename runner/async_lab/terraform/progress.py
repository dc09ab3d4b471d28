"""Terraform's ``-json`` stream, read line by line.

Source of the format: Terraform's documentation, "Machine-Readable UI".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from async_lab.errors import LabError


class Step(StrEnum):
    """How far one resource has come."""

    PLANNED = "planned"
    STARTED = "started"
    GOING_ON = "going on"
    DONE = "done"
    FAILED = "failed"
    NOTE = "note"
    """Nothing of a resource's: Terraform, or the lab, says what it does."""
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that Terraform told."""

    step: Step
    message: str
    """In Terraform's own words."""
    address: str = ""
    """The resource's: ``module.function.aws_lambda_function.this``; empty for a note."""
    action: str = ""
    """``create``, ``read``, ``update``, ``delete``, ``replace``, ``noop``; empty for a note."""
    elapsed_seconds: float = 0.0
    """Since the resource was started; Terraform counts whole seconds."""


Listener = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error or warning."""

    severity: str
    summary: str
    detail: str
    address: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = ", ".join(filter(None, (self.address, f"{self.file}:{self.line}" if self.file else "")))
        explanation = " ".join(self.detail.split("\n\n")[0].split())
        what = ": ".join(filter(None, (self.summary.rstrip("."), explanation)))
        return f"{where}: {what}" if where else what


_STEPS = {
    "planned_change": Step.PLANNED,
    "apply_start": Step.STARTED,
    "apply_progress": Step.GOING_ON,
    "apply_complete": Step.DONE,
    "apply_errored": Step.FAILED,
}
_NOTES = frozenset({"init_output", "log", "change_summary"})


def read(line: bytes) -> Progress | Diagnostic | None:
    """Return what a line of the stream says; None for what is of no use, such as a plugin's own output."""
    try:
        event = json.loads(line)
        return _read_event(event)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return None  # no JSON, or not in the form that Terraform documents: the log has it all the same


def _read_event(event: dict[str, Any]) -> Progress | Diagnostic | None:
    kind, message = event["type"], str(event.get("@message", ""))
    if kind == "diagnostic":
        return _diagnostic(event["diagnostic"])
    if kind in _STEPS:
        about = event.get("hook") or event["change"]
        elapsed = float(about.get("elapsed_seconds", 0))
        return Progress(_STEPS[kind], message, str(about["resource"]["addr"]), str(about["action"]), elapsed)
    return Progress(Step.NOTE, message) if kind in _NOTES else None


def _diagnostic(said: dict[str, Any]) -> Diagnostic:
    place = said.get("range") or {}
    return Diagnostic(
        severity=str(said["severity"]),
        summary=str(said.get("summary", "")),
        detail=str(said.get("detail", "")),
        address=str(said.get("address", "")),
        file=str(place.get("filename", "")),
        line=int(place.get("start", {}).get("line", 0)),
    )


class DeferredErrors:
    """Calls a listener, and keeps what it raises until Terraform has ended.

    A terminal that went away (a closed pipe, a lost connection) must not stop an apply half-way.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._failure: Exception | None = None

    def __call__(self, progress: Progress) -> None:
        """Pass it on, unless the listener has failed before."""
        if self._failure is not None:
            return
        try:
            self._listener(progress)
        except LabError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised by raise_failure
            self._failure = error

    def raise_failure(self) -> None:
        """Raise what the listener raised, if it did."""
        if self._failure is not None:
            raise self._failure
