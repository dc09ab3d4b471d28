"""The program itself: its help, and the one place where expected errors become sentences and exit codes."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from async_lab.cli.console import refusal
from async_lab.errors import ExitCode, Interrupted, LabError, ReaderGone
from async_lab.process import signals
from async_lab.process.interrupts import Abandoned
from async_lab.target.aws_errors import aws_errors
from async_lab.wording import printable

EXIT_CODES = """Exit codes: 0 as expected, 1 not as expected, 2 used wrongly, 3 the machine, Terraform or AWS failed, \
4 something is left behind, 70 a bug of async-lab, 130 interrupted."""


class _WithoutFlagTypes:
    """Help that doesn't call a flag a <bool>."""

    def get_params(self, ctx: Any) -> Any:
        params = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class Command(_WithoutFlagTypes, TyperCommand):
    """One command."""


class _Commands(_WithoutFlagTypes, TyperGroup):
    """The one place where errors that are expected become sentences and exit codes."""

    _misuse = "The command was called wrongly."

    def main(self, *args: Any, **kwargs: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # what a terminal's encoding hasn't is shown as an escape
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                sys.stdout.flush()  # what can't be written is told now, too
        except SystemExit as end:
            is_run = sys.argv[1:2] == ["run"]
            if end.code == ExitCode.USAGE and is_run and "--json" in sys.argv:  # it has not even begun
                typer.echo(refusal(self._misuse, ExitCode.USAGE), nl=False)
            raise
        except LabError as error:
            _tell(error)
            sys.exit(error.exit_code)
        except aws_errors() as error:
            _tell(error)
            sys.exit(ExitCode.ENVIRONMENT)

    def invoke(self, ctx: Any) -> Any:
        with signals.unwinding():
            try:
                return super().invoke(ctx)
            except Exception as error:
                if hasattr(error, "format_message"):  # of Typer's errors, which it shows in a box of its own
                    self._misuse = printable(error.format_message())
                raise


app = typer.Typer(
    name="async-lab",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"async-lab {version('async-lab')}")
        raise typer.Exit


@app.callback(
    help="A lab for AWS Lambda's asynchronous invocations: why events arrive late, or never.",
    epilog=f"Begin with: async-lab run function-errors\n\n{EXIT_CODES}",
)
def _describe(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """Take the options that are no command's."""


def _tell(error: BaseException) -> None:
    """Print an error's sentence, after that of the one it followed from."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, LabError) and not isinstance(cause, (Abandoned, Interrupted)):
        _tell(cause)
    sentence = printable(str(error))
    if isinstance(error, Interrupted):
        typer.echo(sentence, err=True)
    elif not isinstance(error, ReaderGone):
        typer.secho(f"Error: {sentence}", fg=typer.colors.RED, err=True)
