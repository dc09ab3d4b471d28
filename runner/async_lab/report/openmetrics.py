"""Metrics in the OpenMetrics text format, which Prometheus and its like read.

Source of the format: OpenMetrics 1.0. Each minute is a gauge with its time: a sum, a count, a lowest and a highest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from async_lab.lambda_metrics import UNITS
from async_lab.observation.metrics import METRIC_NAMES, DataPoint
from async_lab.runs.result import RunResult

_STATISTICS = ("sum", "sample_count", "minimum", "maximum")


def openmetrics(results: Sequence[RunResult]) -> str:
    """Return the runs' metrics, each family in one piece; what has no data point has no line, as it isn't 0."""
    lines = [
        line for metric in METRIC_NAMES for statistic in _STATISTICS for line in _family(results, metric, statistic)
    ]
    return "\n".join([*lines, "# EOF", ""])


def _family(results: Sequence[RunResult], metric: str, statistic: str) -> Iterator[str]:
    samples = [line for result in results for line in _samples(result, metric, statistic)]
    if samples:
        name = _name(metric, statistic)
        yield f"# TYPE {name} gauge"
        yield f"# HELP {name} {statistic.replace('_', ' ')} by minute of AWS/Lambda {metric}, in {UNITS[metric]}"
        yield from samples


def _samples(result: RunResult, metric: str, statistic: str) -> Iterator[str]:
    labels = {"scenario": result.scenario.name, "run": result.run_id, "function": result.function_name}
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    for point in result.metrics[metric].points:
        yield f"{_name(metric, statistic)}{{{written}}} {_figure(point, statistic):.17g} {point.minute}"


def _figure(point: DataPoint, statistic: str) -> float:
    figures = {
        "sum": point.sum,
        "sample_count": point.sample_count,
        "minimum": point.minimum,
        "maximum": point.maximum,
    }
    return figures[statistic]


def _name(metric: str, statistic: str) -> str:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", metric).lower()
    return f"aws_lambda_{snake}_{statistic}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
