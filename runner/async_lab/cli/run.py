"""``run`` and ``scenarios``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated

import typer

from async_lab.cli.console import confirm, console, note
from async_lab.cli.options import (
    LARGEST_SEED,
    ProfileOption,
    RegionOption,
    ScenarioNames,
    TargetName,
    TargetOption,
    YesOption,
    directory,
)
from async_lab.cli.places import opened, says_what_may_stand
from async_lab.errors import ExitCode, UsageError
from async_lab.process.interrupts import Interrupts

if TYPE_CHECKING:
    from async_lab.checkout.project import Project
    from async_lab.runs.result import RunResult
    from async_lab.scenario import Scenario
    from async_lab.target.base import Target


def run(
    scenarios: ScenarioNames,
    target: TargetOption = TargetName.LOCAL,
    region: RegionOption = None,
    profile: ProfileOption = None,
    events: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Send this many events instead.", show_default=False)
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Seed for the simulated jitter; the same seed repeats the run.")
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
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
    from async_lab import lab, report
    from async_lab import scenario as scenario_files
    from async_lab.checkout.project import Project
    from async_lab.stack.sweep import sweep

    project = Project.locate()
    sweep(project)
    chosen = scenario_files.find_all(project, scenarios, events)
    if out is not None:
        report.prepare(out)
    settings = lab.Settings(seed=seed, events=events, keep=keep)
    results: list[RunResult] = []
    with (
        says_what_may_stand(project, target),
        report.ProgressView(console(stderr=True)) as view,
        Interrupts(view.interject) as interrupts,
        opened(target, region, profile, seed) as where,
    ):
        with view.paused():
            _ask_before_changing(where, chosen, events, yes=yes)
        work = project.runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{chosen[0].name}-{token_hex(2)}"
        with closing(lab.run(chosen, project, where, settings, work, view, interrupts)) as runs:
            for result in runs:
                place = out or work
                file = report.write(result, place if len(chosen) == 1 else place / result.scenario.name)
                results.append(result)
                if not json:
                    with view.paused():
                        following = _next_command(project, result) if len(chosen) == 1 else None
                        report.show_run(console(), result, project.shown(file), following)
    _conclude(results, as_json=json)


def list_scenarios() -> None:
    """List the scenarios and what each shows."""
    from async_lab import report, scenario
    from async_lab.checkout.project import Project

    project = Project.locate()
    found, refusals = [], scenario.misnamed(project)
    for name in scenario.names(project):
        try:
            found.append(scenario.find(project, name))
        except UsageError as error:
            refusals.append(str(error))
    report.show_scenarios(console(), found)
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

    names = scenario.names(project)
    following = dict(pairwise(names)).get(result.scenario.name)
    target = "" if result.place.target == TargetName.LOCAL else f" --target {result.place.target}"
    return program.command(f"run {following}{target}") if following else None


def _conclude(results: Sequence[RunResult], *, as_json: bool) -> None:
    from async_lab import report

    if as_json:
        typer.echo(report.text(results), nl=False)
    elif len(results) > 1:
        report.show_summary(console(), results)
    else:
        report.show_verdict(console(), results[0])
    if not all(result.is_as_expected for result in results):
        raise typer.Exit(ExitCode.NOT_AS_EXPECTED)
