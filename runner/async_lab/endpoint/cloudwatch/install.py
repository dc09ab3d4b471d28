"""Puts our CloudWatch into moto."""

from __future__ import annotations

from collections.abc import Callable

from moto.cloudwatch import urls

from async_lab.endpoint.cloudwatch.alarm_responses import AlarmsResponse
from async_lab.endpoint.cloudwatch.responses import MetricsResponse


def install(now: Callable[[], float]) -> None:
    """Make moto answer CloudWatch's requests with ours, in the time that ``now`` tells (epoch seconds).

    Call it before moto's application takes its first CloudWatch request; calling again changes the clock alone.
    """
    MetricsResponse.now = staticmethod(now)
    urls.url_paths["{0}/$"] = AlarmsResponse.dispatch
