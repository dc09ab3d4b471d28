"""Metrics as Parquet: the rows of the CSV, with types. Written by pyarrow, which is an extra."""

from __future__ import annotations

import io
from collections.abc import Sequence

from async_lab.errors import UsageError
from async_lab.report.metrics_csv import HEADER, rows
from async_lab.runs.result import RunResult

_TEXTS = ("run_id", "scenario", "metric", "unit")


def metrics_parquet(results: Sequence[RunResult]) -> bytes:
    """Return the runs' metrics, in CloudWatch's units, as a Parquet file; minutes are timestamps in UTC.

    Raises UsageError when pyarrow isn't installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("Parquet takes pyarrow, which is not installed: pip install 'async-lab[parquet]'") from error
    minute = pa.timestamp("ms", tz="UTC")
    types = {name: pa.string() if name in _TEXTS else minute if name == "minute" else pa.float64() for name in HEADER}
    typed = [{**row, "minute": row["minute"] * 1000} for row in rows(results)]
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(typed, pa.schema(types)), file)
    return file.getvalue()
