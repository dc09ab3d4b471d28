"""A diagnosis as people read it in a terminal: the answer first, then what it rests on, and what wasn't seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from async_lab.diagnosis import Finding, Severity
from async_lab.observation.configuration import AsyncSettings
from async_lab.observation.failed_requests import FailedRequest
from async_lab.observation.failure_targets import FailureTarget
from async_lab.observation.metrics import AgeBand, MetricSeries
from async_lab.observation.observations import Observations
from async_lab.observation.triggers import Trigger
from async_lab.report.severity import heading_style_of
from async_lab.report.terminal import glyphs_for, heading, indented, table_of
from async_lab.runs.diagnosed import Diagnosed
from async_lab.wording import amount, between, count, duration, listed, moment, plural, printable

_MOST_CHANGES = 5
_FIGURES = {
    "received": "AsyncEventsReceived",
    "dropped": "AsyncEventsDropped",
    "oldest": "AsyncEventAge",
    "errors": "Errors",
    "throttles": "Throttles",
}
_MAIN_FIGURES = ("received", "dropped", "oldest")


def show_diagnosis(console: Console, diagnosed: Diagnosed) -> None:
    """Print all that is known about one function; the verdict is the last line."""
    seen, place, separator = diagnosed.seen, diagnosed.place, glyphs_for(console).separator
    heading(console, diagnosed.name)
    where = separator.join([place.target, f"account {place.account_id}", place.region])
    console.print(Text(f"{where}{separator}{between(seen.start, seen.end)}", "dim"))
    _show_finding(console, diagnosed.headline)
    for finding in diagnosed.findings:
        if finding is not diagnosed.headline:
            _show_finding(console, finding)
    heading(console, "Figures")
    indented(console, _figures_of(diagnosed, glyphs_for(console).nothing))
    heading(console, "Configuration")
    indented(console, _rows(_configuration(seen)))
    _show_surroundings(console, seen)
    if seen.gaps:
        heading(console, "Not seen")
        for gap in seen.gaps:
            indented(console, Text(printable(str(gap))))
    console.print()
    console.print(_verdict(diagnosed), soft_wrap=True)


def show_diagnoses(console: Console, diagnosed: Sequence[Diagnosed]) -> None:
    """Print a line for each function in the order given, and how many lost events."""
    if not diagnosed:
        console.print("There are no functions in this region.")
        return
    indented(console, _answers_of(diagnosed, glyphs_for(console).nothing))
    losing = [one.name for one in diagnosed if one.loses_events]
    console.print()
    verdict = f"{count(len(losing))} of {plural(len(diagnosed), 'function')} lost events."
    console.print(Text(verdict, "bold red" if losing else "bold green"), soft_wrap=True)


def _show_finding(console: Console, finding: Finding) -> None:
    style = heading_style_of(finding)
    console.print()
    console.print(Text.assemble((finding.title, style), (f"  {finding.severity}, {finding.confidence}", "dim")))
    indented(console, Text(printable(finding.explanation)))
    for label, lines in (
        ("Evidence", [f"{evidence.subject}: {evidence.words}" for evidence in finding.evidence]),
        ("Or else", finding.alternatives),
        ("Advice", finding.advice),
        ("Source", [finding.source]),
    ):
        if lines:
            table = Table.grid(padding=(0, 2, 0, 0))
            table.add_row(Text(f"{label:8}", "dim"), Text("\n".join(map(printable, lines)), overflow="fold"))
            indented(console, table)


def _figures_of(diagnosed: Diagnosed, nothing: str) -> Table:
    table = table_of("function")
    for column in _FIGURES:
        table.add_column(column, justify="right")
    cells = (_cell(diagnosed.seen.metrics[metric], nothing) for metric in _FIGURES.values())
    table.add_row(Text(diagnosed.name, overflow="fold"), *cells)
    return table


def _answers_of(diagnosed: Sequence[Diagnosed], nothing: str) -> Table:
    """Return a row for each function; errors and throttles are what its finding is about."""
    table = table_of("function")
    for column in _MAIN_FIGURES:
        table.add_column(column, justify="right")
    table.add_column("finding")
    for one in diagnosed:
        cells = (_cell(one.seen.metrics[_FIGURES[column]], nothing) for column in _MAIN_FIGURES)
        finding = Text(one.headline.title, heading_style_of(one.headline))
        table.add_row(Text(one.name, overflow="fold"), *cells, finding)
    return table


def _cell(series: MetricSeries, nothing: str) -> str:
    if series.is_absent:
        return nothing
    return amount(series.maximum if series.unit == "Milliseconds" else series.total, series.unit)


def _configuration(seen: Observations) -> Iterator[tuple[str, str]]:
    configuration = seen.configuration
    if function := configuration.function:
        yield "Timeout", duration(function.timeout_seconds)
        yield "Memory", f"{function.memory_mb} MB"
        yield "Changed", _moment_of(function.last_modified)
    if reservation := configuration.reservation:
        yield "Reserved concurrency", "none" if reservation.executions is None else count(reservation.executions)
    if account := configuration.account:
        yield "Account's concurrency", f"{count(account.limit)}, unreserved {count(account.unreserved)}"
    for qualifier in _qualifiers(seen):
        received = plural((seen.received_by_qualifier or {}).get(qualifier, 0), "event")
        settings = configuration.settings_of(qualifier)
        if settings:
            yield (
                qualifier,
                _settings(settings) + ("" if seen.received_by_qualifier is None else f"; received {received}"),
            )
    for alias, version in (configuration.aliases or {}).items():
        shares = configuration.routed.get(alias, {}).items()
        routed = [f"version {other} for {share:.0%} of its invocations" for other, share in shares]
        yield f"Alias {alias}", listed([f"version {version}", *routed])


def _moment_of(said: str) -> str:
    """Return a time of Lambda's as all others are said; as it is where another endpoint says it in another way."""
    try:
        return moment(datetime.fromisoformat(said).timestamp())
    except ValueError:
        return said


def _qualifiers(seen: Observations) -> list[str]:
    written = [settings.qualifier for settings in seen.configuration.written or ()]
    return sorted({*seen.qualifiers, *written})


def _settings(settings: AsyncSettings) -> str:
    if not settings.is_written:
        return "no event-invoke config: maximum event age 6 h, 2 retries, no destination"
    destination = f"failures to {settings.on_failure}" if settings.on_failure else "no on-failure destination"
    age, retries = duration(settings.maximum_event_age_seconds), settings.maximum_retry_attempts
    return f"maximum event age {age}, {retries} {'retry' if retries == 1 else 'retries'}, {destination}"


def _show_surroundings(console: Console, seen: Observations) -> None:
    targets = [(_role(target.is_dead_letter, target.qualifier), _standing(target)) for target in seen.failure_targets]
    alarms = [(alarm.name, f"{alarm.state}: {', '.join(alarm.metrics)}") for alarm in seen.alarms or ()]
    invokers = [(invoker.principal, invoker.source_arn or "any source") for invoker in seen.invokers or ()]
    triggers = [(trigger.source_arn, _keeps(trigger)) for trigger in seen.triggers or ()]
    changes = [(moment(change.at), change.words) for change in (seen.changes or ())[:_MOST_CHANGES]]
    for title, rows in (
        ("How old events were at their attempts", list(_ages(seen))),
        ("Last failed requests", [(request.request_id or "unknown", _failed(request)) for request in _failures(seen)]),
        ("Last changes", changes),
        ("Failed events go to", targets),
        ("Alarms", alarms),
        ("May invoke it", invokers),
        ("Triggers", triggers),
    ):
        if rows:
            heading(console, title)
            indented(console, _rows(rows))


def _ages(seen: Observations) -> Iterator[tuple[str, str]]:
    every = sum(band.attempts for band in seen.ages or ())
    for band in seen.ages or ():
        yield _span(band), f"{plural(band.attempts, 'attempt')}, {band.attempts / every:.0%}"


def _span(band: AgeBand) -> str:
    if band.up_to is None:
        return f"over {duration(band.over)}"
    return f"{duration(band.over)} to {duration(band.up_to)}" if band.over else f"up to {duration(band.up_to)}"


def _failures(seen: Observations) -> Sequence[FailedRequest]:
    return seen.failed_requests or ()


def _failed(request: FailedRequest) -> str:
    return f"{moment(request.at)}, {plural(request.failures, 'failure')}: {request.line}"


def _keeps(trigger: Trigger) -> str:
    if trigger.dead_letter_arn is None:
        return "keeps nothing that it can't deliver"
    holds = "" if trigger.waiting is None else f", which holds {plural(trigger.waiting, 'message')}"
    return f"what it can't deliver goes to {trigger.dead_letter_arn}{holds}"


def _role(is_dead_letter: bool, qualifier: str | None) -> str:
    return "Dead-letter target" if is_dead_letter else f"Destination of {qualifier}"


def _standing(target: FailureTarget) -> str:
    if target.exists is False:
        return f"{target.arn}, which doesn't exist"
    holds = "" if target.waiting is None else f", holds {plural(target.waiting, 'message')}"
    heard = "" if target.subscriptions is None else f", {plural(target.subscriptions, 'subscription')}"
    return f"{target.arn}{holds}{heard}"


def _rows(rows: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for label, value in rows:
        table.add_row(Text(printable(label), "dim", overflow="fold"), Text(printable(value), overflow="fold"))
    return table


def _verdict(diagnosed: Diagnosed) -> Text:
    name, headline = diagnosed.name, diagnosed.headline
    if diagnosed.loses_events:
        return Text(f"{name}: events were lost. {headline.title}.", "bold red")
    if headline.code != "healthy":
        return Text(f"{name}: no event was lost. {headline.title}.", "bold green")
    notices = sum(finding.severity is Severity.NOTICE for finding in diagnosed.findings)
    besides = f"; {plural(notices, 'notice')}" if notices else ""
    return Text(f"{name}: no event was lost or late{besides}.", "bold green")
