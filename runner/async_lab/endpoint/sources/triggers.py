"""What invokes functions asynchronously from inside the endpoint, as moto has it.

moto would run the function at once, in a container. Here it becomes an event in the function's queue, like any other.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any, ClassVar

from moto.logs.models import LogStream

from async_lab.endpoint import trouble
from async_lab.endpoint.delivery.targets import DeliveryFailed
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.sources import buckets, rules, topics
from async_lab.endpoint.sources.reach import Reach
from async_lab.endpoint.sources.resource_policies import Caller

_pass_on_log = LogStream._send_log_events  # noqa: SLF001 - the one way from a log to its subscribers


class _Installed:
    reach: ClassVar[Reach]


def install(reach: Reach) -> None:
    """Let buckets, topics, rules and logs reach what they are set up for; calling again changes ``reach`` alone."""
    _Installed.reach = reach
    buckets.install(reach)
    topics.install(reach)
    rules.install(reach)
    replace(LogStream, "_send_log_events", _log_written)


def _log_written(
    stream: LogStream, service: str, destination_arn: str, filter_name: str, log_events: list[dict[str, Any]]
) -> None:
    """Pass a log on to a subscriber; whoever writes it doesn't wait to hear what becomes of that."""
    with trouble.contained(f"passing a log on to {service}"):
        if service != "lambda":
            _pass_on_log(stream, service, destination_arn, filter_name, log_events)
            return
        group_arn = f"arn:aws:logs:{stream.region}:{stream.account_id}:log-group:{stream.log_group.name}:*"
        event = _log_event(stream, filter_name, log_events)
        try:
            _Installed.reach.function(
                Caller("logs.amazonaws.com", group_arn, stream.account_id), destination_arn, event
            )
        except DeliveryFailed:
            return


def _log_event(stream: LogStream, filter_name: str, log_events: list[dict[str, Any]]) -> bytes:
    """Return the event of a subscription filter (CloudWatch Logs user guide, "Subscription filters with Lambda")."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": stream.account_id,
        "logGroup": stream.log_group.name,
        "logStream": stream.log_stream_name,
        "subscriptionFilters": [filter_name],
        "logEvents": log_events,
    }
    packed = gzip.compress(json.dumps(data).encode(), mtime=0)
    return json.dumps({"awslogs": {"data": base64.b64encode(packed).decode()}}).encode()
