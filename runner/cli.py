"""The command line: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from runner import signals
from runner.aws_errors import aws_errors
from runner.errors import ExitCode, Interrupted, LabError, ReaderGone, UsageError
from runner.interrupts import Abandoned, Interrupts
from runner.wording import printable, shortened

if TYPE_CHECKING:
    from rich.console import Console

    from runner.project import Project
    from runner.result import RunResult
    from runner.scenario import Scenario
    from runner.target import Target

DEFAULT_PORT = 4600
LARGEST_SEED = 2**63 - 1
FASTEST = 100_000
"""More than a day in a second."""
LOCAL_REGION = "us-east-1"


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


class TargetName(StrEnum):
    """Where the lab runs."""

    LOCAL = "local"
    AWS = "aws"


class ClockName(StrEnum):
    """How the endpoint's time passes."""

    VIRTUAL = "virtual"
    REAL = "real"


def _complete_scenario(incomplete: str) -> list[str]:
    from runner import scenario
    from runner.project import Project

    return [name for name in scenario.names(Project.locate()) if name.startswith(incomplete)]


def _text(given: str) -> str:
    if not given:
        raise typer.BadParameter("it is empty.")
    return given


def _directory(given: str) -> Path:
    path = Path(_text(given))
    try:
        is_file = path.is_file()
    except (OSError, ValueError) as error:  # such as one that is too long
        why = error.strerror if isinstance(error, OSError) else error
        raise typer.BadParameter(f"{shortened(given)} can't be a directory's name ({why}).") from error
    if is_file:
        raise typer.BadParameter(f"{given} is a file.")
    return path


ScenarioNames = Annotated[
    list[str],
    typer.Argument(help="Names, or .tfvars files.", autocompletion=_complete_scenario, show_default=False),
]
TargetOption = Annotated[TargetName, typer.Option("--target", help="The embedded endpoint, or your AWS account.")]
RegionOption = Annotated[str | None, typer.Option(help="AWS region.", parser=_text, metavar="TEXT", show_default=False)]
ProfileOption = Annotated[
    str | None, typer.Option(help="AWS profile.", parser=_text, metavar="TEXT", show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", help="Change the AWS account without asking.")]
PortOption = Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1.")]


@app.command()
def run(
    scenarios: ScenarioNames,
    target: TargetOption = TargetName.LOCAL,
    region: RegionOption = None,
    profile: ProfileOption = None,
    events: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Send this many events instead.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Where the endpoint's random numbers begin.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Directory for the results.", parser=_directory, metavar="DIRECTORY", show_default=".lab/runs/…"
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything standing.")] = False,
    yes: YesOption = False,
) -> None:
    """Provision scenarios, invoke them, collect the metrics, say what is wrong, and take everything down."""
    from runner import lab, report
    from runner import scenario as scenario_files
    from runner.project import Project
    from runner.sweep import sweep

    project = Project.locate()
    sweep(project)
    chosen = scenario_files.find_all(project, scenarios, events)
    if out is not None:
        report.prepare(out)
    settings = lab.Settings(seed=seed, events=events, keep=keep)
    results: list[RunResult] = []
    with (
        _says_what_may_stand(project, target),
        report.ProgressView(_console(stderr=True)) as view,
        Interrupts(view.interject) as interrupts,
        _opened(target, region, profile, seed) as where,
    ):
        with view.paused():
            _ask_before_changing(where, chosen, events, yes=yes)
        work = project.runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{chosen[0].name}-{token_hex(2)}"
        with closing(lab.run(chosen, project, where, settings, work, view, interrupts)) as runs:
            for result in runs:
                directory = out or work
                file = report.write(result, directory if len(chosen) == 1 else directory / result.scenario.name)
                results.append(result)
                if not json:
                    with view.paused():
                        following = _next_command(project, result) if len(chosen) == 1 else None
                        report.show_run(_console(), result, project.shown(file), following)
    _conclude(results, as_json=json)


@app.command("scenarios")
def list_scenarios() -> None:
    """List the scenarios and what each shows."""
    from runner import report, scenario
    from runner.project import Project

    project = Project.locate()
    found, refusals = [], scenario.misnamed(project)
    for name in scenario.names(project):
        try:
            found.append(scenario.find(project, name))
        except UsageError as error:
            refusals.append(str(error))
    report.show_scenarios(_console(), found)
    if refusals:  # the others are listed all the same
        raise UsageError("\n".join(refusals))


@app.command()
def local(
    port: PortOption = DEFAULT_PORT,
    clock: Annotated[
        ClockName, typer.Option(help="Stands until someone waits, or runs by itself.")
    ] = ClockName.VIRTUAL,
    speed: Annotated[
        float, typer.Option(min=0.001, max=FASTEST, help="With --clock real: this many times as fast.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Where the random numbers begin.")] = 0,
    region: RegionOption = None,
    env: Annotated[
        bool, typer.Option("--env", help="Print the exports that point other tools at it, and end.")
    ] = False,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Answer to this Host too, besides loopback's names.", show_default=False)
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="Let this web page's origin call it.", show_default=False)
    ] = None,
) -> None:
    """Serve the embedded endpoint until Ctrl-C."""
    from runner.serve import AllowedCallers, exports, serve
    from runner.target import check_region

    if speed != 1.0:
        clock = ClockName.REAL
    region = LOCAL_REGION if region is None else region
    check_region(region)
    if env:
        typer.echo(exports(port, region))
        return
    callers = AllowedCallers(tuple(allow_host or ()), tuple(allow_origin or ()))
    serve(port, speed if clock is ClockName.REAL else None, seed, region, callers, typer.echo)


@app.command()
def destroy(
    target: TargetOption = TargetName.LOCAL,
    region: RegionOption = None,
    profile: ProfileOption = None,
    yes: YesOption = False,
) -> None:
    """Take down what runs left standing, and check that nothing is left."""
    from runner import cleanup, report
    from runner.project import Project
    from runner.sweep import sweep

    project = Project.locate()
    sweep(project)
    with (
        _says_what_may_stand(project, target),
        report.ProgressView(_console(stderr=True)) as view,
        Interrupts(view.interject) as interrupts,
    ):
        if target is TargetName.LOCAL:
            typer.echo(cleanup.forget_local(project))
            return
        where = _aws(region, profile)
        standing = cleanup.standing(project, where)
        _ask_before_removing(where, standing, yes=yes)
        typer.echo(cleanup.remove(project, where, standing, view, interrupts))


@app.command()
def doctor(target: TargetOption = TargetName.LOCAL, region: RegionOption = None, profile: ProfileOption = None) -> None:
    """Say what is installed, found and missing, and what to do about it."""
    from runner import doctor as checks
    from runner import report
    from runner.project import Project

    account = None if target is TargetName.LOCAL else lambda: _aws(region, profile)
    if not report.show_checks(_console(), checks.examine(Project.locate(), account)):
        raise typer.Exit(ExitCode.ENVIRONMENT)


@app.command()
def package() -> None:
    """Build the function's package, the same bytes on any machine."""
    from runner.package import build_package
    from runner.project import Project

    project = Project.locate()
    built = build_package(project.function_src, project.package_zip)
    typer.echo(f"{project.shown(built.path)}  sha256 {built.sha256}")


@contextmanager
def _opened(target: TargetName, region: str | None, profile: str | None, seed: int) -> Iterator[Target]:
    from runner.target import open_local

    if target is TargetName.AWS:
        yield _aws(region, profile)
    elif profile is not None:
        raise UsageError("--profile is for --target aws; the embedded endpoint knows no accounts but its own.")
    else:
        with open_local(region or LOCAL_REGION, seed) as where:
            yield where


@contextmanager
def _says_what_may_stand(project: Project, target: TargetName) -> Iterator[None]:
    from runner import cleanup

    try:
        yield
    except (Abandoned, Interrupted, KeyboardInterrupt) as interruption:
        raise cleanup.after_interruption(project, target) from interruption


def _aws(region: str | None, profile: str | None) -> Target:
    from runner.target import open_aws

    return open_aws(profile, region)


def _ask_before_changing(where: Target, scenarios: Sequence[Scenario], events: int | None, *, yes: bool) -> None:
    from runner import forecast

    if where.is_disposable:
        return
    _note(f"On AWS, account {where.account_id}, region {where.region}:")
    for sentence in forecast.sentences(scenarios, events):
        _note(sentence, indent="  ")
    _confirm(yes=yes)


def _ask_before_removing(where: Target, standing: Sequence[object], *, yes: bool) -> None:
    if not standing:
        return
    _note(f"Account {where.account_id}, region {where.region}: the lab will remove")
    for name in standing:
        _note(str(name), indent="  ")
    _confirm(yes=yes)


def _note(text: str, indent: str = "") -> None:
    lines = wrap(
        text, 80, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False, break_on_hyphens=False
    )
    typer.echo("\n".join(lines), err=True)  # standard output is for results


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("Can't ask for confirmation without a terminal. Pass --yes to skip it.")
    try:
        goes_on = typer.confirm("Continue?", err=True)
    except typer.Abort as abort:
        raise Interrupted("Interrupted; nothing was changed.") from abort
    if not goes_on:
        _note("Nothing was changed.")
        raise typer.Exit(ExitCode.AS_EXPECTED)


def _next_command(project: Project, result: RunResult) -> str | None:
    """Return what one would type next: the scenario that follows, on the same target."""
    from runner import program, scenario

    names = scenario.names(project)
    following = dict(pairwise(names)).get(result.scenario.name)
    target = "" if result.place.target == TargetName.LOCAL else f" --target {result.place.target}"
    return program.command(f"run {following}{target}") if following else None


def _conclude(results: Sequence[RunResult], *, as_json: bool) -> None:
    from runner import report

    if as_json:
        typer.echo(report.text(results), nl=False)
    elif len(results) > 1:
        report.show_summary(_console(), results)
    else:
        report.show_verdict(_console(), results[0])
    if not all(result.is_as_expected for result in results):
        raise typer.Exit(ExitCode.NOT_AS_EXPECTED)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)  # what is printed is text, as it is


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
