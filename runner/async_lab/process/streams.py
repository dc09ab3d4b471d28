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
from typing import IO, Any

from async_lab.errors import EnvironmentFailure, ReaderGone

_INPUT, _OUTPUT, _ERROR = 0, 1, 2


class _Writer(io.TextIOWrapper):
    """Writes until that fails, which ``failed`` is told; then to nowhere.

    A signal's handler may print in the middle of a print: what is below has to be C, or have no buffer.
    """

    def __init__(self, file: IO[bytes], failed: Callable[[OSError], None], **settings: Any) -> None:
        super().__init__(file, **settings)
        self._failed = failed
        self._is_silent = False

    def write(self, text: str) -> int:
        if not self._is_silent:
            try:
                return super().write(text)
            except OSError as error:
                self._end(error)
        return len(text)

    def flush(self) -> None:
        if not self._is_silent:
            try:
                super().flush()
            except OSError as error:
                self._end(error)

    def _end(self, error: OSError) -> None:
        self._is_silent = True
        self._failed(error)


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
    output = open(_OUTPUT, "wb", closefd=False)  # noqa: SIM115 - these two as well
    error = open(_ERROR, "wb", buffering=0, closefd=False)  # noqa: SIM115
    sys.stdout = _Writer(output, _raise, **_settings(sys.stdout))
    sys.stderr = _Writer(error, _ignore, **_settings(sys.stderr) | {"write_through": True})


def _settings(stream: IO[str] | None) -> dict[str, Any]:
    """Return the settings of a stream that Python has made, and disconnect it."""
    if not isinstance(stream, io.TextIOWrapper):
        return {"encoding": "utf-8", "errors": "backslashreplace"}
    is_by_line = stream.line_buffering or stream.write_through
    settings = {"encoding": stream.encoding, "errors": stream.errors, "line_buffering": is_by_line}
    stream.detach()  # it would flush into the descriptor at the end
    return settings


def _ignore(_error: OSError) -> None: ...


def _raise(error: OSError) -> None:
    if isinstance(error, BrokenPipeError):
        raise ReaderGone("Nobody reads what is printed any more.") from error
    raise EnvironmentFailure(f"Standard output can't be written ({error.strerror}).") from error
