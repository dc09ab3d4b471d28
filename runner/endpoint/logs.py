"""What an execution writes to CloudWatch Logs: Lambda's own lines around the handler's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from moto.logs.models import logs_backends

from runner.endpoint.sandbox import LogLine, Result


def stream_name(started_at: float, version: str, environment: str) -> str:
    """Return the log stream of an execution environment: one each, named after the day it was made (doc)."""
    day = datetime.fromtimestamp(started_at, UTC).strftime("%Y/%m/%d")
    digest = hashlib.blake2b(environment.encode(), digest_size=16).hexdigest()
    return f"{day}/[{version}]{digest}"


def lines(request_id: str, version: str, memory_size_mb: int, started_at: float, result: Result) -> Iterator[LogLine]:
    """Yield all lines of one execution, in the order and the words of Lambda's text format (doc)."""
    begins_at = started_at + (result.init_seconds or 0.0)
    ends_at = begins_at + result.duration_seconds
    yield LogLine(begins_at, f"START RequestId: {request_id} Version: {version}")
    yield from result.output
    yield LogLine(ends_at, f"END RequestId: {request_id}")
    yield LogLine(ends_at, _report(request_id, memory_size_mb, result))


def _report(request_id: str, memory_size_mb: int, result: Result) -> str:
    duration_ms = result.duration_seconds * 1_000
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {-(-duration_ms // 1):.0f} ms",
        f"Memory Size: {memory_size_mb} MB",
        f"Max Memory Used: {result.max_memory_used_mb} MB",
    ]
    if result.init_seconds is not None:
        fields.append(f"Init Duration: {result.init_seconds * 1_000:.2f} ms")
    return "\t".join(fields)


def write(account_id: str, region: str, group_name: str, stream: str, written: Sequence[LogLine]) -> None:
    """Put lines into a stream of a log group; without the group they are lost, as on AWS without the permission."""
    backend = logs_backends[account_id][region]
    group = backend.groups.get(group_name)
    if group is None:
        return
    if stream not in group.streams:
        group.create_log_stream(stream)
    # The stream's own method: the backend's refuses time stamps far from the wall clock's.
    group.streams[stream].put_log_events(
        [{"timestamp": round(line.at * 1_000), "message": line.text} for line in written]
    )
