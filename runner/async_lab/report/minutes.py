"""The metrics of a run as a table: a row for each metric, a column for each minute or, in a long run, for several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from async_lab.lambda_metrics import METRICS
from async_lab.observation.aggregate import aggregate, unit_of
from async_lab.observation.metrics import METRIC_NAMES, PERIOD_SECONDS, DataPoint, Metrics
from async_lab.wording import amount

_READ_BY = {metric.name: metric.read_by for metric in METRICS}
_MINUTES_PER_COLUMN = (1, 2, 5, 10, 15, 30, 60, 180, 360)


@dataclass(frozen=True, slots=True)
class Row:
    """One statistic of one metric."""

    metric: str
    statistic: str
    values: tuple[float | None, ...]
    """For each column, in the statistic's unit; None where there is no data point."""

    @property
    def cells(self) -> tuple[str | None, ...]:
        """The values in words; None where there is no data point."""
        unit = unit_of(self.metric, self.statistic)
        return tuple(None if value is None else amount(value, unit) for value in self.values)


@dataclass(frozen=True, slots=True)
class Minutes:
    """A table of metrics over time."""

    starts: tuple[int, ...]
    """Epoch seconds at which each column begins."""
    minutes_per_column: int
    rows: tuple[Row, ...]
    absent: tuple[str, ...]
    """The metrics without any data point, which have no row."""


def tabulate(metrics: Metrics, most_columns: int) -> Minutes:
    """Lay the metrics out from the first minute with a data point to the last, in at most so many columns."""
    stamps = [point.minute for series in metrics.values() for point in series.points]
    starts, per_column = _columns(min(stamps), max(stamps), most_columns) if stamps else ((), 1)
    present = [name for name in METRIC_NAMES if not metrics[name].is_absent]
    return Minutes(
        starts=starts,
        minutes_per_column=per_column,
        rows=tuple(row for name in present for row in _rows(metrics, name, starts, per_column)),
        absent=tuple(name for name in METRIC_NAMES if metrics[name].is_absent),
    )


def _columns(first: int, last: int, most: int) -> tuple[tuple[int, ...], int]:
    """Return where columns begin, aligned to their length as CloudWatch aligns periods, and their length in minutes."""
    for minutes in _MINUTES_PER_COLUMN:
        length = minutes * PERIOD_SECONDS
        starts = tuple(range(first // length * length, last + 1, length))
        if len(starts) <= most:
            break
    return starts, minutes


def _rows(metrics: Metrics, metric: str, starts: tuple[int, ...], per_column: int) -> Iterator[Row]:
    length = per_column * PERIOD_SECONDS
    columns: dict[int, list[DataPoint]] = {start: [] for start in starts}
    for point in metrics[metric].points:
        columns[point.minute // length * length].append(point)
    for statistic in _READ_BY[metric]:
        yield Row(metric, statistic, tuple(aggregate(statistic, points) for points in columns.values()))
