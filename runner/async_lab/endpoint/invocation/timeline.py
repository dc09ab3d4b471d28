"""The endpoint's clock, and what moves it through everything that is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import floor, inf
from typing import Protocol

from async_lab.endpoint import trouble


class VirtualClock:
    """Stands still while requests come in and moves when someone waits; never backwards."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """Return the present virtual time."""
        return self._now

    def move_to(self, at: float) -> None:
        """Make it ``at``, unless that is past already."""
        self._now = max(self._now, at)

    def restart(self, at: float) -> None:
        """Begin anew, for whom nothing has happened yet: the one way back."""
        self._now = at


class PacedClock(VirtualClock):
    """Runs by itself, ``speed`` times as fast as the wall's, and can be moved ahead as well.

    All that it keeps is what it would have said when the wall's was at 0: one number, so that whoever asks while it
    begins anew gets a time from before or from after.
    """

    def __init__(self, start: float, speed: float) -> None:
        self._speed = speed
        super().__init__(start - self._passed())

    def now(self) -> float:
        """Return the present virtual time, to the instant."""
        return self._now + self._passed()

    def move_to(self, at: float) -> None:
        """Make it ``at``, unless that is past already."""
        self._now += max(0.0, at - self.now())

    def restart(self, at: float) -> None:
        """Begin anew, for whom nothing has happened yet: the one way back."""
        self._now = at - self._passed()

    def _passed(self) -> float:
        return time.monotonic() * self._speed


_MINUTE_SECONDS = 60.0
_TICK_SECONDS = 10.0
_PACE_SECONDS = 0.005


class Scheduled(Protocol):
    """Whatever does something at an instant of its own: Lambda in a region, the pollers of queues, schedules."""

    @property
    def is_resolved(self) -> bool:
        """Whether every execution under way has an outcome."""

    def next_due(self) -> float | None:
        """Return when something happens next, in epoch seconds; None when nothing does."""

    def step(self, pool: ThreadPoolExecutor) -> None:
        """Do all that is due at the next instant; handlers run on ``pool``."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """What happens every ten seconds between minutes, as long as it is wanted."""

    are_wanted: Callable[[], bool] = lambda: False
    """Asked before each instant."""
    on_tick: Callable[[float], None] = lambda _at: None
    """Given the epoch second."""


class Timeline:
    """Things happen in their order, and at the same instant in the order of ``scheduled``.

    At each minute's end ``on_minute`` looks at the metrics.
    """

    def __init__(
        self,
        clock: VirtualClock,
        scheduled: Callable[[], Iterable[Scheduled]],
        on_minute: Callable[[float], None],
        handlers_at_once: int,
        ticks: Ticks | None = None,
    ) -> None:
        self._ticks, self._next_tick = ticks or Ticks(), inf
        self._clock, self._scheduled, self._on_minute = clock, scheduled, on_minute
        self._moving = threading.Lock()
        self._promised, self._promising = clock.now(), threading.Lock()
        self._next_minute = _next_multiple(clock.now(), _MINUTE_SECONDS)
        self._pool = ThreadPoolExecutor(handlers_at_once, thread_name_prefix="handler")
        self._is_closed = False

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of virtual time pass."""
        with self._moving:
            self._move_to(self._clock.now() + seconds)
            self._promised = self._clock.now()  # what came meanwhile, such as a call by a handler, has no say in it

    def advance_to(self, at: float) -> None:
        """Let time pass until ``at``, unless somebody else moves it at this moment.

        While an execution has no outcome, time can't pass, and who asks may be called by that very execution: then it
        passes when the next one asks, at the latest for the calling execution's own end.
        """
        with self._promising:
            self._promised = max(self._promised, at)
        while self._moving.acquire(blocking=False):
            try:
                end = self._promised  # before looking, because who promises has its outcome
                if all(each.is_resolved for each in self._scheduled()):
                    self._move_to(end)
            finally:
                self._moving.release()
            if end == self._promised:
                break

    @property
    def next_due(self) -> float | None:
        """When something happens next to an event, in epoch seconds; None when nothing will."""
        due_at, region = self._next_due([])
        return due_at if region else None

    @property
    def next_look(self) -> float:
        """When alarms are looked at next, in epoch seconds."""
        if not self._ticks.are_wanted():
            self._next_tick = inf
        elif self._next_tick == inf:
            self._next_tick = _next_multiple(self._clock.now(), _TICK_SECONDS)
        return min(self._next_minute, self._next_tick)

    def restart(self, at: float, forget: Callable[[], None]) -> None:
        """Begin anew at ``at`` when what is under way is done; ``forget`` puts away all that has happened."""
        with self._moving:
            forget()
            self._clock.restart(at)
            self._promised = at
            self._next_minute, self._next_tick = _next_multiple(at, _MINUTE_SECONDS), inf

    def close(self) -> None:
        """Let no handler start any more, and nothing happen."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _move_to(self, end: float) -> None:
        """Do all that is due until ``end``. Whoever fails without getting any further sits the rest out."""
        stuck: list[Scheduled] = []
        while not self._is_closed:
            due_at, next_one = self._next_due(stuck)
            look_at = self.next_look
            if min(due_at, look_at) > end:
                break
            if next_one and due_at <= look_at:
                self._clock.move_to(due_at)
                try:
                    next_one.step(self._pool)
                except Exception as error:  # noqa: BLE001 - time goes on, whatever it is
                    if self._is_closed:
                        break
                    trouble.report("carrying events through", error)
                    if next_one.next_due() == due_at:
                        stuck.append(next_one)
            else:
                self._look(look_at)
        self._clock.move_to(end)

    def _look(self, at: float) -> None:
        self._clock.move_to(at)
        if at == self._next_tick:
            self._next_tick += _TICK_SECONDS
        if at == self._next_minute:
            self._next_minute += _MINUTE_SECONDS
            with trouble.contained("ending a minute"):
                self._on_minute(at)
        else:
            with trouble.contained("looking at alarms between minutes"):
                self._ticks.on_tick(at)

    def _next_due(self, stuck: list[Scheduled]) -> tuple[float, Scheduled | None]:
        upcoming: list[tuple[float, Scheduled | None]] = [(inf, None)]
        for each in self._scheduled():
            due_at = None if each in stuck else each.next_due()
            if due_at is not None:
                upcoming.append((due_at, each))
        return min(upcoming, key=lambda entry: entry[0])


def _next_multiple(after: float, seconds: float) -> float:
    return (floor(after / seconds) + 1) * seconds


class Pacer:
    """Lets what is due happen as the clock runs by itself.

    Time is stepped from event to event and only paced by the wall, so that a slow machine adds no event age.
    """

    def __init__(self, timeline: Timeline, clock: PacedClock) -> None:
        self._timeline, self._clock = timeline, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the step under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_PACE_SECONDS):
            with trouble.contained("letting time pass"):
                self._timeline.advance_to(self._clock.now())
