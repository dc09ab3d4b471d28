"""From what a process did to what Lambda says of it.

Also what a handler can't tell itself, as its callers and logs show it: timeouts, exits, kills.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, replace
from math import ceil

from async_lab.endpoint.sandbox.environment import ProcessExit
from async_lab.endpoint.sandbox.handler_view import Directories
from async_lab.endpoint.sandbox.lab_child.protocol import RESPONSE_LIMIT_BYTES, Kind
from async_lab.endpoint.sandbox.model import Costs, Deployment, HandlerCall, LogLine, Result
from async_lab.endpoint.sandbox.output import Output
from async_lab.endpoint.sandbox.runtimes import difference
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


SECOND_NS = 1_000_000_000
INIT_LIMIT_NS = 10 * SECOND_NS
"""A longer initialization is broken off and done again within the first execution (developer guide, "Init phase")."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of one execution, in virtual nanoseconds since the epoch."""

    init_ns: int | None
    """How long the initialization took; None in a warm environment."""
    started_ns: int
    """When the duration begins to count."""
    handler_ns: int
    """When the handler gets to run, by which time all computing is paid for."""
    deadline_ns: int


def schedule(at_ns: int, slept_ns: int | None, timeout_seconds: float, costs: Costs) -> Schedule:
    """Lay out an execution. ``slept_ns`` is what the initialization slept; None when there was none."""
    full_ns = 0 if slept_ns is None else round(costs.init_seconds * SECOND_NS) + slept_ns
    init_ns = min(full_ns, INIT_LIMIT_NS)
    again_ns = full_ns if full_ns > INIT_LIMIT_NS else 0
    started_ns = at_ns + init_ns
    return Schedule(
        init_ns=None if slept_ns is None else init_ns,
        started_ns=started_ns,
        handler_ns=started_ns + again_ns + round(costs.compute_seconds * SECOND_NS),
        deadline_ns=started_ns + round(timeout_seconds * SECOND_NS),
    )


def result_of(
    deployment: Deployment,
    execution: HandlerCall,
    directories: Directories,
    times: Schedule,
    outcome: ProcessExit,
    output: Output,
) -> Result:
    """Word what happened as Lambda does."""
    memory_mb = ceil(outcome.peak_memory_kib / 1024)
    if memory_mb > deployment.memory_size_mb:
        outcome = replace(outcome, kind=Kind.OUT_OF_MEMORY)
    end_ns = _end_ns(times, outcome, output)
    end = end_ns / SECOND_NS
    failure = _failure(deployment, execution, outcome, end)
    added = [LogLine(end, text) for text in (_remark(deployment, outcome), failure and failure.log_text) if text]
    return Result(
        payload=failure.payload if failure else _body(outcome, directories),
        function_error=None if outcome.kind is Kind.RESULT else UNHANDLED,
        duration_seconds=(end_ns - times.started_ns) / SECOND_NS,
        init_seconds=None if times.init_ns is None else times.init_ns / SECOND_NS,
        output=(*output.lines(end, directories), *added),
        max_memory_used_mb=min(memory_mb, deployment.memory_size_mb),
        environment_survives=outcome.kind in _SURVIVED,
    )


def _body(outcome: ProcessExit, directories: Directories) -> bytes:
    """Return what the child said: a result as it is, the paths in an error's stack trace as Lambda has them."""
    return outcome.body if outcome.kind is Kind.RESULT else directories.on_lambda(outcome.body)


_SURVIVED = {Kind.RESULT, Kind.ERROR, Kind.TOO_LARGE}


def _failure(deployment: Deployment, execution: HandlerCall, outcome: ProcessExit, end: float) -> Failure | None:
    """Return what the child couldn't say itself; None when it spoke."""
    match outcome.kind:
        case Kind.TIMED_OUT | Kind.HUNG:
            return timed_out(execution.request_id, deployment.timeout_seconds, end)
        case Kind.OUT_OF_MEMORY:
            return out_of_memory(execution.request_id)
        case Kind.EXITED:
            return exited(execution.request_id, outcome.status)
        case Kind.TOO_LARGE:
            return response_too_large()
        case _:
            return None


def _remark(deployment: Deployment, outcome: ProcessExit) -> str | None:
    """Return what the lab says of its own doing."""
    if outcome.kind is Kind.INIT_ERROR and b"Runtime.ImportModuleError" in outcome.body:
        remark = difference(deployment.runtime)  # which may well be why
        return remark and f"async-lab: {remark}"
    if outcome.kind is Kind.HUNG:
        return "async-lab: the handler took too long in real time and was stopped; on AWS it would run into its timeout"
    return None


def _end_ns(times: Schedule, outcome: ProcessExit, output: Output) -> int:
    if outcome.kind in {Kind.TIMED_OUT, Kind.HUNG}:
        return times.deadline_ns
    said_ns = outcome.now_ns if outcome.now_ns is not None else output.last_mark_ns()
    return max(times.handler_ns, said_ns or 0)
