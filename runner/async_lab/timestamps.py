"""Moments as AWS's services write them: UTC, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(at: float) -> str:
    """Return an epoch second as ``2023-01-19T12:00:00.123Z``: records, logs, our own documents."""
    return f"{_milliseconds(at)}Z"


def iso_with_offset(at: float) -> str:
    """Return an epoch second as ``2023-01-19T12:00:00.123+0000``: Lambda's configurations, alarms."""
    return f"{_milliseconds(at)}+0000"


def iso_to_the_second(at: float) -> str:
    """Return an epoch second as ``2023-01-19T12:00:00+0000``: provisioned concurrency."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}+0000"


def _milliseconds(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
