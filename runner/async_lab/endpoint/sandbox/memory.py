"""How much memory all processes of an execution environment take together."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

from async_lab.endpoint.sandbox.nursery import Process

_KIB_PER_PAGE = os.sysconf("SC_PAGE_SIZE") // 1024
_KEEPER, _HANDLER = "1", "2"
"""In every environment's process namespace."""


def in_use_kib(process: Process) -> int:
    """Return the handler's resident memory and, of what it started, the shares that it doesn't have in common."""
    if process.is_private:
        return _in_namespace(Path("/proc", str(process.pid), "root", "proc"))
    total = 0
    with contextlib.suppress(psutil.Error):
        for number, child in enumerate(psutil.Process(process.pid).children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += (_resident if number == 0 else _own)(child) // 1024
    return total


def _in_namespace(processes: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        if processes.stat().st_dev == Path("/proc").stat().st_dev:
            return 0  # the environment has none of its own yet: these are all of this machine's
        for name in (process.name for process in processes.iterdir()):
            if name.isdecimal() and name != _KEEPER:
                with contextlib.suppress(OSError, ValueError, IndexError):  # it ends while we look
                    total += _resident_pages(processes / name) if name == _HANDLER else _private_kib(processes / name)
    return total


def _resident_pages(process: Path) -> int:
    return int((process / "statm").read_text().split()[1]) * _KIB_PER_PAGE


def _private_kib(process: Path) -> int:
    lines = (process / "smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _resident(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def _own(process: psutil.Process) -> int:
    return int(process.memory_full_info().uss)
