"""Write docs/scenarios/ from real runs of every scenario: ``python -m tools.scenario_pages``.

Each run's document is kept beside the pages, in results/, and pages and pictures follow from it: with ``--kept`` they
are written again from what is kept, without running anything; with names of scenarios only these are run.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from async_lab import lab, scenario
from async_lab.checkout.project import Project
from async_lab.diagnosis import Finding
from async_lab.endpoint.embedded import Endpoint
from async_lab.process.interrupts import Interrupts
from async_lab.report.inferred import timeline_of
from async_lab.report.progress import ProgressView
from async_lab.report.timeline_svg import standalone
from async_lab.runs.document import document
from async_lab.runs.reading import read
from async_lab.runs.result import RunResult
from async_lab.target.local import LocalTarget
from async_lab.wording import amount
from tools.markdown import table

DIRECTORY = Path(__file__).parents[1] / "docs" / "scenarios"
INDEX = DIRECTORY / "README.md"
_REGION = "us-east-1"
_START = 1_795_939_320  # 2026-11-29 08:02 UTC: a run made again differs only in what the scenarios say
_MOST_ROWS = 12

_PAGE = """\
# {title}

{description}

```
{command}
```

{alias}All of it is one file, [`{name}.tfvars`](../../terraform/scenarios/{name}.tfvars).
This page is written by `python -m tools.scenario_pages` from a run on the embedded endpoint.

## What happens

**{finding}.** {explanation}

{events}

## How to read it

{look_at}

{metrics}
{expectations}
## How to fix it

{advice}
"""

_INDEX = """\
# The scenarios

Each is one function, some events, and one thing that goes wrong, run in virtual time on your machine in seconds, or on
your own account. Begin with [baseline](baseline.md). Pages are written by `python -m tools.scenario_pages` from runs.

{table}

A scenario is one file in [`terraform/scenarios/`](../../terraform/scenarios). Copy one, or change one for a run:
`async-lab run expired --set maximum_event_age_in_seconds=10min --set events.count=5`.
[`terraform/variables.tf`](../../terraform/variables.tf) says what there is to set.
"""


def main() -> None:
    """Run the scenarios, keep what they showed, and write the pages."""
    names = [argument for argument in sys.argv[1:] if argument != "--kept"]
    if "--kept" not in sys.argv[1:]:
        for result in _runs(names):
            kept(result.scenario.name).parent.mkdir(parents=True, exist_ok=True)
            kept(result.scenario.name).write_text(compact(result), encoding="utf-8")
    results = [read(kept(name)) for name in scenario.names(Project.locate())]
    for result in results:
        (DIRECTORY / f"{result.scenario.name}.md").write_text(page(result), encoding="utf-8")
        if result.events:
            (DIRECTORY / f"{result.scenario.name}.svg").write_text(picture(result), encoding="utf-8")
    INDEX.write_text(index(results), encoding="utf-8")


def _runs(names: Sequence[str]) -> Iterator[RunResult]:
    """Yield a run of each scenario, by default of all there are."""
    project = Project.locate()
    scenarios = scenario.find_all(project, names or scenario.names(project))
    with (
        tempfile.TemporaryDirectory() as work,
        ProgressView(Console(stderr=True)) as view,
        Interrupts(view.say) as interrupts,
        Endpoint(start=_START, seed=0) as endpoint,
    ):
        target = LocalTarget(endpoint, _REGION)
        yield from lab.run(scenarios, project, target, lab.Settings(), Path(work) / "run", view, interrupts)


def kept(name: str) -> Path:
    """Return where a scenario's run is kept."""
    return DIRECTORY / "results" / f"{name}.json"


def compact(result: RunResult) -> str:
    """Return a run's document in one line, without the real time it took, which says nothing of the scenario."""
    return json.dumps(document(result) | {"wall_seconds": {}}, separators=(",", ":"), allow_nan=False) + "\n"


def picture(result: RunResult) -> str:
    """Return the timeline of a run's events as a picture."""
    return standalone(timeline_of(result, _MOST_ROWS)) + "\n"


def page(result: RunResult) -> str:
    """Return the page about a scenario, from a run of it."""
    about, finding = result.scenario, result.findings[0]
    return _PAGE.format(
        title=about.title,
        description=about.description,
        command=f"make scenario-{about.name.removeprefix('scenario-')}",
        alias=f"Or `async-lab run {about.alias}`. " if about.alias else "",
        name=about.name,
        finding=finding.title,
        explanation=_plain(finding.explanation),
        events=_events(result),
        look_at=about.look_at,
        metrics=table(("metric", "in this run"), _metrics(result)),
        expectations=_expectations(result),
        advice="\n\n".join(_advice(result.findings)),
    )


def _events(result: RunResult) -> str:
    """Return the picture of a run and the same in words."""
    if not result.events:
        return "No event reached Lambda, so there is nothing to draw."
    name, rows = result.scenario.name, timeline_of(result, _MOST_ROWS).rows
    words = table(("event", "what became of it"), ((_plain(row.label), _plain(row.words)) for row in rows))
    return f"![Timeline of {name}: what became of each event.]({name}.svg)\n\n{words}"


def _metrics(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield each metric in words: sums of counts, and from where to where all else goes."""
    for name, series in result.metrics.items():
        if series.is_absent:
            yield f"`{name}`", "no data point"
        elif series.unit == "Milliseconds":
            lowest = min(point.minimum for point in series.points)
            both = dict.fromkeys((amount(lowest, series.unit), amount(series.maximum, series.unit)))
            yield f"`{name}`", " to ".join(both)
        elif name == "ConcurrentExecutions":
            yield f"`{name}`", f"{amount(series.maximum, series.unit)} at most"
        else:
            yield f"`{name}`", amount(series.total, series.unit)


def _expectations(result: RunResult) -> str:
    """Return what the scenario's file expects, which a run is compared with."""
    wanted = [f"{comparison.expectation.subject}: {comparison.expectation.words}" for comparison in result.comparisons]
    return f"\nEvery run is compared with what the file expects: {'; '.join(wanted)}.\n" if wanted else ""


def _advice(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what to do about each finding, as the diagnosis says it; once each."""
    said: set[str] = set()
    for number, finding in enumerate(findings):
        fresh = [advice for advice in finding.advice if advice not in said]
        said.update(fresh)
        if number and fresh:
            yield f"**Also: {finding.title}.** {_plain(finding.explanation)}"
        if fresh:
            yield "\n".join(f"- {_plain(advice)}" for advice in fresh)
    if not said:
        yield "Nothing is wrong."


def index(results: Sequence[RunResult]) -> str:
    """Return the page that lists all scenarios."""
    rows = (
        (
            f"[{result.scenario.name}]({result.scenario.name}.md)",
            _plain(result.scenario.description),
            _plain(result.findings[0].title),
        )
        for result in results
    )
    return _INDEX.format(table=table(("scenario", "what happens", "what the diagnosis says"), rows))


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))


if __name__ == "__main__":
    main()
