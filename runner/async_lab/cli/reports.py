"""``report``, ``runs``, ``show``, ``compare`` and ``export``: what runs have shown."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from async_lab.cli.console import console, note
from async_lab.cli.options import new_file
from async_lab.errors import UsageError
from async_lab.wording import plural

if TYPE_CHECKING:
    from async_lab.runs.result import RunResult

_RUN = "A run's directory in .lab/runs, its id, or the path of its results; the newest when none is given."
RunName = Annotated[str | None, typer.Argument(help=_RUN, metavar="[RUN]", show_default=False)]
OneRun = Annotated[str, typer.Argument(help=_RUN, metavar="RUN", show_default=False)]


class Format(StrEnum):
    """What a run is exported as."""

    CSV = "csv"
    OPENMETRICS = "openmetrics"
    PARQUET = "parquet"
    PERFETTO = "perfetto"
    PNG = "png"
    SVG = "svg"


def report(
    run: RunName = None,
    *,
    opens: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write a run's page anew, and say where it lies: one file, to be read anywhere and sent around."""
    from async_lab.checkout.project import Project
    from async_lab.report.files import write_page
    from async_lab.runs import history
    from async_lab.runs.reading import read

    project = Project.locate()
    files = history.find(project, run)
    directory = files[0].parent if len(files) == 1 else files[0].parent.parent
    page = write_page([read(file) for file in files], directory)
    typer.echo(project.shown(page))
    if opens and not webbrowser.open(page.absolute().as_uri()):
        note(f"No browser could be opened. Open this file yourself: {page.absolute()}")


def list_runs() -> None:
    """List the runs that are there, the newest first."""
    from async_lab.checkout.project import Project
    from async_lab.report.overview import show_runs
    from async_lab.runs import history

    project = Project.locate()
    found = list(history.readable(project))
    show_runs(console(), found, project.shown)
    if unreadable := len(history.files(project)) - len(found):
        note(f"{plural(unreadable, 'more result')} can't be read: made by another version of async-lab, or changed.")


def show(run: RunName = None) -> None:
    """Print a run again as it was printed when it was made."""
    from async_lab.checkout.project import Project
    from async_lab.report.terminal import show_run
    from async_lab.runs import history
    from async_lab.runs.reading import read

    project = Project.locate()
    for file in history.find(project, run):
        show_run(console(), read(file), {"Result": project.shown(file)})


def compare(first: OneRun, second: OneRun) -> None:
    """Set two runs side by side: settings, metrics, events and findings; also one here against one on AWS."""
    from async_lab.checkout.project import Project
    from async_lab.report.comparison import show_comparison
    from async_lab.runs import history

    project = Project.locate()
    show_comparison(console(), *(_only(history.results(project, name), name) for name in (first, second)))


def _only(results: Sequence[RunResult], name: str) -> RunResult:
    if len(results) > 1:
        ids = ", ".join(f"{result.run_id} ({result.scenario.name})" for result in results)
        raise UsageError(f"{name} holds {len(results)} runs: name one of them by its id: {ids}.")
    return results[0]


def export(
    run: RunName = None,
    *,
    format_: Annotated[
        Format,
        typer.Option(
            "--format",
            help="Metrics as CSV, OpenMetrics, Parquet; events as a trace (Perfetto) or a picture (SVG, PNG).",
        ),
    ] = Format.CSV,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write.", parser=new_file, metavar="FILE", show_default="standard output"
        ),
    ] = None,
) -> None:
    """Give a run's data to other tools."""
    from async_lab.checkout.project import Project
    from async_lab.report.files import write_bytes, write_text
    from async_lab.runs import history

    if output is None and format_ in _BINARY and sys.stdout.isatty():
        raise UsageError(f"A terminal can't show {format_.value}: name a file with --output, or pipe it on.")
    exported = _exported(format_, history.results(Project.locate(), run))
    if output is None:
        typer.echo(exported, nl=False)
    elif isinstance(exported, bytes):
        write_bytes(output, exported)
    else:
        write_text(output, exported)


_BINARY = frozenset({Format.PARQUET, Format.PNG})


def _exported(format_: Format, results: Sequence[RunResult]) -> str | bytes:
    from async_lab.report.metrics_csv import metrics_csv
    from async_lab.report.metrics_parquet import metrics_parquet
    from async_lab.report.openmetrics import openmetrics
    from async_lab.report.picture import png
    from async_lab.report.trace import trace

    exports: dict[Format, Callable[[Sequence[RunResult]], str | bytes]] = {
        Format.CSV: metrics_csv,
        Format.OPENMETRICS: openmetrics,
        Format.PARQUET: metrics_parquet,
        Format.PERFETTO: trace,
        Format.PNG: lambda some: png(_picture(some)),
        Format.SVG: _picture,
    }
    return exports[format_](results)


def _picture(results: Sequence[RunResult]) -> str:
    from async_lab.report.inferred import timeline_of
    from async_lab.report.timeline_svg import standalone

    if len(results) > 1:
        raise UsageError(f"A picture shows one run, and this one has {len(results)}: name one by its id.")
    return standalone(timeline_of(results[0])) + "\n"
