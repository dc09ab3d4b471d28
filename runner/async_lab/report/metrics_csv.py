"""Metrics as CSV: a line for each minute of each metric that has a data point."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from async_lab.runs.document import moment
from async_lab.runs.result import RunResult

HEADER = ("run_id", "scenario", "metric", "unit", "minute", "sample_count", "sum", "minimum", "maximum", "average")


def metrics_csv(results: Sequence[RunResult]) -> str:
    """Return the runs' metrics, in CloudWatch's units, as RFC 4180 has it but for the ends of lines."""
    file = io.StringIO()
    writer = csv.DictWriter(file, HEADER, lineterminator="\n")
    writer.writeheader()
    for row in rows(results):
        writer.writerow({**row, "minute": moment(row["minute"])})
    return file.getvalue()


def rows(results: Sequence[RunResult]) -> Iterator[dict[str, Any]]:
    """Yield a row for each data point, with the keys of ``HEADER``; a minute is its beginning, in epoch seconds."""
    for result in results:
        for name, series in result.metrics.items():
            for point in series.points:
                figures = (point.sample_count, point.sum, point.minimum, point.maximum, point.average)
                values = (result.run_id, result.scenario.name, name, series.unit, point.minute, *figures)
                yield dict(zip(HEADER, values, strict=True))
