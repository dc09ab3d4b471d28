"""The program itself: its help, and the one place where expected errors become sentences and exit codes."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup

from async_lab.errors import ExitCode, Interrupted, LabError, ReaderGone
from async_lab.process import signals
from async_lab.process.interrupts import INTERRUPTIONS
from async_lab.target.aws_errors import aws_errors
from async_lab.wording import printable


class _Commands(TyperGroup):
    """The one place where errors that are expected become sentences and exit codes."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # what a terminal's encoding hasn't is shown as an escape
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                sys.stdout.flush()  # what can't be written is told now, too
        except LabError as error:
            _tell(error)
            sys.exit(error.exit_code)
        except aws_errors() as error:
            _tell(error)
            sys.exit(ExitCode.ENVIRONMENT)

    def invoke(self, ctx: Any) -> Any:
        with signals.unwinding():
            return super().invoke(ctx)


app = typer.Typer(
    name="async-lab",
    help="A lab for AWS Lambda's asynchronous invocations: why events arrive late, or never.",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell(error: BaseException) -> None:
    """Print an error's sentence, after that of the one it followed from."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, LabError) and not isinstance(cause, INTERRUPTIONS):
        _tell(cause)
    sentence = printable(str(error))
    if isinstance(error, Interrupted):
        typer.echo(sentence, err=True)
    elif not isinstance(error, ReaderGone):
        typer.secho(f"Error: {sentence}", fg=typer.colors.RED, err=True)
