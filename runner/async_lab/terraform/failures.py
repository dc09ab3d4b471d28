"""What Terraform can fail with, in sentences."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from async_lab.errors import EnvironmentFailure
from async_lab.terraform.progress import Diagnostic

UNWRITTEN_STATE = "errored.tfstate"
_NEXT_TO_NOTHING = 65_536


class TerraformFailed(EnvironmentFailure):
    """Terraform refused or failed; the message is its own, with the place of the whole log."""

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class ProviderNotFound(EnvironmentFailure):
    """Neither the registry nor a mirror on this machine has the provider."""


def failure(
    command: str, code: int, diagnostics: Sequence[Diagnostic], unwritten: Path | None, log: Path
) -> TerraformFailed:
    """Return the error that says why a command failed and where its log is.

    ``unwritten`` is where Terraform leaves a state that it could not write: it is told of, if it is there.
    """
    errors = tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity == "error")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    why = f"{errors[0]}".rstrip(".: ") + more if errors else _without_words(code, log)
    sentences = [f"terraform {command} failed: {why}.", f"The whole log: {log}"]
    if unwritten and unwritten.exists():
        sentences.insert(1, f"Its state could not be written and is in {unwritten}: `terraform state push` takes it.")
    return TerraformFailed(" ".join(sentences), errors)


def _without_words(code: int, log: Path) -> str:
    """Return why Terraform ended that could not say it: it was killed, or had no place to write to."""
    if code < 0:
        return f"it was killed by {signal.Signals(-code).name}"
    with suppress(OSError):
        if shutil.disk_usage(log.parent).free < _NEXT_TO_NOTHING:
            return f"no space is left in {log.parent}"
    return f"exit code {code}, without a reason"
