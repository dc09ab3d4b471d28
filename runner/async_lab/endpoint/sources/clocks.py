"""moto's services tell the endpoint's time: what they stamp, hide and expire, they do by its clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.core.utils import unix_time
from moto.sqs import models as sqs

from async_lab.endpoint.moto_patches import replace

_receive_message = sqs.SQSBackend.receive_message


def install(now: Callable[[], float], *, stands: bool) -> None:
    """Have ``now`` (epoch seconds) tell the time; ``stands`` says that it doesn't pass by itself.

    Where it stands, a long poll can't wait: it is answered at once with what is there.
    """

    def seconds(moment: datetime | None = None) -> float:
        return now() if moment is None else unix_time(moment)

    def receive_message(
        backend: sqs.SQSBackend, name: str, count: int, wait_seconds_timeout: int, *rest: Any, **options: Any
    ) -> Any:
        return _receive_message(backend, name, count, 0 if stands else wait_seconds_timeout, *rest, **options)

    replace(sqs, "unix_time", seconds)
    replace(sqs, "unix_time_millis", lambda moment=None: seconds(moment) * 1_000)
    replace(sqs.SQSBackend, "receive_message", receive_message)
