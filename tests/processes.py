"""Which processes still run."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "LAB_TEST_PROCESS_OF"
"""An environment variable that a test gives to a program, and that all its descendants inherit."""
LONGEST_SECONDS = 60.0


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def with_command(processes: Iterable[psutil.Process], text: str) -> list[psutil.Process]:
    """Those of them whose command line has this text; not those that have ended meanwhile."""
    return [process for process in processes if text in " ".join(command_of(process))]


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def processes_of(directory: Path) -> list[psutil.Process]:
    """Every process that a program with this mark has started, whoever its parent is now."""
    return [process for process in psutil.process_iter() if is_marked(process, directory) and is_alive(process)]


def kill_processes_of(directory: Path) -> None:
    """Kill every one of them that hasn't ended by itself meanwhile."""
    for process in processes_of(directory):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def is_marked(process: psutil.Process, directory: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(directory)
    except (psutil.Error, OSError):
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
