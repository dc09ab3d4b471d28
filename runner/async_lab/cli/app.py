"""The program itself: its help, and the one place where expected errors become sentences and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from async_lab.cli.console import refusal
from async_lab.errors import ExitCode, Interrupted, LabError, ReaderGone, UsageError
from async_lab.process import signals
from async_lab.process.interrupts import INTERRUPTIONS
from async_lab.target.aws_errors import aws_errors
from async_lab.wording import printable

EXIT_CODES = """Exit codes: 0 as expected, 1 not as expected, 2 used wrongly, 3 the machine, Terraform or AWS failed, \
4 something is left behind, 70 a bug of async-lab, 130 interrupted."""


class _WithoutPythonTypes:
    """Help that calls neither a flag a <bool> nor an argument a <list[str]>: its name says what it is."""

    def get_params(self, ctx: Any) -> Any:
        params = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
            elif getattr(param, "param_type_name", "") == "argument":
                param.display_type_rich = lambda **_: None
        return params


class Command(_WithoutPythonTypes, TyperCommand):
    """One command."""


class _Misuse(UsageError):
    """Options or arguments that are wrong, found before the command began."""


@contextmanager
def _misuse_in_a_sentence() -> Iterator[None]:
    """Tell what Typer finds wrong as all other errors are told, with the command that shows the help."""
    try:
        yield
    except Exception as error:
        if not hasattr(error, "format_message") or type(error).__name__ == "NoArgsIsHelpError":
            raise
        context = getattr(error, "ctx", None)
        called = context.command_path if context else "async-lab"
        said = error.format_message().replace("Value error, ", "")
        end = "" if said.endswith((".", "?")) else "."
        raise _Misuse(f"{said}{end} See: {called} --help") from None


class _Commands(_WithoutPythonTypes, TyperGroup):
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
            if isinstance(error, _Misuse) and sys.argv[1:2] == ["run"] and "--json" in sys.argv:
                typer.echo(refusal(printable(str(error)), ExitCode.USAGE), nl=False)
            sys.exit(error.exit_code)
        except aws_errors() as error:
            _tell(error)
            sys.exit(ExitCode.ENVIRONMENT)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _misuse_in_a_sentence():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        try:
            with signals.unwinding(), _misuse_in_a_sentence():
                return super().invoke(ctx)
        except LabError as error:
            signals.end_with(error.exit_code)
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
    if isinstance(cause, LabError) and not isinstance(cause, INTERRUPTIONS):
        _tell(cause)
    sentence = printable(str(error))
    if isinstance(error, Interrupted):
        typer.echo(sentence, err=True)
    elif not isinstance(error, ReaderGone):
        typer.secho(f"Error: {sentence}", fg=typer.colors.RED, err=True)
