"""A run, or several, as a page: one file that needs nothing else, readable offline and without scripts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from async_lab.diagnosis import Finding
from async_lab.observation.events import Event
from async_lab.report import metrics_svg, svg, timeline_svg
from async_lab.report.inferred import events_of, timeline_of
from async_lab.report.metrics_csv import metrics_csv
from async_lab.report.minutes import tabulate
from async_lab.report.severity import style_of
from async_lab.report.terminal import events_words, verdict_words, why_not_compared
from async_lab.report.timeline import Timeline
from async_lab.runs.document import document
from async_lab.runs.result import RunResult
from async_lab.wording import amount, clock_time, count, duration, plural, since

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

FILE_NAME = "report.html"
_TEMPLATE = Path(__file__).with_name("page.html.j2")
_MOST_COLUMNS, _MOST_EVENTS, _MOST_ATTEMPTS = 60, 50, 40
_MOST_CARRIED_EVENTS, _LARGEST_DOWNLOAD = 500, 60_000
"""Of how many events the page carries the data itself, and of how many bytes."""


def page(results: Sequence[RunResult]) -> str:
    """Return the HTML page about some runs."""
    from markupsafe import Markup

    return _template().render(
        title=results[0].scenario.title if len(results) == 1 else plural(len(results), "scenario"),
        version=version("async-lab"),
        colors=Markup(svg.COLORS),  # noqa: S704 - these are our own constants
        dark_colors=Markup(svg.DARK_COLORS),  # noqa: S704
        chart_style=Markup(svg.STYLE),  # noqa: S704
        definitions=Markup(svg.DEFINITIONS),  # noqa: S704
        runs=[_section(result) for result in results],
    )


@lru_cache(maxsize=1)  # a run of several scenarios writes its page after each
def _template() -> Template:
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _section(result: RunResult) -> Mapping[str, Any]:
    """Return what the template shows of one run, in words and charts."""
    scenario, shown = result.scenario, timeline_of(result)
    table = tabulate(result.metrics, _MOST_COLUMNS)
    events, _ = events_of(result)
    return {
        "anchor": f"run-{scenario.name}",
        "name": scenario.name,
        "title": scenario.title,
        "description": scenario.description,
        "look_at": scenario.look_at,
        "where": _where(result),
        "began": clock_time(result.started_at),
        "verdict": verdict_words(result),
        "verdict_mark": "not compared" if not result.comparisons else "✓ yes" if result.is_as_expected else "✗ no",
        "is_as_expected": result.is_as_expected,
        "findings": [_finding(finding) for finding in result.findings],
        "axis": _markup(timeline_svg.axis(shown)),
        "rows": [
            {"label": row.label, "words": row.words, "fate": row.fate, "chart": _markup(timeline_svg.row(row, shown))}
            for row in shown.rows
        ],
        "legend": list(_legend(shown)),
        "remarks": [*filter(None, [shown.remark]), *map(str, result.gaps)],
        "metrics": [_metric(bars, result) for bars in metrics_svg.bars_of(result)],
        "absent": ", ".join(table.absent),
        "table": {"starts": [clock_time(start)[:5] for start in table.starts], "rows": table.rows},
        "alarms": list(_alarms(result)),
        "not_compared": why_not_compared(result),
        "expectations": [
            {
                "is_met": comparison.is_met,
                "subject": comparison.expectation.subject,
                "words": comparison.expectation.words,
                "seen": comparison.seen,
            }
            for comparison in result.comparisons
        ],
        "configuration": list(settings_of(result)),
        "events": [_event(n, event, result, shown) for n, event in enumerate(events[:_MOST_EVENTS], 1)],
        "left_out": count(len(events)) if len(events) > _MOST_EVENTS else "",
        "downloads": list(_downloads(result)),
    }


def _where(result: RunResult) -> str:
    place = result.place
    seed = [] if result.seed is None else [f"seed {result.seed}", "virtual time"]
    return " · ".join([events_words(result), place.target, f"account {place.account_id}", place.region, *seed])


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {
        "title": finding.title,
        "explanation": finding.explanation,
        "color": style_of(finding),
        "advice": finding.advice,
        "evidence": finding.evidence,
        "alternatives": finding.alternatives,
        "source": finding.source,
    }


def _legend(shown: Timeline) -> Iterator[Mapping[str, Any]]:
    spans = [span for row in shown.rows for track in row.tracks for span in track.spans]
    if any(span.is_running for span in spans):
        yield {"mark": _swatch('<rect x="0" y="3" width="16" height="10" rx="2" class="run"/>'), "words": "running"}
    if any(not span.is_running for span in spans):
        yield {"mark": _swatch('<line x1="0" x2="16" y1="8" y2="8" class="wait"/>'), "words": "waiting"}
    for kind in reversed(shown.kinds):
        yield {"mark": _swatch(f'<use href="#{kind.replace(" ", "-")}" x="8" y="8"/>'), "words": str(kind)}
    if shown.has_limits:
        yield {"mark": _swatch('<line x1="8" x2="8" y1="0" y2="16" class="limit"/>'), "words": "maximum event age"}


def _swatch(content: str) -> Markup:
    return _markup(f'<svg class="chart" aria-hidden="true">{content}</svg>')


def _metric(bars: metrics_svg.Bars, result: RunResult) -> Mapping[str, Any]:
    series = result.metrics[bars.metric]
    per = f"{bars.statistic.lower()} by {plural(bars.seconds / 60, 'minute').removeprefix('1 ')}"
    of_all = series.total if bars.statistic == "Sum" else series.maximum
    limit = metrics_svg.limit_of(bars.metric, result)
    return {
        "name": bars.metric,
        "statistic": f"{per}; {'in all' if bars.statistic == 'Sum' else 'highest'} {amount(of_all, bars.unit)}",
        "limit": f"{limit[1]} {amount(limit[0], bars.unit)}" if limit else "",
        "chart": _markup(metrics_svg.chart(bars, result)),
    }


def _alarms(result: RunResult) -> Iterator[Mapping[str, str]]:
    for name, periods in metrics_svg.alarm_periods(result.alarms, result.ended_at).items():
        for began, ended in periods:
            is_over = ended < result.ended_at
            yield {
                "name": name,
                "began": f"{since(began - result.started_at)} ({clock_time(began)})",
                "ended": f"{since(ended - result.started_at)} ({clock_time(ended)})" if is_over else "the run's end",
            }


_NOT_SETTINGS = frozenset({"path", "title", "description", "look_at", "expectations", "name", "alias"})


def settings_of(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield the scenario's variables under their own names, but for what only describes it."""
    for name, value in asdict(result.scenario).items():
        if name not in _NOT_SETTINGS and value not in _NOTHING:
            yield "name" if name == "stack_name" else name, _setting(value)


_NOTHING: tuple[object, ...] = (None, {}, (), "")
"""What says no more than leaving it out. 0 says something."""


def _setting(value: object) -> str:
    """Return a value as a scenario's file has it, an object or list without its outer brackets."""
    match value:
        case dict():
            return ", ".join(f"{key} = {_inner(item)}" for key, item in value.items() if item not in _NOTHING)
        case tuple():
            return ", ".join(map(_inner, value))
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _inner(value: object) -> str:
    match value:
        case dict():
            return f"{{ {_setting(value)} }}"
        case tuple():
            return f"[{_setting(value)}]"
        case _:
            return _setting(value)


def _event(number: int, event: Event, result: RunResult, shown: Timeline) -> Mapping[str, Any]:
    rows = {row.label: row.words for row in shown.rows}
    label = f"event {number}"
    return {
        "label": label,
        "request_id": event.request_id,
        "words": rows.get(label, ""),
        "more": max(0, len(event.attempts) - _MOST_ATTEMPTS),
        "attempts": [
            {
                "number": index,
                "since": since(attempt.at - result.started_at),
                "clock": clock_time(attempt.at),
                "age": duration(attempt.age_seconds),
                "outcome": ": ".join(filter(None, (str(attempt.outcome), attempt.error_message))),
                "duration": "" if attempt.duration_seconds is None else duration(attempt.duration_seconds),
            }
            for index, attempt in enumerate(islice(event.attempts, _MOST_ATTEMPTS), 1)
        ],
    }


def _downloads(result: RunResult) -> Iterator[Mapping[str, Any]]:
    if max(len(result.sent), len(result.events)) > _MOST_CARRIED_EVENTS:
        return  # it takes long to write out only to find that it is too much
    data = json.dumps(document(result), separators=(",", ":"), allow_nan=False).encode()
    if len(data) > _LARGEST_DOWNLOAD:
        return
    name = result.scenario.name
    yield {"name": f"{name}.json", "href": _carried("application/json", data)}
    yield {"name": f"{name}-metrics.csv", "href": _carried("text/csv", metrics_csv([result]).encode())}


def _carried(kind: str, data: bytes) -> Markup:
    return _markup(f"data:{kind};base64,{base64.b64encode(data).decode()}")


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - what comes from elsewhere is escaped in it
