"""What an execution writes to CloudWatch Logs: Lambda's own lines around the handler's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from moto.logs.models import logs_backends

from runner.endpoint.functions import Deployed
from runner.endpoint.functions.permissions import Need, allows
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
    init_ms = (result.init_seconds or 0.0) * 1_000
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {-(-(duration_ms + init_ms) // 1):.0f} ms",  # doc: with initialisation, since August 2025
        f"Memory Size: {memory_size_mb} MB",
        f"Max Memory Used: {result.max_memory_used_mb} MB",
    ]
    if result.init_seconds is not None:
        fields.append(f"Init Duration: {init_ms:.2f} ms")
    return "\t".join([*fields, *_status(result)])


def _status(result: Result) -> list[str]:
    """Say how the runtime ended when it isn't there any more; an exception of the handler's is not that."""
    if result.function_error is None:
        return []
    kind = str(json.loads(result.payload).get("errorType", ""))
    if kind == "Sandbox.Timedout":
        return ["Status: timeout"]
    return ["Status: error", f"Error Type: {kind}"] if kind.startswith("Runtime.") else []


def put(deployed: Deployed, stream: str, written: Sequence[LogLine]) -> None:
    """Write to the function's log group as far as its role may; what it may not write is lost, as on AWS.

    A group that is gone comes back with the first line if the role may create it.
    """
    account_id, region, group = deployed.account_id, deployed.region, deployed.deployment.log_group
    arn = f"arn:aws:logs:{region}:{account_id}:log-group:{group}"
    backend, streams = logs_backends[account_id][region], f"{arn}:log-stream:{stream}"
    if group not in backend.groups:
        if not any(allows(deployed.role_arn, Need("logs:CreateLogGroup", resource)) for resource in (arn, streams)):
            return
        backend.create_log_group(group, {})
    if all(allows(deployed.role_arn, Need(f"logs:{verb}", streams)) for verb in ("CreateLogStream", "PutLogEvents")):
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
