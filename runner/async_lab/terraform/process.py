"""One Terraform process, apart from our own: no signal of the terminal reaches it, and it writes its log by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from async_lab.errors import EnvironmentFailure
from async_lab.terraform.executable import for_terraform

_POLL_SECONDS = 0.02
_GRACE_SECONDS = 10.0
"""How long an interrupted Terraform may take to release its lock and write its state."""


@dataclass(frozen=True, slots=True)
class Running:
    """A Terraform at work."""

    process: subprocess.Popen[bytes]
    log: Path
    start: int
    """Where in the log this command begins, in bytes."""

    def lines(self) -> Iterator[bytes]:
        """Yield what it writes, line by line, until it has ended.

        Read from its log and not from a pipe: a pipe whose reader dies kills the writer in the middle of an apply.
        """
        with self.log.open("rb") as log:
            log.seek(self.start)
            rest = b""
            has_ended = False
            while not has_ended:
                has_ended = self.process.poll() is not None  # asked before reading, so that nothing is missed
                *lines, rest = (rest + log.read()).split(b"\n")
                yield from lines
                if not has_ended:
                    time.sleep(_POLL_SECONDS)
            yield rest

    def code(self) -> int:
        """Return the exit code once it has ended."""
        return self.process.wait()

    def interrupt(self) -> None:
        """Ask it to stop, as one Ctrl-C in its own terminal would. The second time it leaves at once."""
        self._signal(signal.SIGINT)

    def end(self) -> None:
        """See to it that it has ended."""
        if self.process.poll() is not None:
            return
        self.interrupt()
        try:
            self.process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class Stop:
    """Interrupts a program once it is asked to, also while the program is only being started."""

    def __init__(self) -> None:
        self._program: Running | None = None
        self._is_asked = False

    def __call__(self) -> None:
        """Ask, as the user's second Ctrl-C does."""
        self._is_asked = True
        self._pass_on()

    def listen_for(self, program: Running) -> None:
        """Say which program it is, now that it runs."""
        self._program = program
        self._pass_on()

    def _pass_on(self) -> None:
        if self._program is not None and self._is_asked:
            self._is_asked = False
            self._program.interrupt()


@contextmanager
def running(
    command: Sequence[str | Path], directory: Path, environment: Mapping[str, str], log: Path
) -> Iterator[Running]:
    """Run Terraform while the block follows it; whatever ends the block ends it too.

    Raises EnvironmentFailure when the log can't be written or the program can't be started.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as written:
            written.write(f"\n$ {' '.join(map(str, command))}\n".encode())
            written.flush()
            start = written.tell()
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=for_terraform(environment),
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise EnvironmentFailure(f"Terraform can't be started: {place}{error.strerror}.") from error
    started = Running(process, log, start)
    try:
        yield started
    finally:
        started.end()
