"""The terminal: where results go, where notes go, and what is asked."""

from __future__ import annotations

import sys
from textwrap import wrap
from typing import TYPE_CHECKING

import typer

from async_lab.errors import ExitCode, Interrupted, UsageError

if TYPE_CHECKING:
    from rich.console import Console


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
