"""Runs as Markdown: for a job's page, a pull request, a chat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from async_lab.report.inferred import timeline_of
from async_lab.report.severity import mark_of
from async_lab.report.terminal import verdict_words
from async_lab.runs.result import RunResult
from async_lab.wording import printable

_MOST_ROWS = 20


def markdown(results: Sequence[RunResult]) -> str:
    """Return a summary of the runs, what matters most first."""
    return "\n".join(line for result in results for line in _run(result))


def _run(result: RunResult) -> Iterator[str]:
    finding = result.findings[0]
    yield f"### {mark_of(finding)} {_plain(result.scenario.title)}\n"
    yield f"{_plain(verdict_words(result))} **{_plain(finding.title)}.** {_plain(finding.explanation)}\n"
    yield "| event | what became of it |\n| --- | --- |"
    for row in timeline_of(result, _MOST_ROWS).rows:
        yield f"| {_plain(row.label)} | {_plain(row.words)} |"
    yield ""
    for advice in finding.advice:
        yield f"- {_plain(advice)}"
    for other in result.findings[1:]:
        yield f"\n**Also: {_plain(other.title)}.** {_plain(other.explanation)}"
    not_met = [comparison for comparison in result.comparisons if not comparison.is_met]
    if not_met:
        yield "\n| not as expected | expected | seen |\n| --- | --- | --- |"
    for comparison in not_met:
        expectation = comparison.expectation
        yield f"| {_plain(expectation.subject)} | {_plain(expectation.words)} | {_plain(comparison.seen)} |"
    yield ""


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(printable(text).split()))
