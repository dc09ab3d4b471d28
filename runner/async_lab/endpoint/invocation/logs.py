"""Where an execution's log goes: its stream, if its role may write there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from moto.logs.models import logs_backends

from async_lab.endpoint.functions import ResolvedFunction
from async_lab.endpoint.functions.permissions import RequiredPermission, allows
from async_lab.endpoint.sandbox import LogLine


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
