"""Callables of this very process as handlers: what a test patches and where a debugger stops is what runs.

One runs at a time, and while it does ``time.time``, ``datetime`` and ``time.sleep`` are virtual in this process. It
shares modules, files and memory with its test, so that isolation, memory limits and cold imports are not Lambda's.
"""

from __future__ import annotations

import ctypes
import io
import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import IO, Any

from async_lab.endpoint.sandbox import outcome
from async_lab.endpoint.sandbox.lab_child.protocol import RESPONSE_LIMIT_BYTES
from async_lab.endpoint.sandbox.model import Costs, Deployment, HandlerCall, LogLine, Result
from async_lab.endpoint.sandbox.outcome import SECOND_NS, UNHANDLED, Failure, Schedule, schedule
from async_lab.errors import EnvironmentFailure
from async_lab.variables import variables_set

Handler = Callable[[Any, Any], Any]
_PREFIX = "async_lab_in_process_"
_PATIENCE_SECONDS = 10.0
"""For one to end that may wait for the next. Where it can't, it has all the time it takes, as at a breakpoint."""
_FOREVER = -1.0
_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t{request_id}\t%(message)s"
_real_sleep = time.sleep


class _TimedOut(BaseException):
    """Leaves a handler at its deadline."""


class _Left(BaseException):
    """Leaves a handler whose endpoint ends."""


@dataclass(slots=True)
class _Clock:
    """The time of one execution, which moves when its thread sleeps."""

    now: float
    deadline: float
    traveller: Any
    thread: int = field(default_factory=threading.get_ident)
    is_over: bool = False

    def sleep(self, seconds: float) -> None:
        """Replace ``time.sleep``. Other threads of the process, such as the endpoint's own, sleep as ever."""
        if threading.get_ident() != self.thread:
            _real_sleep(seconds)
            return
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.is_over = self.now + seconds >= self.deadline
        self.now = min(self.deadline, self.now + seconds)
        self.traveller.move_to(self.now)
        if self.is_over:
            raise _TimedOut


class InProcessHandlers:
    """The callables of one endpoint, by the name that a deployment's ``handler`` has."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._handlers: dict[str, Handler] = {}
        self._environments: dict[str, Deployment] = {}
        self._running = threading.Lock()
        self._thread: int | None = None
        """Which one runs a callable."""
        self._is_over = False

    def add(self, handler: Handler) -> str:
        """Keep a callable; return the name by which a function is made of it."""
        name = f"{_PREFIX}{len(self._handlers) + 1}.handler"
        self._handlers[name] = handler
        return name

    def find(self, name: str) -> Handler | None:
        """Return the callable of that name, if it is one of ours."""
        return self._handlers.get(name)

    def reset(self) -> None:
        """Have every execution environment begin anew; the callables stay, as what stood may be put back."""
        self._environments.clear()

    def leave(self) -> None:
        """End a callable that still runs, as the endpoint does: its thread would keep the process from ending."""
        self._is_over = True
        if self._thread is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(_Left))

    def run(self, handler: Handler, deployment: Deployment, call: HandlerCall) -> Result:
        """Run a callable once. Raises EnvironmentFailure when another one waits for this to end."""
        if not self._running.acquire(timeout=_PATIENCE_SECONDS if call.is_awaited else _FOREVER):
            raise EnvironmentFailure(
                f"{deployment.function_name} and a function that waits for it both run in the test's process, where "
                "one runs at a time: make one of them of PATH:HANDLER."
            )
        self._thread = threading.get_ident()
        try:
            if self._is_over:
                raise EnvironmentFailure("The endpoint is closed and runs no more handlers: start a new one.")
            is_cold = self._environments.get(call.environment_id) != deployment
            times = schedule(
                round(call.at * SECOND_NS), 0 if is_cold else None, deployment.timeout_seconds, self._costs
            )
            result = _run(handler, deployment, call, times)
            if result.environment_survives:
                self._environments[call.environment_id] = deployment
            else:
                self._environments.pop(call.environment_id, None)
            return result
        finally:
            self._thread = None
            self._running.release()


def _run(handler: Handler, deployment: Deployment, call: HandlerCall, times: Schedule) -> Result:
    import time_machine

    begin, deadline = times.handler_ns / SECOND_NS, times.deadline_ns / SECOND_NS
    failure: Failure | None = None
    survives = True
    body = b""
    with ExitStack() as around:
        around.enter_context(_variables(deployment, call))
        traveller = around.enter_context(time_machine.travel(begin, tick=False))
        clock = _Clock(begin, deadline, traveller)
        output = _Output(clock)
        around.enter_context(_slept_by(clock, handler))
        around.enter_context(_written_to(output, call.request_id))
        try:
            body = _answer(handler(json.loads(call.payload), _context(deployment, call, times)))
        except _TimedOut:
            pass  # told below, where a handler that swallowed it is told too
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
            failure, survives = outcome.exited(call.request_id, code), False
        except BaseException as error:  # noqa: BLE001 - whatever leaves a handler is its function's error
            failure = _raised(error, call.request_id)
        if clock.is_over:
            failure, survives = outcome.timed_out(call.request_id, deployment.timeout_seconds, deadline), False
        elif len(body) > RESPONSE_LIMIT_BYTES:
            failure = outcome.response_too_large()
    lines = output.lines()
    if failure is not None and failure.log_text:
        lines.append(LogLine(clock.now, failure.log_text))
    return Result(
        payload=body if failure is None else failure.payload,
        function_error=None if failure is None else UNHANDLED,
        duration_seconds=clock.now - times.started_ns / SECOND_NS,
        init_seconds=None if times.init_ns is None else times.init_ns / SECOND_NS,
        output=tuple(lines),
        max_memory_used_mb=0,  # the handler's share of this process is not to be told
        environment_survives=survives,
    )


def _answer(result: Any) -> bytes:
    from awslambdaric.lambda_runtime_marshaller import to_json

    try:
        return str(to_json(result)).encode()
    except Exception as error:
        raise _MarshalError(f"Unable to marshal response: {error}") from error


class _MarshalError(Exception):
    """The result is nothing that JSON has."""


def _raised(error: BaseException, request_id: str) -> Failure:
    """Describe an exception that left the handler, as awslambdaric does."""
    kind = "Runtime.MarshalError" if isinstance(error, _MarshalError) else type(error).__name__
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
    said = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": frames}
    log = f"[ERROR] {kind}: {error}\nTraceback (most recent call last):\n{''.join(frames)}".rstrip("\n")
    return Failure(json.dumps(said).encode(), log.replace("\n", "\r"))


def _context(deployment: Deployment, call: HandlerCall, times: Schedule) -> Any:
    from awslambdaric.lambda_context import LambdaContext

    client_context = json.loads(call.client_context) if call.client_context else None
    return LambdaContext(call.request_id, client_context, None, times.deadline_ns // 1_000_000, deployment.function_arn)


@contextmanager
def _variables(deployment: Deployment, call: HandlerCall) -> Iterator[None]:
    """Set the function's variables, and those of Lambda's that name it."""
    named: Mapping[str, str] = {
        "AWS_LAMBDA_FUNCTION_NAME": deployment.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": deployment.function_version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployment.memory_size_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": deployment.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": call.log_stream,
    }
    variables = dict(deployment.environment) | dict(named)
    with variables_set(variables):
        yield


@contextmanager
def _slept_by(clock: _Clock, handler: Handler) -> Iterator[None]:
    """Let ``time.sleep`` move the clock, under the name too by which the handler's module imported it."""
    own = getattr(handler, "__globals__", {})
    names = [name for name, value in own.items() if value is _real_sleep]
    time.sleep = clock.sleep  # type: ignore[assignment]
    own.update(dict.fromkeys(names, clock.sleep))
    try:
        yield
    finally:
        time.sleep = _real_sleep
        own.update(dict.fromkeys(names, _real_sleep))


class _Output:
    """What is printed and logged, with its time."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._lines: list[LogLine] = []
        self._begun = ""
        self._begun_at = 0.0

    def write(self, text: str) -> None:
        """Take what is printed."""
        if not self._begun:
            self._begun_at = self._clock.now
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            self.line(line)
            self._begun_at = self._clock.now

    def line(self, text: str) -> None:
        """Take a whole line."""
        self._lines.append(LogLine(self._begun_at or self._clock.now, text))

    def lines(self) -> list[LogLine]:
        """Return all lines."""
        rest = [LogLine(self._begun_at, self._begun)] if self._begun else []
        return [*(line for line in self._lines if line.text), *rest]


class _Tee(io.TextIOBase):
    """A standard stream of which a copy is kept."""

    def __init__(self, output: _Output, stream: IO[str]) -> None:
        self._output, self._stream = output, stream

    def write(self, text: str) -> int:
        self._output.write(text)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


class _Handler(logging.Handler):
    """Writes a record as Lambda's runtime does."""

    def __init__(self, output: _Output, request_id: str) -> None:
        super().__init__()
        self._output = output
        formatter = logging.Formatter(_FORMAT.format(request_id=request_id), "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self._output.line(self.format(record).replace("\n", "\r"))


@contextmanager
def _written_to(output: _Output, request_id: str) -> Iterator[None]:
    logger, handler = logging.getLogger(), _Handler(output, request_id)
    logger.addHandler(handler)
    try:
        with redirect_stdout(_Tee(output, sys.stdout)), redirect_stderr(_Tee(output, sys.stderr)):
            yield
    finally:
        logger.removeHandler(handler)
