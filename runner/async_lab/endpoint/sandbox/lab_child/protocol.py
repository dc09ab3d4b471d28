"""What an execution environment and the process that owns it agree on: messages, marks in the output, paths."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

RESPONSE_LIMIT_BYTES = 6_291_556
"""The largest result: 6 MB and 100 bytes, as the message of Lambda's refusal says."""
DURATION_HEADER = "X-Async-Lab-Took"
"""In the answer to a synchronous invocation: how many seconds it took in virtual time, which pass for a handler that
made the call. No message over the socket, but of the same two."""


class Kind(IntEnum):
    """What became of an initialization or an execution: as the child reports it, or as its owner sees it."""

    READY = 1
    INIT_ERROR = 2
    RESULT = 3
    ERROR = 4
    TIMED_OUT = 5
    OUT_OF_MEMORY = 6
    TOO_LARGE = 7
    EXITED = 8
    HUNG = 9


class InvokeResult(NamedTuple):
    """Before the body of every message of the child."""

    kind: int
    now_ns: int
    peak_memory_kib: int
    body_bytes: int


class InvokeRequest(NamedTuple):
    """Before the two bodies of every message to the child: JSON with what the context needs, and the event."""

    now_ns: int
    deadline_ns: int
    context_bytes: int
    event_bytes: int


REPORT = struct.Struct(">BQII")
ORDER = struct.Struct(">QQII")


MARK = "\x1e{token}:{now_ns}\x1f"


TASK_ROOT, LAYERS, TEMPORARY = "/var/task", "/opt", "/tmp"  # noqa: S108 -- names
LANGUAGE, RUNTIME = "/var/lang", "/var/runtime"
