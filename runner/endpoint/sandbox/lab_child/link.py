"""The child's end of the socket to its owner."""

from __future__ import annotations

import resource
import socket
import sys
import threading
from typing import NamedTuple

from .clock import CLOCK
from .frames import ORDER, REPORT, Kind, Order, Report

_UNITS_PER_KIB = 1024 if sys.platform == "darwin" else 1  # of ru_maxrss


def peak_memory_kib(usage: resource.struct_rusage) -> int:
    """Return the most memory that was resident at once."""
    return usage.ru_maxrss // _UNITS_PER_KIB


class Invocation(NamedTuple):
    """What the owner wants run."""

    order: Order
    context: bytes
    event: bytes


class Link:
    """Reports to the owner, and takes its orders."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._incoming = control.makefile("rb")
        self._sending = threading.Lock()

    def receive(self) -> Invocation | None:
        """Wait for the next order; None when the owner is gone."""
        head = self._incoming.read(ORDER.size)
        if len(head) < ORDER.size:
            return None
        order = Order(*ORDER.unpack(head))
        return Invocation(order, self._incoming.read(order.context_bytes), self._incoming.read(order.event_bytes))

    def report(self, kind: Kind, body: bytes = b"") -> None:
        """Say how it went, with the time it is and the most memory that it took so far."""
        peak = peak_memory_kib(resource.getrusage(resource.RUSAGE_SELF))
        head = REPORT.pack(*Report(kind, CLOCK.now_ns, peak, len(body)))
        with self._sending:
            self._control.sendall(head + body)

    def timed_out(self) -> None:
        """Say that the deadline is reached."""
        self.report(Kind.TIMED_OUT)
