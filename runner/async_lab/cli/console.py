"""The terminal: where results go, where notes go, and what is asked."""

from __future__ import annotations

import sys
from textwrap import wrap
from typing import TYPE_CHECKING

import typer

from async_lab.errors import ExitCode, Interrupted, LabError, UsageError
from async_lab.wording import printable

if TYPE_CHECKING:
    from rich.console import Console

    from async_lab.runs.contract import Failure


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output, or on standard error."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)  # what is printed is text, as it is


def note(text: str, indent: str = "") -> None:
    """Say something that is no result: on standard error, in whole words, at 80 columns."""
    lines = wrap(
        text, 80, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False, break_on_hyphens=False
    )
    typer.echo("\n".join(lines), err=True)  # standard output is for results


def confirm(*, yes: bool) -> None:
    """Ask before going on, unless ``yes``. Raises typer.Exit when the answer is no, UsageError without a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("Can't ask for confirmation without a terminal. Pass --yes to skip it.")
    try:
        goes_on = typer.confirm("Continue?", err=True)
    except typer.Abort as abort:
        raise Interrupted("Interrupted; nothing was changed.") from abort
    if not goes_on:
        note("Nothing was changed.")
        raise typer.Exit(ExitCode.AS_EXPECTED)


def refusal(message: str, exit_code: int) -> str:
    """Return what ``--json`` prints when nothing was run."""
    from async_lab.runs.contract import Failure, text

    return text((), Failure(message, exit_code))


def failure_of(error: BaseException) -> Failure | None:
    """Return what ``--json`` tells of an error; None for what is none, such as a no to a question."""
    from async_lab.process import trouble
    from async_lab.runs.contract import Failure
    from async_lab.target.aws_errors import aws_errors

    if isinstance(error, typer.Exit):
        return None
    if isinstance(error, LabError):
        return Failure(printable(str(error)), int(error.exit_code))
    if isinstance(error, aws_errors()):
        return Failure(printable(str(error)), int(ExitCode.ENVIRONMENT))
    if isinstance(error, KeyboardInterrupt):
        return Failure("Interrupted.", int(ExitCode.INTERRUPTED))
    return Failure(f"{type(error).__name__}: {printable(str(error))}", int(trouble.exit_code_of(error)))
