"""moto's services tell the endpoint's time: what they stamp, hide and expire, they do by its clock."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from moto.core import utils
from moto.core.responses import ActionResult
from moto.s3 import models as s3
from moto.s3.responses import S3Response
from moto.secretsmanager import models as secretsmanager
from moto.sqs import models as sqs

from async_lab.endpoint.invocation.recursion import remember
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.state import aside

_POLL_SECONDS = 0.02
_DEDUPLICATION_SECONDS = 300  # SQS developer guide, "Using the message deduplication ID"
_create_upload, _list_uploads = s3.S3Backend.create_multipart_upload, S3Response.list_multipart_uploads
_receive_message = sqs.SQSBackend.receive_message


def install(now: Callable[[], float], *, stands: bool) -> None:
    """Have ``now`` (epoch seconds) tell the time; ``stands`` says that it doesn't pass by itself.

    Where it stands, a long poll can't wait: it is answered at once with what is there.
    """

    def receive_message(
        backend: sqs.SQSBackend, name: str, count: int, wait_seconds_timeout: int, *rest: Any, **options: Any
    ) -> Any:
        return _receive_message(backend, name, count, 0 if stands else wait_seconds_timeout, *rest, **options)

    clock = _datetime_module(now)
    replace(utils, "datetime", clock)  # whatever the other services call there reads it
    replace(s3, "datetime", clock)
    replace(s3.S3Backend, "create_multipart_upload", _begun)
    replace(S3Response, "list_multipart_uploads", _listed)
    replace(secretsmanager, "time", SimpleNamespace(time=now))
    replace(sqs.SQSBackend, "receive_message", receive_message)
    replace(sqs.Queue, "messages", property(lambda queue: _messages(queue, now())))
    replace(sqs.Message, "visible", property(_is_visible))
    replace(sqs.Queue, "add_message", _add_once)
    replace(sqs.Queue, "wait_for_messages", _wait_for_messages)


def _datetime_module(now: Callable[[], float]) -> Any:
    """Return what stands in for Python's ``datetime`` module, with another present."""

    class Moment(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return dt.datetime.fromtimestamp(now(), tz)

        @classmethod
        def fromtimestamp(cls, timestamp: float, tz: dt.tzinfo | None = None) -> Any:
            return dt.datetime.fromtimestamp(timestamp, tz)

        @classmethod
        def strptime(cls, text: str, format_: str) -> Any:
            return dt.datetime.strptime(text, format_)  # noqa: DTZ007 - moto's times carry no zone

    return SimpleNamespace(**{**vars(dt), "datetime": Moment})


def _begun(backend: s3.S3Backend, *asked: Any, **more: Any) -> s3.FakeMultipart:
    """Begin an upload in parts, and remember when; moto tells 2010 of each."""
    upload = _create_upload(backend, *asked, **more)
    vars(upload)["initiated_at"] = utils.utcnow()
    return upload


def _listed(response: S3Response) -> Any:
    """List uploads with when they were begun."""
    serialized = response.serialized

    def told(answer: ActionResult) -> Any:
        begun = response.backend.list_multipart_uploads(response.bucket_name)
        for upload in answer.result["Uploads"]:
            upload["Initiated"] = vars(begun[upload["UploadId"]])["initiated_at"]
        return serialized(answer)

    response.serialized = told
    return _list_uploads(response)


def _wait_for_messages(_queue: sqs.Queue, _timeout: float) -> None:
    """Let others send before a long poll looks again, until its time is over."""
    with aside():
        time.sleep(_POLL_SECONDS)


def _is_visible(message: sqs.Message) -> bool:
    """Whether a message isn't hidden: at the very instant, too, at which its timeout is over, where time may stand."""
    return bool(utils.unix_time_millis() >= message.visible_at)


def _add_once(queue: sqs.Queue, message: sqs.Message) -> None:
    """Add a message, unless a FIFO queue had its deduplication id lately; moto forgets what is deleted."""
    if queue.fifo_queue and message.deduplication_id:
        now, scope = utils.unix_time(), queue.attributes.get("DeduplicationScope")
        known = (message.group_id if scope == "messageGroup" else None, message.deduplication_id)
        seen: dict[tuple[str | None, str], float] = vars(queue).setdefault("deduplicated", {})
        for forgotten in [each for each, at in seen.items() if at <= now - _DEDUPLICATION_SECONDS]:
            del seen[forgotten]
        if known in seen:
            return
        seen[known] = now
    remember(queue, message)


def forget_expired(queue: sqs.Queue, now: float) -> None:
    """Take out of a queue what is older than its retention period; moto's own queues keep it, and stop there."""
    oldest = (now - float(queue.message_retention_period)) * 1_000
    with queue._messages_lock:  # noqa: SLF001 - moto's own
        messages = queue._messages  # noqa: SLF001 - in the order of their sending
        if messages and messages[0].sent_timestamp < oldest:
            messages[:] = [message for message in messages if message.sent_timestamp >= oldest]


def _messages(queue: sqs.Queue, now: float) -> list[sqs.Message]:
    """Return what can be received."""
    forget_expired(queue, now)
    return [message for message in list(queue._messages) if message.visible and not message.delayed]  # noqa: SLF001
