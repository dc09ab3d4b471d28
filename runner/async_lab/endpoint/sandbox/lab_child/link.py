"""The child's end of the socket to its owner."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
import threading
from typing import NamedTuple

from .clock import CLOCK
from .frames import ORDER, REPORT, InvokeRequest, InvokeResult, Kind

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
