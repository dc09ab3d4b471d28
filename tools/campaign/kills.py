"""A run is interrupted, terminated, hung up on or killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator

from tools.campaign.case import Case
from tools.campaign.checkout import Checkout

_SIGNALS = (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
"""Ctrl-C is what people press most."""
_WHOLE_RUN_SECONDS = 14.0
_FIRST_SECOND = 1.0
_INTERPRETER_SECONDS = 0.25
"""Before Python runs the program's first line, a signal ends the interpreter: nothing can be promised then."""


def draw(rng: random.Random, checkout: Checkout) -> Case:
    """Draw a signal, to whom it goes, and when; half of the moments lie in the first second."""
    number = rng.choice(_SIGNALS)
    moment = rng.uniform(0.05, _FIRST_SECOND) if rng.random() < 0.5 else rng.uniform(_FIRST_SECOND, _WHOLE_RUN_SECONDS)  # noqa: PLR2004
    to_group = number == signal.SIGINT or rng.random() < 0.5  # noqa: PLR2004 - Ctrl-C goes to the whole group
    scenario = rng.choice(["baseline", "scenario-2", "scenario-4"])
    whom = "its process group" if to_group else "the program"
    what = f"run {scenario}, {number.name} to {whom} after {moment:.2f} s"
    return Case(what, lambda: _broken(checkout, scenario, number, moment, to_group=to_group))


def _broken(
    checkout: Checkout, scenario: str, number: signal.Signals, moment: float, *, to_group: bool
) -> Iterator[str]:
    process = checkout.start("run", scenario)
    ended_before = not _still_running_after(process, moment)
    if not ended_before:
        (os.killpg if to_group else os.kill)(process.pid, number)
    ended = checkout.end(process)
    yield from ended.broken(_promised(number, moment, ended_before=ended_before))
    if number == signal.SIGKILL and not ended_before:
        yield from _swept(checkout)
    yield from checkout.left_behind()


def _promised(number: signal.Signals, moment: float, *, ended_before: bool) -> tuple[int, ...]:
    if ended_before or signal.getsignal(number) == signal.SIG_IGN:  # as nohup says: programs inherit it
        return (0,)
    if number == signal.SIGKILL:
        return (-signal.SIGKILL,)
    return (130, -number) if moment < _INTERPRETER_SECONDS else (130,)


def _still_running_after(process: subprocess.Popen[str], seconds: float) -> bool:
    """Wait without reading what it says; it says less than a pipe holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return process.poll() is None


def _swept(checkout: Checkout) -> Iterator[str]:
    """Yield what is wrong with the next command, which sweeps what a killed one could not take away."""
    yield from checkout.call("destroy").broken((0,))
