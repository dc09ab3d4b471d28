"""How Lambda words what a handler can't tell itself: timeouts, exits, kills. As its callers and logs show it."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass

from async_lab.endpoint.sandbox.lab_child.frames import RESPONSE_LIMIT_BYTES
from async_lab.timestamps import iso

UNHANDLED = "Unhandled"
"""The ``FunctionError`` of every failure; "Handled" is from runtimes of the past."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error object for the caller, and the line that Lambda adds to the log; None when it adds none."""

    payload: bytes
    log_text: str | None


def timed_out(request_id: str, timeout_seconds: float, at: float) -> Failure:
    """Describe an execution that reached its timeout at ``at``, in epoch seconds."""
    message = f"Task timed out after {timeout_seconds:.2f} seconds"
    payload = _error_object("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}")
    return Failure(payload, f"{iso(at)} {request_id} {message}")


def exited(request_id: str, status: int) -> Failure:
    """Describe a runtime that ended by itself. ``status`` as in ``subprocess``: negative for a signal."""
    return _runtime_exit(request_id, "Runtime.ExitError", _reason(status))


def out_of_memory(request_id: str) -> Failure:
    """Describe a runtime that was killed for taking more than the function's memory size."""
    return _runtime_exit(request_id, "Runtime.OutOfMemory", _reason(-signal.SIGKILL))


def response_too_large() -> Failure:
    """Describe a result above the limit."""
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT_BYTES} bytes)."
    return Failure(_error_object("Function.ResponseSizeTooLarge", message), None)


def _runtime_exit(request_id: str, kind: str, reason: str) -> Failure:
    message = f"RequestId: {request_id} Error: {reason}"
    return Failure(_error_object(kind, message), f"{message}\n{kind}")


def _reason(status: int) -> str:
    if status == 0:
        return "Runtime exited without providing a reason"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    name = (signal.strsignal(-status) or str(-status)).partition(":")[0]  # macOS says "Killed: 9"
    return f"Runtime exited with error: signal: {name.lower()}"


def _error_object(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
