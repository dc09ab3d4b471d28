"""Each metric by minute, as bars with its limits and the periods of its alarms. A minute without data has no bar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from async_lab.observation.aggregate import aggregate, unit_of
from async_lab.observation.alarms import AlarmChange
from async_lab.observation.metrics import METRIC_NAMES, PERIOD_SECONDS, DataPoint
from async_lab.report import svg
from async_lab.runs.result import RunResult
from async_lab.wording import amount, clock_time, duration, since

MOST_BARS = 120
"""Of more minutes, several share a bar."""
STATISTICS: Mapping[str, str] = {"AsyncEventAge": "Maximum", "Duration": "Maximum", "ConcurrentExecutions": "Maximum"}
"""What a metric's bars show; counts not named here are summed."""
_ALARM_KINDS: Mapping[str, tuple[str, ...]] = {
    "AsyncEventsReceived": ("not-arriving",),
    "AsyncEventsDropped": ("dropped",),
    "AsyncEventAge": ("event-age", "event-age-maximum"),
    "Errors": ("errors",),
    "Throttles": ("throttles",),
    "ConcurrentExecutions": ("concurrency",),
    "DeadLetterErrors": ("dead-letter-failures",),
    "DestinationDeliveryFailures": ("destination-failures",),
}
"""The ends of the names that the module async-observability gives to a metric's alarms."""
_TOP, _PLOT, _BOTTOM = 24.0, 64.0, 16.0
_ROOM_ABOVE_LIMIT = 1.6
"""A limit this many times the highest bar is still drawn; one that is farther is said."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A metric over the run, in equal parts of its time."""

    metric: str
    statistic: str
    starts: tuple[int, ...]
    """Epoch seconds."""
    seconds: int
    """How long each part is."""
    values: tuple[float | None, ...]
    """In the metric's unit; None where there is no data point."""

    @property
    def unit(self) -> str:
        """CloudWatch's unit of the values."""
        return unit_of(self.metric, self.statistic)


def bars_of(result: RunResult) -> list[Bars]:
    """Return every metric that has a data point, over the minutes of the run."""
    first = int(result.started_at // PERIOD_SECONDS * PERIOD_SECONDS)
    minutes = int(max(result.ended_at - first, 1) // PERIOD_SECONDS) + 1
    seconds = PERIOD_SECONDS * -(-minutes // MOST_BARS)
    starts = tuple(range(first, first + minutes * PERIOD_SECONDS, seconds))
    return [_bars(result, name, starts, seconds) for name in METRIC_NAMES if not result.metrics[name].is_absent]


def chart(bars: Bars, result: RunResult) -> str:
    """Return a metric's chart for a page, below a heading that names it."""
    return svg.chart(_parts(bars, result), _TOP + _PLOT + _BOTTOM, _label(bars))


def alarm_periods(alarms: Sequence[AlarmChange], ended_at: float) -> dict[str, list[tuple[float, float]]]:
    """Return from when to when each alarm was in ALARM, in epoch seconds; one that still is ends with the run."""
    periods: dict[str, list[tuple[float, float]]] = {}
    began: dict[str, float] = {}
    for change in alarms:
        if change.state == "ALARM":
            began.setdefault(change.name, change.at)
        elif change.name in began:
            periods.setdefault(change.name, []).append((began.pop(change.name), change.at))
    for name, at in began.items():
        periods.setdefault(name, []).append((at, max(at, ended_at)))
    return periods


def limit_of(metric: str, result: RunResult) -> tuple[float, str] | None:
    """Return the setting that bounds a metric, in the metric's unit, and its name."""
    scenario = result.scenario
    if metric == "AsyncEventAge":
        return scenario.maximum_event_age_in_seconds * 1000, "maximum event age"
    if metric == "Duration":
        return scenario.timeout * 1000, "timeout"
    if metric == "ConcurrentExecutions" and scenario.reserved_concurrent_executions >= 0:
        return scenario.reserved_concurrent_executions, "reserved concurrency"
    return None


def _bars(result: RunResult, metric: str, starts: tuple[int, ...], seconds: int) -> Bars:
    statistic = STATISTICS.get(metric, "Sum")
    parts: dict[int, list[DataPoint]] = {start: [] for start in starts}
    for point in result.metrics[metric].points:
        at = starts[0] + (point.minute - starts[0]) // seconds * seconds
        if at in parts:
            parts[at].append(point)
    return Bars(metric, statistic, starts, seconds, tuple(aggregate(statistic, points) for points in parts.values()))


def _label(bars: Bars) -> str:
    seen = [
        f"{clock_time(start)[:5]} {amount(value, bars.unit)}"
        for start, value in zip(bars.starts, bars.values, strict=True)
        if value is not None
    ]
    return f"{bars.statistic} of {bars.metric}: {', '.join(seen[:20])}"


def _parts(bars: Bars, result: RunResult) -> Iterator[str]:
    number, base = len(bars.starts), _TOP + _PLOT
    highest = max((value for value in bars.values if value is not None), default=0.0)
    limit = limit_of(bars.metric, result)
    top = highest
    if limit and highest and limit[0] <= _ROOM_ABOVE_LIMIT * highest:
        top = max(highest, limit[0])
    yield from _alarms(bars, result, base)
    if limit and top and limit[0] <= top:
        y = base - _PLOT * limit[0] / top
        line = svg.element("line", x1="0", x2="100%", y1=y, y2=y, class_="limit")
        yield svg.element("g", line, title=f"{limit[1]} {amount(limit[0], bars.unit)}")
    for index, value in enumerate(bars.values):
        yield from _bar(bars, index, value, top, base)
    yield svg.element("line", x1="0", x2="100%", y1=base, y2=base, class_="base")
    for index in _labeled(number):
        anchor = "start" if index == 0 else "end" if index == number - 1 else "middle"
        at = 0.0 if index == 0 else number if index == number - 1 else index + 0.5
        words = clock_time(bars.starts[index])[:5]
        yield svg.text(svg.percent(at, number), base + 13, words, anchor=anchor, class_="soft")


def _alarms(bars: Bars, result: RunResult, base: float) -> Iterator[str]:
    """Shade the periods in which an alarm of this metric was in ALARM."""
    start = bars.starts[0]
    length = len(bars.starts) * bars.seconds
    endings = tuple(f"-{kind}" for kind in _ALARM_KINDS.get(bars.metric, ()))
    for name, periods in alarm_periods(result.alarms, start + length).items():
        if not (endings and name.endswith(endings)):
            continue
        for began, ended in periods:
            words = f"{name} in ALARM from {since(began - result.started_at)}"
            x, width = svg.percent(began - start, length), svg.percent(min(ended, start + length) - began, length)
            yield svg.element("rect", title=words, x=x, width=width, y=4, height=base - 4, class_="alarm")
            yield svg.element("rect", x=x, width=width, y=2, height=3, class_="alarm-strip")


def _bar(bars: Bars, index: int, value: float | None, top: float, base: float) -> Iterator[str]:
    number = len(bars.starts)
    gap = 0.06 if number <= _FEW else 0.0
    x, width = svg.percent(index + gap, number), svg.percent(1 - 2 * gap, number)
    start = bars.starts[index]
    when = clock_time(start)[:5] + (f", {duration(bars.seconds)}" if bars.seconds > PERIOD_SECONDS else "")
    if value is None:
        yield svg.element("rect", title=f"{when}: no data point", x=x, y=base - 6, width=width, height=6, class_="none")
        return
    tall = max(2.0, _PLOT * value / top) if value and top else 0.0
    words = amount(value, bars.unit)
    if tall:
        yield svg.element("rect", title=f"{when}: {words}", x=x, y=base - tall, width=width, height=tall, class_="bar")
    if number <= _FEW and (number <= _SPARSE or len(words) <= _SHORT or value == top):
        yield svg.text(svg.percent(index + 0.5, number), base - tall - 4, words, anchor="middle", class_="halo")


_FEW, _SPARSE, _SHORT = 6, 4, 6
"""So many bars have room for their values, also on a phone; so many for long ones; and which are not."""


def _labeled(number: int) -> list[int]:
    """Return which of the bars have their time written below."""
    if number <= _FEW:
        return list(range(number))
    return [0, number // 2, number - 1]
