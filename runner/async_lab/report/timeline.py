"""Events as rows over time: their waits, attempts, limits and ends, in figures. What draws them knows no AWS rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from async_lab.observation.events import Attempt, Event, Outcome
from async_lab.wording import duration, listed, plural, since

MOST_ROWS = 60
"""Of more events, those that fared alike share a row."""
_MOST_BANDS = 12
_LIMIT_FACTOR = 2.0
"""A limit is drawn as far out as this many times what happened; one that is farther would only squeeze the rest."""
_SHORTEST_SECONDS = 1.0


class Kind(StrEnum):
    """What a mark stands for; the worst first, which is what is seen where several fall together."""

    DROPPED = "dropped"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SYSTEM_ERROR = "system error"
    THROTTLED = "throttled"
    SUCCEEDED = "succeeded"


class Fate(StrEnum):
    """How an event stands at the end of the run; the worst first."""

    LOST = "lost"
    """Dropped, and no destination or dead-letter queue has it."""
    KEPT = "kept"
    """Dropped, and delivered to one that has it."""
    PENDING = "pending"
    """Neither done nor dropped."""
    DONE = "done"
    UNSEEN = "unseen"
    """Nobody can say: nothing is known of this event but that it was sent."""


_KINDS = {
    Outcome.SUCCESS: Kind.SUCCEEDED,
    Outcome.ERROR: Kind.FAILED,
    Outcome.TIMEOUT: Kind.TIMED_OUT,
    Outcome.THROTTLED: Kind.THROTTLED,
    Outcome.SYSTEM_ERROR: Kind.SYSTEM_ERROR,
}
_REASONS = {
    "EventAgeExceeded": "too old",
    "RetriesExhausted": "retries exhausted",
    "ZeroReservedConcurrency": "reserved concurrency is 0",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which an event waited, or ran. Seconds since the timeline's beginning."""

    start: float
    end: float
    is_running: bool

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start

    @property
    def words(self) -> str:
        """What it was and how long."""
        return f"{'ran' if self.is_running else 'waited'} {duration(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that happened at one time, in seconds since the timeline's beginning."""

    at: float
    kind: Kind
    number: int = 0
    """Which attempt it was, from 1; 0 for none."""
    attempt: Attempt | None = None
    reason: str = ""

    @property
    def words(self) -> str:
        """When it was and what; said only of what is drawn by itself, which of thousands nothing is."""
        if self.attempt is None:
            return f"{since(self.at)} {self.kind}: {self.reason}"
        said, age = _what_it_said(self.attempt), duration(self.attempt.age_seconds)
        return f"{since(self.at)} attempt {self.number} {self.kind}{said}, at an age of {age}"


@dataclass(frozen=True, slots=True)
class Track:
    """One event's way through the queue. Times are seconds since the timeline's beginning."""

    accepted: float
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    end: float | None
    """When it was done or dropped; None while it is neither."""
    limit: float | None
    """When it reaches its maximum event age, which bounds waiting; None where that is beyond, or while it runs."""


@dataclass(frozen=True, slots=True)
class Column:
    """What the events of a row did in one of equal parts of the time."""

    waiting: int
    running: int
    marks: Mapping[Kind, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One event, or several that fared alike."""

    label: str
    words: str
    """What became of it, in a clause or two."""
    fate: Fate
    tracks: tuple[Track, ...]

    @property
    def is_band(self) -> bool:
        """Whether it stands for several events."""
        return len(self.tracks) > 1

    def columns(self, number: int, length: float) -> list[Column]:
        """Divide a time of ``length`` seconds into columns; each event counts where it was for any part of one."""
        waiting, running = [0] * (number + 1), [0] * (number + 1)
        marks: list[Counter[Kind]] = [Counter() for _ in range(number)]
        for track in self.tracks:
            for span in track.spans:
                kind = running if span.is_running else waiting
                first, last = _column(span.start, number, length), _column(span.end, number, length)
                kind[first] += 1
                kind[last + 1 if last < number else number] -= 1
            for mark in track.marks:
                marks[_column(mark.at, number, length)][mark.kind] += 1
        return [
            Column(waits, runs, mark)
            for waits, runs, mark in zip(_summed(waiting), _summed(running), marks, strict=False)
        ]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All events of a run, or bands of them, from the moment the first was sent."""

    started_at: float
    """Epoch seconds on the target's clock: t+0:00."""
    length: float
    """Seconds; everything drawn lies within."""
    rows: tuple[Row, ...] = field(default=())
    remark: str | None = None
    """How far what is shown was seen, if that is less than all of it."""
    is_inferred: bool = False
    """Whether attempts and ends follow from metrics rather than from records of the events."""

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of marks that occur, in their order."""
        present = {mark.kind for row in self.rows for track in row.tracks for mark in track.marks}
        return [kind for kind in Kind if kind in present]

    @property
    def has_limits(self) -> bool:
        """Whether an event's maximum age lies within what is drawn."""
        return any(track.limit is not None and track.limit <= self.length for row in self.rows for track in row.tracks)


def timeline(
    events: Sequence[Event], started_at: float, ended_at: float, maximum_age: float, most_rows: int = MOST_ROWS
) -> Timeline:
    """Lay events out in rows, in the order in which they were accepted; more than ``most_rows`` in bands.

    Times are epoch seconds on the target's clock; ``maximum_age`` is that of events that don't know their own.
    """
    length = _length(events, started_at, ended_at, maximum_age)
    tracked = [(event, _track(event, started_at, length, maximum_age)) for event in events]
    if len(events) > most_rows:
        rows = _bands(tracked, min(most_rows, _MOST_BANDS), started_at, maximum_age)
    else:
        rows = [
            Row(f"event {number}", _words(event, started_at, maximum_age), fate_of(event), (track,))
            for number, (event, track) in enumerate(tracked, 1)
        ]
    return Timeline(started_at, length, tuple(rows))


def fate_of(event: Event) -> Fate:
    """Return how an event stands."""
    if event.is_pending:
        return Fate.PENDING
    if not event.is_dropped:
        return Fate.DONE
    return Fate.KEPT if event.delivered_to else Fate.LOST


def ticks(length: float, most: int) -> list[float]:
    """Return at most so many round times from 0 to ``length``, in seconds, evenly apart."""
    step = next((step for step in _STEPS if length / step <= most - 1), length / max(1, most - 1))
    return [min(length, step * number) for number in range(int(length / step) + 1)]


_STEPS = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)


def _column(at: float, number: int, length: float) -> int:
    return max(0, min(number - 1, int(at / length * number)))


def _summed(changes: Sequence[int]) -> Iterator[int]:
    total = 0
    for change in changes[:-1]:
        total += change
        yield total


def _length(events: Sequence[Event], started_at: float, ended_at: float, maximum_age: float) -> float:
    happened = [_SHORTEST_SECONDS]
    for event in events:
        if event.is_pending:
            happened.append(ended_at - started_at)
        elif event.ended_at is not None:
            happened.append(event.ended_at - started_at)
    length = max(happened)
    limits = (_limit(event, maximum_age) - started_at for event in events if event.condition == "EventAgeExceeded")
    return max([length, *(limit for limit in limits if limit <= _LIMIT_FACTOR * length)])


def _limit(event: Event, maximum_age: float) -> float:
    age = event.maximum_event_age_seconds
    return event.accepted_at + (maximum_age if age is None else age)


def _track(event: Event, start: float, length: float, maximum_age: float) -> Track:
    accepted = event.accepted_at - start
    end = None if event.ended_at is None else event.ended_at - start
    spans = tuple(_spans(event, start, length))
    limit = _limit(event, maximum_age) - start
    matters = limit <= length and not any(span.is_running and span.start <= limit <= span.end for span in spans)
    return Track(
        accepted=accepted,
        spans=spans,
        marks=tuple(_marks(event, start)),
        end=end,
        limit=limit if matters else None,
    )


def _spans(event: Event, start: float, length: float) -> Iterator[Span]:
    """Yield what an event did, without a gap, from its acceptance to its end or the end of what is drawn."""
    since_then = event.accepted_at - start
    for attempt in event.attempts:
        at = attempt.at - start
        if at > since_then:
            yield Span(since_then, at, is_running=False)
        since_then = max(since_then, at)
        if attempt.ran:
            since_then = length if attempt.outcome is Outcome.RUNNING else at + _execution_seconds(attempt)
            yield Span(at, since_then, is_running=True)
    end = length if event.ended_at is None else event.ended_at - start
    if end > since_then and (event.is_pending or event.is_dropped):
        yield Span(since_then, end, is_running=False)


def _execution_seconds(attempt: Attempt) -> float:
    return (attempt.duration_seconds or 0.0) + (attempt.init_seconds or 0.0)


def _marks(event: Event, start: float) -> Iterator[Mark]:
    for number, attempt in enumerate(event.attempts, 1):
        kind = _KINDS.get(attempt.outcome)
        if kind is not None:
            yield Mark(
                attempt.at - start + (_execution_seconds(attempt) if attempt.ran else 0.0), kind, number, attempt
            )
    if event.is_dropped and event.ended_at is not None:
        yield Mark(event.ended_at - start, Kind.DROPPED, reason=_reason(event))


def _what_it_said(attempt: Attempt) -> str:
    if attempt.ran and attempt.outcome is Outcome.SUCCESS:
        return f" after {duration(attempt.duration_seconds or 0)}"
    said = ": ".join(filter(None, (attempt.error_type, attempt.error_message)))
    return f" ({said})" if said else ""


def _reason(event: Event) -> str:
    return _REASONS.get(str(event.condition), str(event.condition))


def _words(event: Event, start: float, maximum_age: float) -> str:
    """Return what became of one event, in clauses."""
    outcomes = Counter(attempt.outcome for attempt in event.attempts)
    clauses = [clause for clause in (_throttled(outcomes), _failed(event, outcomes)) if clause]
    last = event.attempts[-1] if event.attempts else None
    ended = since((event.ended_at or start) - start)
    if event.is_dropped:
        if not event.attempts:
            clauses.append("never tried")
        clauses.append(f"dropped at {ended}: {_reason(event)}{_limit_words(event, maximum_age)}")
        clauses.append(_deliveries(event))
    elif not event.is_pending:
        if last is not None:
            age = duration(last.age_seconds)
            clauses.append(f"ran {duration(last.duration_seconds or 0)} at an age of {age}")
        clauses.append(f"done at {ended}")
    elif last is not None and last.outcome is Outcome.RUNNING:
        clauses.append(f"runs since {since(last.at - start)}")
    else:
        clauses.append("still waits")
    return "; ".join(clauses)


def _throttled(outcomes: Mapping[Outcome, int]) -> str:
    return f"{plural(outcomes[Outcome.THROTTLED], 'attempt')} throttled" if outcomes[Outcome.THROTTLED] else ""


def _failed(event: Event, outcomes: Mapping[Outcome, int]) -> str:
    kinds = [
        (outcomes[outcome], str(_KINDS[outcome])) for outcome in (Outcome.ERROR, Outcome.TIMEOUT, Outcome.SYSTEM_ERROR)
    ]
    parts = [f"{plural(number, 'attempt')} {kind}" for number, kind in kinds if number]
    if not parts:
        return ""
    said = next((attempt.error_type for attempt in reversed(event.attempts) if attempt.error_type), None)
    return listed(parts) + (f" ({said})" if said else "")


def _limit_words(event: Event, maximum_age: float) -> str:
    if event.condition != "EventAgeExceeded":
        return ""
    age = event.maximum_event_age_seconds
    return f" (maximum event age {duration(maximum_age if age is None else age)})"


def _deliveries(event: Event) -> str:
    if event.delivered_to:
        return f"delivered to {listed([arn.rpartition(':')[2] for arn in event.delivered_to])}"
    if event.deliveries:
        return f"its delivery failed ({event.deliveries[-1].failure})"
    return "kept nowhere"


def _bands(tracked: Sequence[tuple[Event, Track]], most: int, start: float, maximum_age: float) -> list[Row]:
    """Put events that fared alike into a row, the worst fate first; of too many kinds the rarest share the last row."""
    groups: dict[tuple[Fate, str], list[tuple[Event, Track]]] = {}
    for event, track in tracked:
        groups.setdefault((fate_of(event), _kind_of_fate(event, maximum_age)), []).append((event, track))
    in_order = sorted(groups.items(), key=lambda group: -len(group[1]))
    shown, others = in_order[:most], in_order[most:]
    if others:
        shown, others = in_order[: most - 1], in_order[most - 1 :]
    rows = [_band(fate, words, members, start) for (fate, words), members in shown]
    rows.sort(key=lambda row: list(Fate).index(row.fate))
    if others:
        members = [member for _, group in others for member in group]
        worst = min((fate for (fate, _), _ in others), key=list(Fate).index)
        rows.append(_band(worst, "fared otherwise, in several ways", members, start))
    return rows


def _band(fate: Fate, words: str, members: Sequence[tuple[Event, Track]], start: float) -> Row:
    tracks = tuple(track for _, track in members)
    ends = [event.ended_at - start for event, _ in members if event.ended_at is not None]
    first, last = (since(min(ends)), since(max(ends))) if ends else ("", "")
    when = f", from {first} to {last}" if first != last else f", at {first}" if ends else ""
    return Row(plural(len(members), "event"), f"{words}{when}", fate, tracks)


def _kind_of_fate(event: Event, maximum_age: float) -> str:
    """Return how an event fared, without what is its own."""
    tried = {attempt.outcome for attempt in event.attempts}
    causes = [
        str(_KINDS[outcome]).replace(" ", "-")
        for outcome in _KINDS
        if outcome in tried and outcome is not Outcome.SUCCESS
    ]
    after = f" after {listed(causes)} attempts" if causes else ""
    if event.is_dropped:
        return f"dropped{after}: {_reason(event)}{_limit_words(event, maximum_age)}; {_deliveries(event)}"
    if event.is_pending:
        return f"{'still running' if Outcome.RUNNING in tried else 'still waiting'}{after}"
    return f"done{after}" if after else "done at the first attempt"
