"""Several scenarios at a glance: which there are, and how their runs went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from async_lab.checkout import program
from async_lab.report.severity import style_of
from async_lab.report.terminal import glyphs_for, heading, indented, table_of
from async_lab.runs.result import RunResult
from async_lab.scenario import Scenario
from async_lab.wording import amount, count, plural, printable

_COUNTS = {"received": "AsyncEventsReceived", "dropped": "AsyncEventsDropped"}
_CAUSES = {"throttles": "Throttles", "errors": "Errors"}


def show_scenarios(console: Console, scenarios: Sequence[Scenario]) -> None:
    """Print every scenario with what it shows, and how to run one."""
    table = Table.grid(padding=(0, 2, 1, 0))
    for scenario in scenarios:
        about = Text.assemble(printable(scenario.title), "\n", (printable(scenario.description), "dim"))
        name = Text(scenario.name, "bold")
        if scenario.alias:
            name.append(f"\n{scenario.alias}", "not bold dim")
        table.add_row(name, about)
    console.print(table)
    console.print(Text(f"Run one with: {program.command('run NAME')}, or all with: make scenarios"), soft_wrap=True)


def show_summary(console: Console, results: Sequence[RunResult]) -> None:
    """Print a row and a finding for each run, and how many went as expected."""
    heading(console, "Summary")
    indented(console, _figures(console, results))
    console.print()
    indented(console, _findings(results))
    console.print()
    console.print(_verdict(results), soft_wrap=True)


def _figures(console: Console, results: Sequence[RunResult]) -> Table:
    glyphs = glyphs_for(console)
    table = table_of("", "")
    for column in (*_COUNTS, "oldest", *_CAUSES):
        table.add_column(column, justify="right")
    for result in results:
        mark = Text(glyphs.met, "green") if result.is_as_expected else Text(glyphs.not_met, "bold red")
        table.add_row(mark, Text(result.scenario.name), *_cells(result, glyphs.nothing))
    return table


def _cells(result: RunResult, nothing: str) -> list[str]:
    """Return a run's figures in words; what has no data point is not 0."""
    series = [result.metrics[name] for name in (*_COUNTS.values(), "AsyncEventAge", *_CAUSES.values())]
    return [
        nothing
        if metric.is_absent
        else amount(metric.maximum if metric.unit == "Milliseconds" else metric.total, metric.unit)
        for metric in series
    ]


def _findings(results: Sequence[RunResult]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for result in results:
        finding = result.findings[0]
        table.add_row(Text(result.scenario.name), Text(finding.title, style_of(finding)))
    return table


def _verdict(results: Sequence[RunResult]) -> Text:
    differing = [result.scenario.name for result in results if not result.is_as_expected]
    if not differing:
        return Text(f"{plural(len(results), 'scenario')}, all as expected.", "bold green")
    return Text(
        f"{count(len(differing))} of {count(len(results))} NOT as expected: {', '.join(differing)}.", "bold red"
    )


def show_runs(console: Console, runs: Sequence[tuple[Path, RunResult]], shown: Callable[[Path], str]) -> None:
    """Print a row for each run that is there; ``shown`` says where a file lies."""
    if not runs:
        console.print(f"There is no run yet: make one with {program.command('run function-errors')}", soft_wrap=True)
        return
    glyphs = glyphs_for(console)
    table = table_of("", "id", "scenario", "target", "at (UTC)", "finding")
    for _, result in runs:
        finding = result.findings[0]
        mark = Text(glyphs.met, "green") if result.is_as_expected else Text(glyphs.not_met, "bold red")
        when = f"{datetime.fromtimestamp(result.started_at, UTC):%m-%d %H:%M}"
        table.add_row(
            mark, result.run_id, result.scenario.name, result.place.target, when, Text(finding.title, style_of(finding))
        )
    console.print(table)
    console.print(Text(f"The newest is {shown(runs[0][0])}", "dim"), soft_wrap=True)
