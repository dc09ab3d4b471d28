"""An execution's log: Lambda's own lines around the handler's, as text or as JSON, and the stream where it goes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from moto.logs.models import logs_backends

from async_lab.endpoint.access.identity_policies import RequiredPermission, allows
from async_lab.endpoint.functions import ResolvedFunction
from async_lab.endpoint.sandbox import LogLine, Result
from async_lab.timestamps import iso

_SUCCESS, _ERROR, _TIMEOUT = "success", "error", "timeout"
_LEVELS = ("DEBUG", "INFO", "WARN")
"""Of system logs, the most talkative first (API reference, LoggingConfig)."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the lines of one execution tell of."""

    request_id: str
    version: str
    memory_size_mb: int
    started_at: float
    """Epoch seconds, before the initialization if there is one."""
    result: Result

    @property
    def begins_at(self) -> float:
        """When the handler begins, in epoch seconds."""
        return self.started_at + (self.result.init_seconds or 0.0)

    @property
    def ends_at(self) -> float:
        """When it ends, in epoch seconds."""
        return self.begins_at + self.result.duration_seconds

    @property
    def duration_ms(self) -> float:
        """The handler's, without initialization."""
        return self.result.duration_seconds * 1_000

    @property
    def init_ms(self) -> float | None:
        """The initialization's; None in a warm environment."""
        return None if self.result.init_seconds is None else self.result.init_seconds * 1_000

    @property
    def billed_ms(self) -> int:
        """With the initialization, as since August 2025 (doc), in whole milliseconds."""
        return ceil(self.duration_ms + (self.init_ms or 0.0))

    @property
    def status(self) -> str:
        """How it ended, in the Telemetry API's words (doc)."""
        if self.result.function_error is None:
            return _SUCCESS
        return _TIMEOUT if self._error_type == "Sandbox.Timedout" else _ERROR

    @property
    def runtime_error(self) -> str | None:
        """How the runtime ended when it isn't there any more; an exception of the handler's is not that."""
        kind = self._error_type
        return kind if kind.startswith("Runtime.") else None

    @property
    def _error_type(self) -> str:
        return str(json.loads(self.result.payload).get("errorType", "")) if self.result.function_error else ""


def text_lines(run: Run) -> Iterator[LogLine]:
    """Yield all lines of an execution, in the order and the words of Lambda's text format (doc)."""
    yield LogLine(run.begins_at, f"START RequestId: {run.request_id} Version: {run.version}")
    yield from run.result.output
    yield LogLine(run.ends_at, f"END RequestId: {run.request_id}")
    yield LogLine(run.ends_at, "\t".join(_report_fields(run)))


def json_lines(run: Run, level: str) -> Iterator[LogLine]:
    """Yield the same as JSON, as far as the system log level (DEBUG, INFO or WARN) lets it through (doc)."""
    outcome = "DEBUG" if run.status == _SUCCESS else "WARN"
    ending = {"requestId": run.request_id, "status": run.status}
    if run.runtime_error:
        ending["errorType"] = run.runtime_error
    if _passes("INFO", level):
        yield _event(run.begins_at, "start", {"requestId": run.request_id, "version": run.version})
    yield from run.result.output
    if _passes(outcome, level):
        yield _event(run.ends_at, "runtimeDone", ending | {"metrics": {"durationMs": round(run.duration_ms, 3)}})
    if _passes("INFO" if run.status == _SUCCESS else "WARN", level):
        yield _event(run.ends_at, "report", ending | {"metrics": _metrics(run)})


def _report_fields(run: Run) -> Iterator[str]:
    yield f"REPORT RequestId: {run.request_id}"
    yield f"Duration: {run.duration_ms:.2f} ms"
    yield f"Billed Duration: {run.billed_ms} ms"
    yield f"Memory Size: {run.memory_size_mb} MB"
    yield f"Max Memory Used: {run.result.max_memory_used_mb} MB"
    if run.init_ms is not None:
        yield f"Init Duration: {run.init_ms:.2f} ms"
    if run.status == _TIMEOUT:
        yield "Status: timeout"
    elif run.runtime_error:
        yield "Status: error"
        yield f"Error Type: {run.runtime_error}"


def _metrics(run: Run) -> dict[str, float]:
    metrics = {
        "durationMs": round(run.duration_ms, 3),
        "billedDurationMs": run.billed_ms,
        "memorySizeMB": run.memory_size_mb,
        "maxMemoryUsedMB": run.result.max_memory_used_mb,
    }
    return metrics if run.init_ms is None else metrics | {"initDurationMs": round(run.init_ms, 3)}


def _passes(of: str, level: str) -> bool:
    return _LEVELS.index(of) >= _LEVELS.index(level)


def _event(at: float, kind: str, record: dict[str, object]) -> LogLine:
    time = iso(round(at, 3))
    return LogLine(at, json.dumps({"time": time, "type": f"platform.{kind}", "record": record}, separators=(",", ":")))


def stream_name(started_at: float, version: str, environment: str) -> str:
    """Return the log stream of an execution environment: one each, named after the day it was made (doc)."""
    day = datetime.fromtimestamp(started_at, UTC).strftime("%Y/%m/%d")
    digest = hashlib.blake2b(environment.encode(), digest_size=16).hexdigest()
    return f"{day}/[{version}]{digest}"


def put(deployed: ResolvedFunction, stream: str, written: Sequence[LogLine]) -> None:
    """Write to the function's log group as far as its role may; what it may not write is lost, as on AWS.

    A group that is gone comes back with the first line if the role may create it.
    """
    account_id, region, group = deployed.account_id, deployed.region, deployed.deployment.log_group
    arn = f"arn:aws:logs:{region}:{account_id}:log-group:{group}"
    backend, streams = logs_backends[account_id][region], f"{arn}:log-stream:{stream}"
    if group not in backend.groups:
        if not any(
            allows(deployed.role_arn, RequiredPermission("logs:CreateLogGroup", resource))
            for resource in (arn, streams)
        ):
            return
        backend.create_log_group(group, {})
    if all(
        allows(deployed.role_arn, RequiredPermission(f"logs:{verb}", streams))
        for verb in ("CreateLogStream", "PutLogEvents")
    ):
        write(account_id, region, group, stream, written)


def write(account_id: str, region: str, group_name: str, stream: str, written: Sequence[LogLine]) -> None:
    """Put lines into a stream of a log group; without the group they are lost."""
    group = logs_backends[account_id][region].groups.get(group_name)
    if group is None:
        return
    if stream not in group.streams:
        group.create_log_stream(stream)
    # The stream's own method: the backend's refuses time stamps far from the wall clock's.
    group.streams[stream].put_log_events(
        [{"timestamp": round(line.at * 1_000), "message": line.text} for line in written]
    )
