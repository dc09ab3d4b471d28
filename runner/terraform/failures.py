"""What Terraform can fail with, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.errors import EnvironmentFailure
from runner.terraform.progress import Diagnostic

_UNWRITTEN_STATE = "errored.tfstate"


class TerraformFailed(EnvironmentFailure):
    """Terraform refused or failed; the message is its own, with the place of the whole log."""

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class ProviderNotFound(EnvironmentFailure):
    """Neither the registry nor a mirror on this machine has the provider."""


def failure(command: str, code: int, diagnostics: Sequence[Diagnostic], directory: Path, log: Path) -> TerraformFailed:
    """Return the error that says why a command failed, where its log is, and where a state is that was not written."""
    errors = tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity == "error")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    why = f"{errors[0]}".rstrip(".: ") + more if errors else f"exit code {code}, without a reason"
    sentences = [f"terraform {command} failed: {why}.", f"The whole log: {log}"]
    unwritten = directory / _UNWRITTEN_STATE
    if unwritten.exists():
        sentences.insert(1, f"Its state could not be written and is in {unwritten}: `terraform state push` takes it.")
    return TerraformFailed(" ".join(sentences), errors)
