"""A run as people read it in a terminal: the answer first. 80 columns are enough; color says nothing words don't."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from async_lab.diagnosis import Finding
from async_lab.observation.alarms import AlarmChange
from async_lab.observation.metrics import Metrics
from async_lab.report import timeline_text
from async_lab.report.chart import ASCII, UNICODE, Glyphs
from async_lab.report.inferred import timeline_of
from async_lab.report.minutes import Minutes, tabulate
from async_lab.report.severity import style_of
from async_lab.runs.result import RunResult
from async_lab.scenario.expectations import Comparison
from async_lab.wording import clock_time, plural, printable, since

_MOST_COLUMNS = 12
_SHORT = {"Minimum": "min", "Maximum": "max", "Sum": "sum"}
_INDENT = 2


def show_run(console: Console, result: RunResult, ways_on: Mapping[str, str]) -> None:
    """Print all there is to say about a run, what matters most first.

    ``ways_on`` is what one would look at or type next, by its label: ``{"Page": ".lab/runs/…/report.html"}``.
    """
    glyphs = glyphs_for(console)
    console.print()
    show_verdict(console, result)
    _show_timeline(console, result, glyphs)
    for number, finding in enumerate(result.findings):
        _show_finding(console, finding, f"Also: {finding.title}" if number else "Why", glyphs)
    _show_scenario(console, result, glyphs)
    _show_metrics(console, result.metrics, glyphs)
    _show_comparisons(console, result, glyphs)
    _show_alarms(console, result)
    _show_ways_on(console, ways_on)


def show_verdict(console: Console, result: RunResult) -> None:
    """Print in one line whether the run went as expected, and in another what is found, which may be worse."""
    console.print(_verdict(result), soft_wrap=True)
    finding = result.findings[0]
    console.print(Text(printable(f"{finding.title}."), f"bold {style_of(finding)}"), soft_wrap=True)


def glyphs_for(console: Console) -> Glyphs:
    """Return the characters that the console's encoding has."""
    return ASCII if console.options.ascii_only else UNICODE


def heading(console: Console, text: str, aside: str = "") -> None:
    """Print a heading, set off from what is above; what is said beside it is less important."""
    console.print()
    console.print(Text(printable(text), "bold").append(f"   {aside}" if aside else "", "not bold dim"))


def table_of(*columns: str) -> Table:
    """Return a table without lines, whose columns are set apart by space."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column)
    return table


def indented(console: Console, content: RenderableType) -> None:
    """Print something below a heading."""
    console.print(Padding(content, (0, 0, 0, _INDENT), expand=False))


def _show_timeline(console: Console, result: RunResult, glyphs: Glyphs) -> None:
    shown = timeline_of(result, timeline_text.MOST_ROWS)
    heading(console, "What happened", f"t+0:00 is {clock_time(shown.started_at)} UTC")
    for line in timeline_text.lines(shown, min(console.width, _WIDEST) - _INDENT, glyphs):
        console.print(Text(" " * _INDENT).append_text(line), no_wrap=True, overflow="ellipsis", crop=True)
    indented(console, timeline_text.legend(shown, glyphs))
    for remark in filter(None, (shown.remark, *result.gaps)):
        indented(console, Text(printable(remark), "dim"))


_WIDEST = 120


def _show_finding(console: Console, finding: Finding, title: str, glyphs: Glyphs) -> None:
    heading(console, title)
    indented(console, Text(finding.explanation))
    figures = [f"{figure.subject} {figure.words}" for figure in finding.evidence]
    indented(console, Text(glyphs.separator.join(figures), "dim"))
    for other in finding.alternatives:
        indented(console, _labeled("Or else", Text(printable(other))))
    if not finding.advice:
        return
    advice = Table.grid(padding=(0, 1, 0, 0))
    for text in finding.advice:
        advice.add_row(glyphs.bullet, Text(text))
    heading(console, "What to do")
    indented(console, advice)


def _show_scenario(console: Console, result: RunResult, glyphs: Glyphs) -> None:
    scenario, place = result.scenario, result.place
    heading(console, scenario.title)
    if scenario.description:
        indented(console, Text(printable(scenario.description)))
    if scenario.look_at:
        indented(console, _labeled("Look at", Text(printable(scenario.look_at))))
    where = [place.target, f"account {place.account_id}", place.region]
    seed = [] if result.seed is None else [f"seed {result.seed}", "virtual time"]
    indented(console, Text(glyphs.separator.join([*where, *seed]), "dim"))
    events = events_words(result)
    times = f"from {clock_time(result.started_at)} to {clock_time(result.ended_at)} UTC"
    indented(console, Text(f"{events}, {times}", "dim"))


def events_words(result: RunResult) -> str:
    """Return what was sent, where to, and by way of what: ``3 events to async-lab through SNS``."""
    through = {"sns": " through SNS", "eventbridge": " through EventBridge", "s3": " through S3"}
    way = through.get(result.scenario.trigger.service, "")
    return f"{plural(len(result.sent), 'event')} to {result.function_name}{way}"


def _show_metrics(console: Console, metrics: Metrics, glyphs: Glyphs) -> None:
    minutes, table = _widest_that_fits(console, metrics, glyphs)
    legend = f"{glyphs.levels[0]} is 0, {glyphs.nothing} is no data point"
    heading(console, f"Metrics by {plural(minutes.minutes_per_column, 'minute').removeprefix('1 ')}", legend)
    if minutes.rows:
        indented(console, table)
    if minutes.absent:
        indented(console, _labeled("No data point:", Text(", ".join(minutes.absent))))


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
        table.add_column(clock_time(start)[:5], justify="right", no_wrap=True)
    previous = ""
    for row in minutes.rows:
        name = row.metric if row.metric != previous else ""
        trend = Text(glyphs.sparkline(row.values), "cyan")
        cells = (Text(glyphs.nothing, "dim") if cell is None else Text(cell) for cell in row.cells)
        table.add_row(name, Text(_SHORT[row.statistic], "dim"), trend, *cells)
        previous = row.metric
    return table


def _show_comparisons(console: Console, result: RunResult, glyphs: Glyphs) -> None:
    """Print what was expected; what was seen only where that is something else."""
    heading(console, "Expectations")
    if not result.comparisons:
        indented(console, why_not_compared(result))
        return
    table = table_of("", "", "expected", "seen")
    for comparison in result.comparisons:
        table.add_row(*_compared(comparison, glyphs))
    indented(console, table)


def why_not_compared(result: RunResult) -> str:
    """Return why a run has no comparisons: it was sent or configured otherwise, or nothing is expected of it."""
    if not result.scenario.expectations:
        return "The scenario has none: it is to be looked at."
    if result.scenario.changed:
        return f"Not compared: they are for the file as it is, and {', '.join(result.scenario.changed)} was set."
    return "Not compared: the scenario's expectations are for its own number of events."


def _compared(comparison: Comparison, glyphs: Glyphs) -> Iterable[Text]:
    is_met, expectation = comparison.is_met, comparison.expectation
    mark, style = (glyphs.met, "green") if is_met else (glyphs.not_met, "bold red")
    is_same = comparison.seen == expectation.words
    seen = Text("as expected", "dim") if is_same else Text(comparison.seen, "" if is_met else style)
    return Text(mark, style), Text(expectation.subject), Text(expectation.words), seen


def _show_alarms(console: Console, result: RunResult) -> None:
    fired = [alarm for alarm in result.alarms if alarm.state == "ALARM"]
    if not fired:
        return
    heading(console, "Alarms")
    table = Table.grid(padding=(0, 2, 0, 0))
    for alarm in fired:
        table.add_row(since(alarm.at - result.started_at), Text(clock_time(alarm.at), "dim"), _alarm_name(alarm))
    indented(console, table)


def _alarm_name(alarm: AlarmChange) -> Text:
    return Text(printable(alarm.name))


def _show_ways_on(console: Console, ways_on: Mapping[str, str]) -> None:
    console.print()
    widest = max(chain([6], map(len, ways_on)))
    for label, text in ways_on.items():  # each in one piece, however long, to be copied
        console.print(Text.assemble((f"{label:{widest}}  ", "dim"), text), soft_wrap=True)


def verdict_words(result: RunResult) -> str:
    """Return in a sentence whether the run went as expected."""
    name, of = result.scenario.name, len(result.comparisons)
    met = sum(comparison.is_met for comparison in result.comparisons)
    if not of:
        return f"{name}: done."
    if met == of:
        return f"{name}: as expected, {met} of {of} expectations met."
    return f"{name}: NOT as expected, {of - met} of {of} expectations not met."


def _verdict(result: RunResult) -> Text:
    style = "bold green" if result.is_as_expected else "bold red"
    return Text(verdict_words(result), style if result.comparisons else "bold")


def _labeled(label: str, content: RenderableType) -> Table:
    """Return a content that stays to the right of its label, however many lines it has."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row(Text(label, "dim"), content)
    return table
