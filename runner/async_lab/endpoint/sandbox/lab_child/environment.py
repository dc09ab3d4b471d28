"""One execution environment, in the process that the zygote forked for it, and its end of the socket to its owner."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

from . import guard
from .clock import CLOCK
from .protocol import MARK, ORDER, REPORT, TEMPORARY, InvokeRequest, InvokeResult, Kind

_UNITS_PER_KIB = 1024 if sys.platform == "darwin" else 1  # of ru_maxrss


def peak_memory_kib(usage: resource.struct_rusage) -> int:
    """Return the most memory that was resident at once."""
    return usage.ru_maxrss // _UNITS_PER_KIB


class InvokeMessage(NamedTuple):
    """What the owner wants run."""

    order: InvokeRequest
    context: bytes
    event: bytes


class Link:
    """Reports to the owner, and takes its orders."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._incoming = control.makefile("rb")
        self._sending = threading.Lock()
        self._process_id = os.getpid()
        os.register_at_fork(after_in_child=self._leave_to_parent)

    def receive(self) -> InvokeMessage | None:
        """Wait for the next order; None when the owner is gone."""
        self._end_others()
        head = self._incoming.read(ORDER.size)
        if len(head) < ORDER.size:
            return None
        order = InvokeRequest(*ORDER.unpack(head))
        return InvokeMessage(order, self._incoming.read(order.context_bytes), self._incoming.read(order.event_bytes))

    def report(self, kind: Kind, body: bytes = b"") -> None:
        """Say how it went, with the time it is and the most memory that it or one it waited for took so far."""
        self._end_others()
        peak = max(peak_memory_kib(resource.getrusage(who)) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        head = REPORT.pack(*InvokeResult(kind, CLOCK.now_ns, peak, len(body)))
        with self._sending:
            self._control.sendall(head + body)

    def _leave_to_parent(self) -> None:
        os.close(self._control.detach())

    def _end_others(self) -> None:
        """End a process that the handler forked and that came out of it: it has nobody to tell."""
        if os.getpid() != self._process_id:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(0)

    def timed_out(self) -> None:
        """Say that the deadline is reached."""
        self.report(Kind.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class Specification:
    """What to run, as the owner says it."""

    handler: str
    variables: dict[str, str]
    search_path: list[str]
    task_root: str
    """Where the package lies, as the owner names it; so is the next one."""
    layers: str
    working_directory: str
    ephemeral_storage_mb: int
    guarded: dict[str, str] | None
    """This machine's directories by Lambda's, where there is no private root."""
    now_ns: int
    token: str


def run(specification: Specification, control: socket.socket, output: int) -> None:
    """Become the environment; the process ends in here."""
    _settle(specification, output)
    link = Link(control)
    token = specification.token
    os.set_inheritable(output, False)

    def mark(now_ns: int) -> None:
        os.write(output, MARK.format(token=token, now_ns=now_ns).encode())

    CLOCK.start(specification.now_ns, moved=mark, expire=link.timed_out)
    from .runtime import serve  # not above: whoever makes a Specification has no use for awslambdaric

    serve(specification.handler, link)


def _settle(specification: Specification, output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(specification.variables)
    time.tzset()
    os.umask(0o022)
    os.chdir(specification.working_directory)
    *pythons, runtime, _ours = sys.path
    sys.path[:] = [*specification.search_path, *filter(_is_pythons, pythons), runtime]
    sys.argv = [specification.handler]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if specification.guarded:
        guard.install(specification.guarded, specification.guarded[TEMPORARY])


def _is_pythons(entry: str) -> bool:
    return entry.startswith((sys.prefix, sys.base_prefix))
