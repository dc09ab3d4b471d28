"""What a command ends with when an exception gets to its very end: the machine's fault, or a bug of ours."""

from __future__ import annotations

import errno
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from async_lab.errors import ExitCode

_WRITABLE = "make it writable"
_ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or ask for a larger quota",
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EIO: "look after the device",
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.EAGAIN: "allow more processes or memory (ulimit -u, ulimit -v)",
    errno.ENOMEM: "free some memory, or allow more (ulimit -v)",
    errno.EFBIG: "allow larger files (ulimit -f)",
}
"""What can be done about what the machine refuses."""
_ALSO_SAID = {"can't start new thread": errno.EAGAIN, "failed to map segment": errno.ENOMEM}
"""Where Python doesn't give a number."""


def conclude(error: BaseException) -> ExitCode:
    """Tell of an exception that nothing else has told of; return the exit code."""
    refused = _refused(error)
    if refused is not None:
        _say(f"Error: This machine refuses what the lab needs ({refused[0]}): {_ADVICE[refused[1]]}.")
        return ExitCode.ENVIRONMENT
    what = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")
    report = _report(error)
    where = _kept(report)
    if where is None:
        _say(report)
        _say(f"Error: async-lab itself has failed ({what}): a bug, whose traceback stands above.")
    else:
        _say(f"Error: async-lab itself has failed ({what}): a bug, whose traceback is in {where}")
    return ExitCode.BUG


def exit_code_of(error: BaseException) -> ExitCode:
    """Return what an exception that nothing else has told of ends a command with."""
    return ExitCode.BUG if _refused(error) is None else ExitCode.ENVIRONMENT


def _refused(error: BaseException) -> tuple[str, int] | None:
    """Return what the machine has refused, and its number, if that is at the bottom of an exception."""
    for cause in _chain(error):
        if isinstance(cause, MemoryError):
            return os.strerror(errno.ENOMEM), errno.ENOMEM
        if isinstance(cause, OSError) and cause.errno in _ADVICE:
            place = f": {cause.filename}" if cause.filename else ""
            return f"{os.strerror(cause.errno)}{place}", cause.errno
        said = str(cause)  # of the linker, of shutil, of a library that has wrapped it
        for number in _ADVICE:
            if os.strerror(number) in said:
                return " ".join(said.split()), number
        for words, number in _ALSO_SAID.items():
            if words in said:
                return words, number
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _report(error: BaseException) -> str:
    lines = [
        f"$ {' '.join(sys.argv)}\n",
        f"Python {sys.version} on {sys.platform}\n",
        *traceback.format_exception(error),
    ]
    return "".join(lines)


def _kept(report: str) -> Path | None:
    """Write a report where it can be written, the checkout first; return the file."""
    name = f"async-lab-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.txt"
    for directory in (_crashes(), Path(gettempdir())):
        with suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True)
            file = directory / name
            file.write_text(report, encoding="utf-8", errors="backslashreplace")
            return file
    return None


def _crashes() -> Path:
    from async_lab.checkout.project import Project
    from async_lab.errors import LabError

    try:
        return Project.locate().crashes
    except (LabError, OSError):
        return Path(gettempdir())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - all else may have failed
