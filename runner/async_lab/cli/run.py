"""``run`` and ``scenarios``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import dropwhile, islice
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated

import typer

from async_lab.cli.app import EXIT_CODES
from async_lab.cli.console import confirm, console, failure_of, note
from async_lab.cli.options import (
    ProfileOption,
    RegionOption,
    ScenarioNames,
    SeedOption,
    TargetName,
    TargetOption,
    YesOption,
    directory,
    new_file,
    whole,
)
from async_lab.cli.places import opened, says_what_may_stand
from async_lab.errors import ExitCode, ReaderGone, UsageError
from async_lab.process.interrupts import Interrupts

if TYPE_CHECKING:
    from async_lab.checkout.project import Project
    from async_lab.report.progress import Detail
    from async_lab.runs.result import RunResult
    from async_lab.scenario import Scenario
    from async_lab.target.base import Target

EXAMPLES = f"""Examples: async-lab run 2

async-lab run function-errors expired --json

async-lab run expired --set maximum_event_age_in_seconds=10min --set events.count=5

async-lab run mine.tfvars --target aws --region eu-west-1

{EXIT_CODES}"""
MOST_EVENTS = 10_000
_REPORT_LINES = 60
"""About as many as the report of one run has."""
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""Names the file that GitHub shows on a job's page (GitHub's documentation, "Adding a job summary")."""


def run(
    scenarios: ScenarioNames,
    target: TargetOption = TargetName.LOCAL,
    region: RegionOption = None,
    profile: ProfileOption = None,
    events: Annotated[
        int | None,
        typer.Option(
            help="Send this many events instead.", parser=whole(1, MOST_EVENTS), metavar="N", show_default=False
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Set a value in place of the file's; may be repeated. Durations may have a unit: timeout=2min.",
            metavar="KEY=VALUE",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with all runs, also on errors.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name each of Terraform's resources.")] = False,
    junit: Annotated[
        Path | None,
        typer.Option(help="Write the expectations as JUnit XML.", parser=new_file, metavar="FILE", show_default=False),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write a summary.", parser=new_file, metavar="FILE", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Directory for the results.", parser=directory, metavar="DIRECTORY", show_default=".lab/runs/…"
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything standing.")] = False,
    yes: YesOption = False,
) -> None:
    """Provision scenarios, invoke them, collect the metrics, say what is wrong, and take everything down."""
    outputs = _Outputs(as_json=json, is_quiet=quiet, junit=junit, markdown=markdown)
    with outputs.ended():
        if quiet and verbose:
            raise UsageError("--quiet and --verbose exclude each other: give one of them.")
        detail = _detail(quiet=quiet, verbose=verbose)
        _run(scenarios, target, region, profile, events, assignments or [], seed, out, detail, outputs,
             keep=keep, yes=yes)  # fmt: skip
    if not all(result.is_as_expected for result in outputs.results):
        raise typer.Exit(ExitCode.NOT_AS_EXPECTED)


def _run(
    names: list[str],
    target: TargetName,
    region: str | None,
    profile: str | None,
    events: int | None,
    assignments: list[str],
    seed: int,
    out: Path | None,
    detail: Detail,
    outputs: _Outputs,
    *,
    keep: bool,
    yes: bool,
) -> None:
    from async_lab import lab
    from async_lab import scenario as scenario_files
    from async_lab.checkout.project import Project
    from async_lab.report.files import write_page
    from async_lab.report.progress import ProgressView
    from async_lab.runs import document, history
    from async_lab.stack.sweep import sweep

    project = Project.locate()
    sweep(project)
    history.prune(project)
    chosen = scenario_files.find_all(project, names, events, scenario_files.assignments(assignments))
    if target is TargetName.AWS:
        scenario_files.check_for_aws(chosen)
    if out is not None:
        document.prepare(out)
    settings = lab.Settings(seed=seed, events=events, keep=keep)
    view = ProgressView(
        console(stderr=True), steps=lab.steps(len(chosen)), detail=detail, is_virtual=target is TargetName.LOCAL
    )
    with (
        says_what_may_stand(project, target),
        view,
        Interrupts(view.interject) as interrupts,
        opened(target, region, profile, seed) as where,
    ):
        with view.paused():
            _ask_before_changing(where, chosen, events, yes=yes)
        work = project.runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{chosen[0].name}-{token_hex(2)}"
        place = out or work
        with closing(lab.run(chosen, project, where, settings, work, view, interrupts)) as runs:
            for result in runs:
                file = document.write(result, place if len(chosen) == 1 else place / result.scenario.name)
                outputs.results.append(result)
                page = write_page(outputs.results, place)
                with view.paused():
                    ways_on = {"Page": project.shown(page), "Result": project.shown(file)}
                    following = _next_command(project, result) if len(chosen) == 1 else None
                    outputs.show(result, ways_on | ({"Next": following} if following else {}))


def _detail(*, quiet: bool, verbose: bool) -> Detail:
    from async_lab.report.progress import Detail

    return Detail.QUIET if quiet else Detail.VERBOSE if verbose else Detail.NORMAL


@dataclass(slots=True)
class _Outputs:
    """Where a run's results go besides the run's own directory."""

    as_json: bool
    is_quiet: bool
    junit: Path | None
    markdown: Path | None
    results: list[RunResult] = field(default_factory=list)

    def show(self, result: RunResult, ways_on: dict[str, str]) -> None:
        """Print a result that is there, unless all of them are printed as one object."""
        from async_lab.report.terminal import show_run, show_verdict

        if self.as_json:
            return
        if self.is_quiet:
            show_verdict(console(), result)
        else:
            show_run(console(), result, ways_on)

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Conclude after the block, in whatever way it ends: with ``--json`` there is one object in any case."""
        try:
            self._check()
            yield
        except BaseException as error:
            if self.as_json and not isinstance(error, ReaderGone):
                self._print_json(error)
            raise
        self._conclude()

    def _check(self) -> None:
        """Refuse files that can't be written, before a run that may take minutes."""
        from async_lab.report.files import check

        for file in (self.junit, self.markdown):
            if file:
                check(file)

    def _conclude(self) -> None:
        from async_lab.report.files import write_text
        from async_lab.report.junit import junit
        from async_lab.report.markdown import markdown
        from async_lab.report.overview import show_summary
        from async_lab.report.terminal import show_verdict

        if self.as_json:
            self._print_json(None)
        elif self.is_quiet:
            pass  # each verdict stands there already
        elif len(self.results) > 1:
            show_summary(console(), self.results)
        elif console().is_terminal and console().height < _REPORT_LINES:
            show_verdict(console(), self.results[0])  # it stood first, and has left the screen
        if self.junit:
            write_text(self.junit, junit(self.results))
        if self.markdown:
            write_text(self.markdown, markdown(self.results))
        if summary := os.environ.get(SUMMARY_VARIABLE):
            write_text(Path(summary), markdown(self.results), is_added=True)

    def _print_json(self, error: BaseException | None) -> None:
        from async_lab.runs import contract

        typer.echo(contract.text(self.results, failure_of(error) if error else None), nl=False)


def list_scenarios() -> None:
    """List the scenarios and what each shows."""
    from async_lab import scenario
    from async_lab.checkout.project import Project
    from async_lab.report.overview import show_scenarios

    project = Project.locate()
    found, refusals = [], scenario.misnamed(project)
    for name in scenario.names(project):
        try:
            found.append(scenario.find(project, name))
        except UsageError as error:
            refusals.append(str(error))
    show_scenarios(console(), found)
    if refusals:  # the others are listed all the same
        raise UsageError("\n".join(refusals))


def _ask_before_changing(where: Target, scenarios: Sequence[Scenario], events: int | None, *, yes: bool) -> None:
    from async_lab.account import forecast

    if where.is_disposable:
        return
    note(f"On AWS, account {where.account_id}, region {where.region}:")
    for sentence in forecast.sentences(scenarios, events):
        note(sentence, indent="  ")
    confirm(yes=yes)


def _next_command(project: Project, result: RunResult) -> str | None:
    """Return what one would type next: the scenario that follows, on the same target."""
    from async_lab import scenario
    from async_lab.checkout import program

    is_local = result.place.target == TargetName.LOCAL
    later = dropwhile(lambda name: name != result.scenario.name, scenario.names(project))
    following = next((name for name in islice(later, 1, None) if is_local or _can_run_on_aws(project, name)), None)
    target = "" if is_local else f" --target {result.place.target}"
    return program.command(f"run {following}{target}") if following else None


def _can_run_on_aws(project: Project, name: str) -> bool:
    from async_lab import scenario

    try:
        return scenario.can_run_on_aws(scenario.find(project, name))
    except UsageError:
        return False  # it is told of when it is run
