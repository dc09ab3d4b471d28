"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from async_lab.observation.aggregate import aggregate, unit_of
from async_lab.observation.metrics import DataPoint
from async_lab.observation.observations import Observations
from async_lab.wording import amount, duration


class Severity(StrEnum):
    """How bad it is, the worst first."""

    CRITICAL = "critical"
    """Events were dropped or never arrived."""
    WARNING = "warning"
    """Events are late, or the next ones will be lost."""
    NOTICE = "notice"
    """Nothing is late or lost for it, but something isn't as it should be."""
    INFO = "info"


class Confidence(StrEnum):
    """How sure it is, the surest first."""

    CERTAIN = "certain"
    """It follows from the figures and from what AWS documents or was measured to do."""
    LIKELY = "likely"
    """The figures fit it better than the alternatives."""
    POSSIBLE = "possible"
    """The figures admit it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A statistic of a metric, over all minutes that were looked at."""

    metric: str
    statistic: str
    value: float | None
    """In ``unit``; None: CloudWatch has no data point, which isn't 0."""
    unit: str
    """CloudWatch's: ``Count`` or ``Milliseconds``."""
    minutes: tuple[int, ...] = ()
    """Starts of the minutes that it is from, in epoch seconds: of a sum those that add to it, of a maximum or a minimum
    those that have it, of all else those with a data point."""

    @property
    def subject(self) -> str:
        """What it is of: ``Sum of Throttles``."""
        return f"{self.statistic} of {self.metric}"

    @property
    def words(self) -> str:
        """The figure as people say it."""
        return "no data point" if self.value is None else amount(self.value, self.unit)

    def __str__(self) -> str:
        return f"{self.subject}: {self.words}"


@dataclass(frozen=True, slots=True)
class Fact:
    """A setting as it stands, or a number that is no metric."""

    name: str
    """As people say it: ``Reserved concurrency``."""
    value: float | str | None
    """None: it isn't set, or isn't known, as ``is_known`` says."""
    unit: str
    """``Count``, ``Seconds``, ``Milliseconds``, or ``None`` for a text, as CloudWatch calls what has no unit."""
    is_known: bool = True

    @property
    def subject(self) -> str:
        """What it is."""
        return self.name

    @property
    def words(self) -> str:
        """The value as people say it."""
        if not self.is_known:
            return "not known"
        if self.value is None:
            return "none"
        if isinstance(self.value, str):
            return self.value
        return duration(self.value) if self.unit == "Seconds" else amount(self.value, self.unit)

    def __str__(self) -> str:
        return f"{self.subject}: {self.words}"


Evidence = Figure | Fact


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, how sure that is, by which figures, and what to do about it."""

    code: str
    """Stable, for programs: ``late-at-reservation``."""
    severity: Severity
    confidence: Confidence
    title: str
    explanation: str
    """One or two sentences, with the figures."""
    evidence: tuple[Evidence, ...]
    alternatives: tuple[str, ...]
    """What else it could be, in sentences; none when it is certain."""
    advice: tuple[str, ...]
    """What to do, the most useful first."""
    source: str
    """Who says that AWS behaves so."""


def figure(seen: Observations, statistic: str, metric: str) -> Figure:
    """Return a statistic of a metric with the minutes that it is from."""
    points = seen.metrics[metric].points
    value = aggregate(statistic, points)
    minutes = tuple(point.minute for point in points if _has(point, statistic, value))
    return Figure(metric, statistic, value, unit_of(metric, statistic), minutes)


def _has(point: DataPoint, statistic: str, value: float | None) -> bool:
    match statistic:
        case "Sum":
            return point.sum > 0
        case "Minimum":
            return point.minimum == value
        case "Maximum":
            return point.maximum == value
    return True
