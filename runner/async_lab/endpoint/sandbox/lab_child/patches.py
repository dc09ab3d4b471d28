"""Puts virtual time in the place of the process's own, for everything that is imported afterward.

Real time remains: in sockets, in ``select.select`` and ``poll`` when they are called directly, in ``Lock.acquire`` and
``Thread.join`` with a time limit, in ``process_time`` and in ``clock_gettime`` of other clocks than the real-time one.
None of it moves the clock. Other processes take real time too; what a handler waits for them moves its clock.
"""

from __future__ import annotations

import http.client
import os
import selectors
import subprocess
import sys
import threading
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

from . import clock, waits
from .clock import CLOCK, real_monotonic, real_sleep
from .protocol import DURATION_HEADER
from .waits import move, sleep, starting, wait_until, waiting

_WHOLE_NS = 100_000_000
"""Of the time that other processes take, in tenths of a second: a short one takes none, however fast the machine."""


def install() -> None:
    """Change ``time``, the waits of ``threading`` and ``selectors``, and what they wait with."""
    _patch_time()
    _patch_threading()
    _patch_selectors()
    _patch_http()
    _leave_subprocess_alone()
    _count_processes()
    clock.install_alarm()


def _patch_time() -> None:
    time.sleep = sleep  # type: ignore[assignment]
    time.monotonic = time.perf_counter = _monotonic
    time.monotonic_ns = time.perf_counter_ns = _monotonic_ns
    CLOCK.looked = waits.looked


def _monotonic() -> float:
    waits.looked(sys._getframe(1))  # noqa: SLF001 -- documented
    return CLOCK.monotonic_ns() / 1e9


def _monotonic_ns() -> int:
    waits.looked(sys._getframe(1))  # noqa: SLF001 -- documented
    return CLOCK.monotonic_ns()


def _patch_threading() -> None:
    """Make a wait with a time limit one in virtual time: conditions, and events, queues and futures through them."""
    threading._time = time.monotonic  # type: ignore[attr-defined]  # noqa: SLF001 -- bound when it was imported
    threading.Condition.wait = _condition_wait(threading.Condition.wait)  # type: ignore[method-assign]
    threading.Thread.join = _thread_join(threading.Thread.join)  # type: ignore[method-assign]
    threading.Thread.start = _thread_start(threading.Thread.start)  # type: ignore[method-assign]


def _condition_wait(real_wait: Any) -> Any:
    waiting_for: Counter[int] = Counter()  # how many threads, by condition

    def wait(self: Any, timeout: float | None = None) -> bool:
        def is_blocked() -> bool:  # who is notified is taken off the list of waiters
            return len(self._waiters) >= waiting_for[id(self)]

        waiting_for[id(self)] += 1
        try:
            if timeout is not None and timeout > 0:
                until_ns = CLOCK.now_ns + round(timeout * 1e9)
                return wait_until(until_ns, lambda seconds: real_wait(self, seconds), is_blocked)
            with waiting(is_blocked):
                return real_wait(self, timeout)
        finally:
            waiting_for[id(self)] -= 1
            if not waiting_for[id(self)]:
                del waiting_for[id(self)]

    return wait


def _thread_join(real_join: Any) -> Any:
    def join(self: threading.Thread, timeout: float | None = None) -> None:
        if timeout is None:
            with waiting(lambda: self.ident in sys._current_frames()):  # noqa: SLF001 -- documented
                real_join(self)
        else:
            real_join(self, timeout)

    return join


def _thread_start(real_start: Any) -> Any:
    def start(self: threading.Thread) -> None:
        with starting():
            real_start(self)

    return start


def _patch_selectors() -> None:
    """Let an asyncio loop that waits for its timers alone wait in virtual time.

    One that has connections open, or whoever else selects, is waiting for the world outside and does so in real time;
    the clock then moves by what it waited in vain.
    """
    for kind in {getattr(selectors, name) for name in vars(selectors) if name.endswith("Selector")}:
        if "select" in vars(kind) and kind is not selectors.BaseSelector:
            kind.select = _selector_select(kind.select)


def _selector_select(real_select: Any) -> Any:
    def select(self: Any, timeout: float | None = None) -> list[Any]:
        ready: list[Any] = []

        def happens(real_seconds: float | None) -> bool:
            ready.extend(real_select(self, real_seconds))
            return bool(ready)

        def is_blocked() -> bool:
            return not real_select(self, 0)

        if timeout is None:
            with waiting(is_blocked):
                happens(None)
        elif timeout <= 0:
            happens(0)
        elif _waits_for_itself(self):
            wait_until(CLOCK.now_ns + round(timeout * 1e9), happens, is_blocked)
        elif not happens(timeout):
            move(CLOCK.now_ns + round(timeout * 1e9))
        return ready

    return select


def _waits_for_itself(selector: Any) -> bool:
    """Whether all that could wake it is the pipe by which an asyncio loop's other threads do."""
    return all(_callback_name(key.data) == "_read_from_self" for key in selector.get_map().values())


def _callback_name(data: Any) -> str | None:
    """Return the name of what asyncio calls for a descriptor; its data are a pair of handles, reader and writer."""
    reader = data[0] if isinstance(data, tuple) else None
    return getattr(getattr(reader, "_callback", None), "__name__", None)


def _patch_http() -> None:
    """Let a synchronous call of another function take as long as that function does."""
    real_begin = http.client.HTTPResponse.begin

    def begin(self: http.client.HTTPResponse) -> None:
        real_begin(self)
        if seconds := self.getheader(DURATION_HEADER):
            sleep(float(seconds))

    http.client.HTTPResponse.begin = begin  # type: ignore[method-assign]


def _leave_subprocess_alone() -> None:
    """Keep real time for processes that the handler starts: they run in no other."""
    subprocess._time = real_monotonic  # type: ignore[attr-defined]  # noqa: SLF001
    subprocess.time = SimpleNamespace(sleep=real_sleep)  # type: ignore[attr-defined]


def _count_processes() -> None:
    """Let what a handler waits for the processes that it starts take its time."""
    subprocess.Popen.wait = _counted(subprocess.Popen.wait)  # type: ignore[method-assign]
    subprocess.Popen.communicate = _counted(subprocess.Popen.communicate)  # type: ignore[method-assign]
    os.system = _counted(os.system)
    os.waitpid = _counted_where_it_waits(os.waitpid)


def _counted_where_it_waits(real_waitpid: Any) -> Any:
    """Count no look: a handler of SIGCHLD looks whenever it interrupts, in the middle of the clock's own work too."""
    counted = _counted(real_waitpid)

    def waitpid(pid: int, options: int, /) -> tuple[int, int]:
        wait = real_waitpid if options & os.WNOHANG else counted
        result: tuple[int, int] = wait(pid, options)
        return result

    return waitpid


_under_way = threading.local()


def _counted(real: Any) -> Any:
    def wait(*args: Any, **options: Any) -> Any:
        if getattr(_under_way, "counts", False):  # one waits by another
            return real(*args, **options)
        _under_way.counts, begun = True, real_monotonic()
        try:
            return real(*args, **options)
        finally:
            _under_way.counts = False
            move(CLOCK.now_ns + int((real_monotonic() - begun) * 1e9) // _WHOLE_NS * _WHOLE_NS)

    return wait
