"""Two runs side by side: where their configuration, what they showed and what was found differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from async_lab.observation.metrics import METRIC_NAMES, MetricSeries
from async_lab.report.inferred import timeline_of
from async_lab.report.page import settings_of
from async_lab.report.severity import style_of
from async_lab.report.terminal import glyphs_for, heading, indented, table_of
from async_lab.runs.result import RunResult
from async_lab.wording import amount, clock_time, printable

_NONE = "none"
_BY_HIGHEST = frozenset({"AsyncEventAge", "Duration", "ConcurrentExecutions"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing of two runs, in words."""

    subject: str
    first: str
    second: str

    @property
    def is_one(self) -> bool:
        """Whether the two differ."""
        return self.first != self.second


def settings(first: RunResult, second: RunResult) -> list[Difference]:
    """Return what differs in where and with which settings the runs were made."""
    both = dict(_settings(first)), dict(_settings(second))
    pairs = (Difference(name, both[0].get(name, _NONE), both[1].get(name, _NONE)) for name in {**both[0], **both[1]})
    return [pair for pair in pairs if pair.is_one]


def metrics(first: RunResult, second: RunResult) -> list[Difference]:
    """Return every metric that one of the runs has: counts added up, of ages and durations the highest."""
    return [
        Difference(name, _figure(first.metrics[name]), _figure(second.metrics[name]))
        for name in METRIC_NAMES
        if not (first.metrics[name].is_absent and second.metrics[name].is_absent)
    ]


def show_comparison(console: Console, first: RunResult, second: RunResult) -> None:
    """Print two runs side by side, what matters most first."""
    names = [f"{result.scenario.name} {result.run_id}" for result in (first, second)]
    heading(console, f"{names[0]} against {names[1]}")
    for result, name in zip((first, second), names, strict=True):
        finding = result.findings[0]
        when = f"at {clock_time(result.started_at)} UTC on {result.place.target}"
        indented(console, Text(f"{name}, {when}: ").append(printable(finding.title), style_of(finding)))
    _show(console, "Settings that differ", names, settings(first, second), "None.")
    _show(console, "Metrics", names, metrics(first, second), "Neither has a data point.")
    _show(console, "Events", names, _events(first, second), "Neither has any.")


def _show(console: Console, title: str, names: list[str], differences: list[Difference], nothing: str) -> None:
    heading(console, title)
    if not differences:
        indented(console, nothing)
        return
    glyphs = glyphs_for(console)
    table = table_of("", "", *names)
    for difference in differences:
        mark = Text(glyphs.not_equal, "yellow") if difference.is_one else Text("")
        table.add_row(
            mark,
            *(
                Text(printable(text), overflow="fold")
                for text in (difference.subject, difference.first, difference.second)
            ),
        )
    indented(console, table)


def _events(first: RunResult, second: RunResult) -> list[Difference]:
    rows = [timeline_of(result, most_rows=8).rows for result in (first, second)]
    return [
        Difference(
            (rows[0] if index < len(rows[0]) else rows[1])[index].label,
            *(side[index].words if index < len(side) else _NONE for side in rows),
        )
        for index in range(max(map(len, rows)))
    ]


def _settings(result: RunResult) -> Iterator[tuple[str, str]]:
    yield "target", result.place.target
    yield "region", result.place.region
    yield "seed", _NONE if result.seed is None else str(result.seed)
    yield from settings_of(result)


def _figure(series: MetricSeries) -> str:
    if series.is_absent:
        return "no data point"
    return amount(series.maximum if series.metric in _BY_HIGHEST else series.total, series.unit)
