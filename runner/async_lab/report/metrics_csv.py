"""Metrics as CSV: a line for each minute of each metric that has a data point."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from async_lab.runs.document import moment
from async_lab.runs.result import RunResult

_HEADER = ("run_id", "scenario", "metric", "unit", "minute", "sample_count", "sum", "minimum", "maximum", "average")


def metrics_csv(results: Sequence[RunResult]) -> str:
    """Return the runs' metrics, in CloudWatch's units, as RFC 4180 has it but for the ends of lines."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows(row for result in results for row in _rows(result))
    return file.getvalue()


def _rows(result: RunResult) -> Iterator[tuple[object, ...]]:
    for name, series in result.metrics.items():
        for point in series.points:
            figures = (point.sample_count, point.sum, point.minimum, point.maximum, point.average)
            yield result.run_id, result.scenario.name, name, series.unit, moment(point.minute), *figures
