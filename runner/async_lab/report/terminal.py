"""A run as people read it in a terminal: 80 columns are enough, and colour says nothing that the words don't."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from async_lab.diagnosis import Finding
from async_lab.observation.alarms import AlarmChange
from async_lab.observation.metrics import Metrics
from async_lab.report.chart import ASCII, UNICODE, Glyphs
from async_lab.report.minutes import Minutes, tabulate
from async_lab.runs.result import RunResult
from async_lab.wording import plural, printable

_MOST_COLUMNS = 12
_SHORT = {"Minimum": "min", "Maximum": "max", "Sum": "sum"}
_INDENT = 2


def show_run(console: Console, result: RunResult, result_file: str | None, next_command: str | None) -> None:
    """Print all there is to say about a run but the verdict, which is to be the last line of all.

    ``result_file`` is where its data lies and ``next_command`` what one would type next; None leaves the line out.
    """
    glyphs = glyphs_for(console)
    _show_header(console, result, glyphs)
    _show_metrics(console, result.metrics, glyphs)
    _show_comparisons(console, result, glyphs)
    for finding in result.findings:
        _show_finding(console, finding, glyphs)
    _show_alarms(console, result.alarms)
    _show_ways_on(console, result_file, next_command)


def show_verdict(console: Console, result: RunResult) -> None:
    """Print in one line whether the run went as expected."""
    console.print(_verdict(result), soft_wrap=True)


def glyphs_for(console: Console) -> Glyphs:
    """Return the characters that the console's encoding has."""
    return ASCII if console.options.ascii_only else UNICODE


def heading(console: Console, text: str) -> None:
    """Print a heading, set off from what is above."""
    console.print()
    console.print(Text(printable(text), "bold"))


def table_of(*columns: str) -> Table:
    """Return a table without lines, whose columns are set apart by space."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column)
    return table


def indented(console: Console, content: RenderableType) -> None:
    """Print something below a heading."""
    console.print(Padding(content, (0, 0, 0, _INDENT), expand=False))


def _show_header(console: Console, result: RunResult, glyphs: Glyphs) -> None:
    place = result.place
    where = [place.target, f"account {place.account_id}", place.region]
    seed = [] if result.seed is None else [f"seed {result.seed}", "virtual time"]
    events = f"{plural(len(result.sent), 'event')} to {result.function_name}"
    heading(console, result.scenario.title)
    console.print(Text(glyphs.separator.join([*where, *seed]), "dim"))
    console.print(Text(f"{events}, from {_clock(result.started_at)} to {_clock(result.ended_at)} UTC", "dim"))


def _show_metrics(console: Console, metrics: Metrics, glyphs: Glyphs) -> None:
    minutes, table = _widest_that_fits(console, metrics, glyphs)
    heading(console, f"Metrics by {plural(minutes.minutes_per_column, 'minute').removeprefix('1 ')}")
    if minutes.rows:
        indented(console, table)
    if minutes.absent:
        indented(console, _labelled("No data point:", Text(", ".join(minutes.absent))))


def _widest_that_fits(console: Console, metrics: Metrics, glyphs: Glyphs) -> tuple[Minutes, Table]:
    """Return the table with the most columns that the console has room for."""
    for columns in range(_MOST_COLUMNS, 0, -1):
        minutes = tabulate(metrics, columns)
        table = _metrics_table(minutes, glyphs)
        if console.measure(table).maximum <= console.width - _INDENT:
            break
    return minutes, table


def _metrics_table(minutes: Minutes, glyphs: Glyphs) -> Table:
    table = table_of("", "", "Trend")
    for start in minutes.starts:
        table.add_column(_clock(start)[:5], justify="right", no_wrap=True)
    previous = ""
    for row in minutes.rows:
        name = row.metric if row.metric != previous else ""
        trend = Text(glyphs.sparkline(row.values), "cyan")
        cells = (Text(glyphs.nothing, "dim") if cell is None else Text(cell) for cell in row.cells)
        table.add_row(name, Text(_SHORT[row.statistic], "dim"), trend, *cells)
        previous = row.metric
    return table


def _show_comparisons(console: Console, result: RunResult, glyphs: Glyphs) -> None:
    heading(console, "Expectations")
    if not result.comparisons:
        indented(console, "Not compared: the scenario's expectations are for its own number of events.")
        return
    table = table_of("", "", "expected", "seen")
    for comparison in result.comparisons:
        mark, style = (glyphs.met, "green") if comparison.is_met else (glyphs.not_met, "bold red")
        seen = Text(comparison.seen, "" if comparison.is_met else style)
        table.add_row(Text(mark, style), comparison.expectation.subject, comparison.expectation.words, seen)
    indented(console, table)


def _show_finding(console: Console, finding: Finding, glyphs: Glyphs) -> None:
    heading(console, f"Finding: {finding.title}")
    indented(console, Text(finding.explanation))
    evidence, advice = Table.grid(padding=(0, 2, 0, 0)), Table.grid(padding=(0, 1, 0, 0))
    for figure in finding.evidence:
        evidence.add_row(Text(figure.subject), Text(figure.words))
    for text in finding.advice:
        advice.add_row(glyphs.bullet, Text(text))
    indented(console, _labelled("Evidence", evidence))
    if finding.advice:
        indented(console, _labelled("Advice  ", advice))


def _show_alarms(console: Console, alarms: Iterable[AlarmChange]) -> None:
    fired = [alarm for alarm in alarms if alarm.state == "ALARM"]
    if fired:
        heading(console, "Alarms")
    for alarm in fired:
        indented(console, _labelled(_clock(alarm.at), Text(alarm.name)))


def _show_ways_on(console: Console, result_file: str | None, next_command: str | None) -> None:
    console.print()
    for label, text in (("Result", result_file), ("Next", next_command)):
        if text:  # in one piece, however long, to be copied
            console.print(Text.assemble((f"{label:8}", "dim"), text), soft_wrap=True)


def _verdict(result: RunResult) -> Text:
    name, of = result.scenario.name, len(result.comparisons)
    met = sum(comparison.is_met for comparison in result.comparisons)
    if not of:
        return Text(f"{name}: done. {result.findings[0].title}.", "bold")
    if met == of:
        return Text(f"{name}: as expected, {met} of {of} expectations met.", "bold green")
    return Text(f"{name}: NOT as expected, {of - met} of {of} expectations not met.", "bold red")


def _labelled(label: str, content: RenderableType) -> Table:
    """Return a content that stays to the right of its label, however many lines it has."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(Text(label, "dim"), content)
    return table


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"
