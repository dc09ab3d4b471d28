"""The label of a result: as asked for, with its placeholders, or CloudWatch's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from async_lab.cloudwatch.series import Series
from async_lab.cloudwatch.store import Metric

_PLACEHOLDER = re.compile(r"\$\{(?:PROP\('([^']+)'\)|([A-Z_]+))\}")


@dataclass(frozen=True, slots=True)
class MetricStat:
    """A metric, the statistic that is asked for, and its period in seconds; ``unit`` None means all of them."""

    metric: Metric
    statistic: str
    period: int
    unit: str | None = None


def default_labels(stats: Sequence[MetricStat]) -> list[str]:
    """Return a label for each: the metric's name, and whatever of the rest tells it from the others.

    AWS doesn't publish the rule. That statistic and period are added when they differ is known from LocalStack's
    AWS-validated tests; the dimension values, before the name, are what the console shows (assumed).
    """
    common = set.intersection(*(set(stat.metric.dimensions) for stat in stats)) if stats else set()
    shows_name = len({stat.metric.name for stat in stats}) > 1
    shows_statistic = len({stat.statistic for stat in stats}) > 1
    shows_period = len({stat.period for stat in stats}) > 1
    labels = []
    for stat in stats:
        parts = [value for name, value in stat.metric.dimensions if (name, value) not in common]
        parts += [stat.metric.name] if shows_name or not parts else []
        parts += [stat.statistic] if shows_statistic else []
        parts += [str(stat.period)] if shows_period else []
        labels.append(" ".join(parts))
    return labels


def dynamic(label: str, series: Series, stat: MetricStat | None, properties: Mapping[str, str]) -> str:
    """Fill a label's placeholders (user guide, "Use dynamic labels"); one that isn't known stays as it is."""
    known = {**properties, **(_properties(stat) if stat else {})}

    def fill(match: re.Match[str]) -> str:
        name, word = match.groups()
        if name:
            return known.get(name, match[0])
        if word == "LABEL":
            return series.label
        return _LIVE[word](series) if word in _LIVE else match[0]

    return _PLACEHOLDER.sub(fill, label)


def _properties(stat: MetricStat) -> dict[str, str]:
    return {
        "MetricName": stat.metric.name,
        "Namespace": stat.metric.namespace,
        "Stat": stat.statistic,
        "Period": str(stat.period),
        **{f"Dim.{name}": value for name, value in stat.metric.dimensions},
    }


def _number(choose: Callable[[Sequence[float]], float]) -> Callable[[Series], str]:
    return lambda series: f"{choose(list(series.points.values())):g}" if series.points else "--"


def _time(choose: Callable[[Series], int]) -> Callable[[Series], str]:
    return lambda series: datetime.fromtimestamp(choose(series), UTC).isoformat() if series.points else "--"


_LIVE: dict[str, Callable[[Series], str]] = {
    "AVG": _number(lambda values: sum(values) / len(values)),
    "DATAPOINT_COUNT": lambda series: str(len(series.points)),
    "FIRST": _number(lambda values: values[0]),
    "FIRST_TIME": _time(lambda series: min(series.points)),
    "LAST": _number(lambda values: values[-1]),
    "LAST_TIME": _time(lambda series: max(series.points)),
    "MAX": _number(max),
    "MAX_TIME": _time(lambda series: max(series.points, key=series.points.__getitem__)),
    "MIN": _number(min),
    "MIN_TIME": _time(lambda series: min(series.points, key=series.points.__getitem__)),
    "SUM": _number(sum),
}
