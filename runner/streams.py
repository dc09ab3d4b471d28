"""Standard input, output and error, fit for use whatever they are connected to.

* A closed one is opened on the null device before anything else is opened: the next file or socket would get its
  number, and everything that is printed.
* Standard error never fails. It is where progress is told, and a terminal that has gone must not stop a clean-up.
* Standard output fails once, with one of our errors, and is silent from then on.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import IO

from runner.errors import EnvironmentFailure, ReaderGone

_INPUT, _OUTPUT, _ERROR = 0, 1, 2


class _Writer(io.FileIO):
    """Writes to a descriptor until it fails, which ``failed`` is told; then to nowhere."""

    def __init__(self, descriptor: int, failed: Callable[[OSError], None]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._failed = failed
        self._is_silent = False

    def write(self, data: bytes | bytearray | memoryview) -> int | None:  # type: ignore[override]
        if not self._is_silent:
            try:
                return super().write(data)
            except OSError as error:
                self._is_silent = True
                self._failed(error)
        return len(data)


def prepare() -> None:
    """Make the three fit for use. Called before anything is opened."""
    for descriptor in (_INPUT, _OUTPUT, _ERROR):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is what open() gives. Other programs are to get it, too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(_INPUT, closefd=False, encoding="utf-8")  # noqa: SIM115 - as long as the program
    sys.stdout = _text(sys.stdout, _OUTPUT, _raise)
    sys.stderr = _text(sys.stderr, _ERROR, _ignore)


def _text(before: IO[str] | None, descriptor: int, failed: Callable[[OSError], None]) -> io.TextIOWrapper:
    """Return a stream like the one that Python has made."""
    if isinstance(before, io.TextIOWrapper):
        encoding, errors, by_line = before.encoding, before.errors, before.line_buffering or before.write_through
        before.detach()  # it would close the descriptor, or flush into it
    else:
        encoding, errors, by_line = "utf-8", "backslashreplace", True
    raw: io.RawIOBase = _Writer(descriptor, failed)
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding, errors, line_buffering=by_line)


def _ignore(_error: OSError) -> None: ...


def _raise(error: OSError) -> None:
    if isinstance(error, BrokenPipeError):
        raise ReaderGone("Nobody reads what is printed any more.") from error
    raise EnvironmentFailure(f"Standard output can't be written ({error.strerror}).") from error
