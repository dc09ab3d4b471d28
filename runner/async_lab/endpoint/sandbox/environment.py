"""An execution environment: one process, the memory it takes, its temporary files, and the executions it is given."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from async_lab.endpoint.sandbox.handler_view import Directories
from async_lab.endpoint.sandbox.lab_child.protocol import ORDER, REPORT, InvokeRequest, InvokeResult, Kind
from async_lab.endpoint.sandbox.lab_child.zygote import STATUS
from async_lab.endpoint.sandbox.model import Limits
from async_lab.endpoint.sandbox.nursery import Process
from async_lab.endpoint.sandbox.output import Output
from async_lab.errors import EnvironmentFailure

if TYPE_CHECKING:
    import psutil

_KIB_PER_PAGE = os.sysconf("SC_PAGE_SIZE") // 1024
_KEEPER, _HANDLER = "1", "2"
"""In every environment's process namespace."""


def in_use_kib(process: Process) -> int:
    """Return the handler's resident memory and, of what it started, the shares that it doesn't have in common."""
    if process.is_private:
        return _in_namespace(Path("/proc", str(process.pid), "root", "proc"))
    import psutil  # for those alone that share this machine's processes

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


_CHECK_SECONDS = 0.02
_CHUNK_BYTES = 65536
_LAST_WORDS_SECONDS = 5.0
_LOST = (-signal.SIGKILL, 0)


@dataclass(frozen=True, slots=True)
class ProcessExit:
    """What became of an initialization or an execution."""

    kind: Kind
    peak_memory_kib: int
    now_ns: int | None = None
    """The child's clock, if it could still say."""
    body: bytes = b""
    """A result or an error object."""
    status: int = 0
    """Of a process that is over, as in ``subprocess``: negative for a signal."""


class Environment:
    """Owns one process. One execution at a time; ``kill`` may come from any thread."""

    def __init__(self, process: Process, directories: Directories, memory_size_mb: int, limits: Limits) -> None:
        self._process, self.directories = process, directories
        self._memory_limit_kib = memory_size_mb * 1024
        self._limits = limits
        self._peak_memory_kib = 0
        self._is_killed = False
        self._poll = select.poll()
        for descriptor in (process.control.fileno(), process.output, process.status):
            self._poll.register(descriptor, select.POLLIN)
        process.control.settimeout(limits.real_seconds)

    @property
    def has_ended(self) -> bool:
        """Whether the process ended since its last execution."""
        # Its end of the link closes before its status is known; and it has nothing else to say now.
        return any(descriptor != self._process.output for descriptor, _ in self._poll.poll(0))

    def wait_until_ready(self, output: Output) -> ProcessExit:
        """Return once the handler is imported, or isn't to be."""
        return self._await_report(output)

    def execute(
        self, now_ns: int, deadline_ns: int, context: Mapping[str, str | None], event: bytes, output: Output
    ) -> ProcessExit:
        """Run the handler once."""
        described = json.dumps(context).encode()
        order = ORDER.pack(*InvokeRequest(now_ns, deadline_ns, len(described), len(event)))
        with contextlib.suppress(OSError):  # it is over, as its status will say
            self._process.control.sendall(order + described + event)
        return self._await_report(output)

    def kill(self) -> None:
        """End the process and what it started."""
        self._is_killed = True
        kill = os.kill if self._process.is_private else os.killpg  # a namespace ends with its first process
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(self._process.pid, signal.SIGKILL)

    def dispose(self) -> None:
        """Kill it and leave nothing of it, its temporary files included."""
        self.kill()
        self._process.control.close()
        os.close(self._process.output)
        os.close(self._process.status)
        if self.directories.temporary is not None:
            shutil.rmtree(self.directories.temporary, ignore_errors=True)

    def _await_report(self, output: Output) -> ProcessExit:
        begun = checked = time.monotonic()
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll(_CHECK_SECONDS * 1000)}
            if self._process.output in ready:
                self._drain(output)
            if self._process.control.fileno() in ready:
                return self._receive(output) or self._ended(Kind.EXITED, output)
            if self._process.status in ready:
                return self._ended(Kind.EXITED, output)
            now = time.monotonic()
            if now - checked >= _CHECK_SECONDS:
                checked = now
                if trouble := self._trouble(now - begun):
                    return self._ended(trouble, output)

    def _trouble(self, real_seconds: float) -> Kind | None:
        self._peak_memory_kib = max(self._peak_memory_kib, in_use_kib(self._process))
        if self._peak_memory_kib > self._memory_limit_kib:
            return Kind.OUT_OF_MEMORY
        return Kind.HUNG if real_seconds >= self._limits.real_seconds else None

    def _receive(self, output: Output) -> ProcessExit | None:
        """Take the child's report; None when it hung up, or says what is none."""
        with contextlib.suppress(OSError, ValueError):
            report = InvokeResult(*REPORT.unpack(self._received(REPORT.size)))
            kind, body = Kind(report.kind), self._received(report.body_bytes)
            self._drain(output)
            return ProcessExit(kind, max(report.peak_memory_kib, self._peak_memory_kib), report.now_ns, body)
        return None

    def _received(self, size: int) -> bytes:
        """Return so many bytes from the child, and none of what may follow. Raises OSError."""
        received = bytearray()
        while len(received) < size:
            if not (chunk := self._process.control.recv(min(size - len(received), _CHUNK_BYTES))):
                raise ConnectionResetError
            received += chunk
        return bytes(received)

    def _ended(self, kind: Kind, output: Output) -> ProcessExit:
        if kind is not Kind.EXITED:
            self.kill()
        status, peak_memory_kib = self._status()
        self._drain(output)
        return ProcessExit(kind, max(peak_memory_kib, self._peak_memory_kib), status=status)

    def _status(self) -> tuple[int, int]:
        """Return how the process ended, by its own doing or, if it only hung up, by ours; and its peak memory."""
        for _ in range(2):
            if select.select([self._process.status], [], [], _LAST_WORDS_SECONDS)[0]:
                said = os.read(self._process.status, _CHUNK_BYTES)
                if not said and not self._is_killed:
                    raise self._process.lost()
                if reason := said[STATUS.size :].decode(errors="replace"):
                    raise EnvironmentFailure(f"A handler's environment could not be made: {reason}.")
                return STATUS.unpack(said) if said else _LOST
            self.kill()
        return _LOST

    def _drain(self, output: Output) -> None:
        with contextlib.suppress(BlockingIOError, KeyError):
            while chunk := os.read(self._process.output, _CHUNK_BYTES):
                output.add(chunk)
                if len(chunk) < _CHUNK_BYTES:
                    return
            self._poll.unregister(self._process.output)  # at its end it would always be ready
