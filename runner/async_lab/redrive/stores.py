"""Where failed events lie: a queue or a bucket. Looked through, taken from one by one, and each deleted on its own."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from async_lab.arns import NotAnArn, parse
from async_lab.errors import UsageError
from async_lab.observation.failure_targets import is_missing
from async_lab.redrive.failed import FailedEvent, NotAnEvent, read_message, read_record
from async_lab.target.base import Target
from async_lab.wording import plural, shortened

HIDDEN_SECONDS = 120
"""How long a message that was received stays hidden from others, at least: after a kill it is back as late as this."""
_MOST_HIDDEN_SECONDS = 43_200  # SQS API reference, VisibilityTimeout
_SLOWEST_LOOK = 50
"""Messages a second, assumed: a look through a queue must end before the first message is back."""
_BATCH = 10  # SQS API reference, MaxNumberOfMessages
_POLL_SECONDS = 1
"""A long poll asks all of SQS's servers; a short one may find nothing although there is something (SQS guide)."""
_RELEASES_AT_ONCE = 8
_PREFIX = "aws/lambda/async/"  # snapshot: of every key that Lambda gives a failure record
_LARGEST_RECORD = 16 * 1024 * 1024
"""Ours: an event has at most 1 MB and its response 6 MB; what is larger is no record."""
_QUEUE_URL = re.compile(r"https?://[^/\s]+/(?P<account>\d{12})/(?P<name>[A-Za-z0-9_.-]{1,80})")
_QUEUE_NAME, _BUCKET_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}"), re.compile(r"[a-z0-9][a-z0-9.-]{2,62}")


@dataclass(frozen=True, slots=True)
class Stored:
    """A message or an object."""

    id: str
    """The message's id, or the object's key."""
    content: FailedEvent | NotAnEvent
    handle: str = field(default="", repr=False)
    """By which a received message is deleted."""


class Store(Protocol):
    """A queue or a bucket with failed events."""

    @property
    def title(self) -> str:
        """What it is, and its name: ``SQS queue orders-failed``."""

    @property
    def noun(self) -> str:
        """What one of the things in it is called: ``message``."""

    def remarks(self) -> Iterator[str]:
        """Yield in sentences what somebody should know of it before it is looked through."""

    def look(self) -> Generator[Stored, None, None]:
        """Yield all that is there, once. Nothing is changed; close it, so that all is at once as before."""

    def take(self, ids: frozenset[str], at_once: int) -> Generator[Stored, None, None]:
        """Yield what has these ids, as far as it is still there. Close it, so that what wasn't deleted is back."""

    def delete(self, stored: Stored) -> None:
        """Delete what ``take`` has yielded. Raises what boto3 raises."""


def open_store(target: Target, source: str) -> Store:
    """Return the queue or bucket that is meant by a name, an ARN, a URL. Raises UsageError when there is none.

    A bare name is a queue's if there is one, else a bucket's.
    """
    if source.startswith("s3://"):
        return _bucket(target, source.removeprefix("s3://").rstrip("/"), source)
    if match := _QUEUE_URL.fullmatch(source):
        return _queue(target, match["name"], match["account"], source)
    if source.startswith("arn:"):
        return _by_arn(target, source)
    with suppress(_Missing):
        return _queue(target, source, None, source)
    return _bucket(target, source, source)


class _Missing(UsageError):
    """There is no such queue."""


def _by_arn(target: Target, source: str) -> Store:
    try:
        arn = parse(source)
    except NotAnArn as error:
        raise UsageError(f"{shortened(source)} is no ARN; give the ARN of a queue or a bucket, or its name.") from error
    if arn.service == "s3":
        return _bucket(target, arn.resource, source)
    if arn.service != "sqs":
        raise UsageError(f"{shortened(source)} is neither a queue nor a bucket: only these keep what Lambda sends.")
    if arn.region != target.region:
        raise UsageError(f"{source} is of region {arn.region}, and you ask in {target.region}: choose with --region.")
    return _queue(target, arn.resource, arn.account_id, source)


def _queue(target: Target, name: str, account: str | None, source: str) -> Queue:
    from botocore.exceptions import ClientError

    if name.endswith(".fifo"):
        raise UsageError(f"{shortened(source)} is a FIFO queue, and Lambda sends failed events to none.")
    if not _QUEUE_NAME.fullmatch(name):
        raise _Missing(_none(target, source))
    client = target.client("sqs")
    owner = {} if account is None else {"QueueOwnerAWSAccountId": account}
    try:
        return Queue(client, name, client.get_queue_url(QueueName=name, **owner)["QueueUrl"])
    except ClientError as error:
        if is_missing(error):
            raise _Missing(_none(target, source)) from error
        raise


def _bucket(target: Target, name: str, source: str) -> Bucket:
    from botocore.exceptions import ClientError

    if not _BUCKET_NAME.fullmatch(name):
        raise UsageError(_none(target, source))
    client = target.client("s3")
    try:
        client.list_objects_v2(Bucket=name, MaxKeys=1)
    except ClientError as error:
        if is_missing(error):
            raise UsageError(_none(target, source)) from error
        raise
    return Bucket(client, name)


def _none(target: Target, source: str) -> str:
    return (
        f"There is no queue and no bucket {shortened(source)} in {target.region} of this account: "
        "check its name, --region and --profile."
    )


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue: what is received is hidden from others until it is released, deleted, or time is up."""

    client: Any
    name: str
    url: str

    @property
    def title(self) -> str:
        """What it is, and its name."""
        return f"SQS queue {self.name}"

    @property
    def noun(self) -> str:
        """What one of the things in it is called."""
        return "message"

    def remarks(self) -> Iterator[str]:
        """Yield what is hidden now, and that a look counts where the queue counts."""
        attributes = self._attributes("ApproximateNumberOfMessagesNotVisible", "RedrivePolicy")
        if hidden := int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)):
            yield (
                f"{plural(hidden, 'message')} of {self.name} can't be seen now: another reader has them, or a redrive "
                f"that was killed. Those are back within about {HIDDEN_SECONDS} s."
            )
        if "RedrivePolicy" in attributes:
            yield (
                f"{self.name} has a redrive policy of its own: each look counts as a receive, and SQS moves messages "
                "that were received too often to its dead-letter queue."
            )

    def look(self) -> Generator[Stored, None, None]:
        """Yield every message once."""
        waiting = int(self._attributes("ApproximateNumberOfMessages").get("ApproximateNumberOfMessages", 0))
        hidden = min(_MOST_HIDDEN_SECONDS, max(HIDDEN_SECONDS, waiting // _SLOWEST_LOOK))
        held: dict[str, str] = {}
        try:
            while batch := self._receive(_BATCH, hidden, held):
                yield from batch
        finally:
            self._release(held)

    def take(self, ids: frozenset[str], at_once: int) -> Generator[Stored, None, None]:
        """Yield the messages of these ids; ``at_once`` is how many are held at the most before they are yielded."""
        held: dict[str, str] = {}
        left = set(ids)
        try:
            while left and (batch := self._receive(min(_BATCH, at_once), HIDDEN_SECONDS, held)):
                for stored in batch:
                    if stored.id in left:
                        left.remove(stored.id)
                        yield stored
        finally:
            self._release(held)

    def delete(self, stored: Stored) -> None:
        """Delete a message that was received."""
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=stored.handle)

    def _attributes(self, *names: str) -> Mapping[str, str]:
        answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))
        attributes: Mapping[str, str] = answer.get("Attributes", {})
        return attributes

    def _receive(self, most: int, hidden_seconds: int, held: dict[str, str]) -> list[Stored]:
        """Return some messages that weren't received before; [] when there is nothing more."""
        while True:
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=hidden_seconds,
                WaitTimeSeconds=_POLL_SECONDS,
                AttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            new = [message for message in messages if message["MessageId"] not in held]
            held.update({message["MessageId"]: message["ReceiptHandle"] for message in messages})
            if new or not messages:  # else all of them are back already, in the middle of the look
                return [_stored(message) for message in new]

    def _release(self, held: Mapping[str, str]) -> None:
        """Show messages to others again; those that were deleted aren't there, and of others time will be up."""
        from botocore.exceptions import BotoCoreError, ClientError

        def release(handle: str) -> None:
            with suppress(BotoCoreError, ClientError):
                self.client.change_message_visibility(QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=0)

        with ThreadPoolExecutor(_RELEASES_AT_ONCE) as pool:
            list(pool.map(release, held.values()))


def _stored(message: Mapping[str, Any]) -> Stored:
    given = message.get("MessageAttributes", {})
    attributes = {name: str(value.get("StringValue", "")) for name, value in given.items()}
    sent_at = int(message["Attributes"]["SentTimestamp"]) / 1000
    try:
        content: FailedEvent | NotAnEvent = read_message(message["Body"], attributes, sent_at)
    except NotAnEvent as error:
        content = error
    return Stored(message["MessageId"], content, message["ReceiptHandle"])


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket: one object for each record."""

    client: Any
    name: str

    @property
    def title(self) -> str:
        """What it is, and its name."""
        return f"S3 bucket {self.name}"

    @property
    def noun(self) -> str:
        """What one of the things in it is called."""
        return "object"

    def remarks(self) -> Iterator[str]:
        """Yield nothing: a look at a bucket leaves no trace."""
        yield from ()

    def look(self) -> Generator[Stored, None, None]:
        """Yield every object that has a name as Lambda gives it to failure records."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=_PREFIX)
        for found in (found for page in pages for found in page.get("Contents", [])):
            if found["Size"] > _LARGEST_RECORD:
                yield Stored(found["Key"], NotAnEvent("objects too large for a record of Lambda's"))
            elif stored := self._read(found["Key"]):
                yield stored

    def take(self, ids: frozenset[str], at_once: int) -> Generator[Stored, None, None]:
        """Yield the objects of these keys, the oldest first; objects aren't held."""
        del at_once
        for key in sorted(ids, key=lambda one: one.rpartition("/")[2]):
            if stored := self._read(key):
                yield stored

    def delete(self, stored: Stored) -> None:
        """Delete an object; in a bucket with versions, its last version is kept."""
        self.client.delete_object(Bucket=self.name, Key=stored.id)

    def _read(self, key: str) -> Stored | None:
        """Return an object; None when it is gone."""
        from botocore.exceptions import ClientError

        try:
            body = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        try:
            return Stored(key, read_record(body.decode(errors="surrogateescape")))
        except NotAnEvent as error:
            return Stored(key, error)


def policy(source: str | None, functions: frozenset[str]) -> dict[str, object]:
    """Return an IAM policy that allows a redrive of ``source`` and nothing else; of any queue and bucket without one.

    ``functions`` are names or ARNs of the functions that may be invoked; any when there are none.
    """
    queue, bucket = _arns_of(source)
    invoked = sorted(one if one.startswith("arn:") else f"arn:aws:lambda:*:*:function:{one}" for one in functions)
    invoked = invoked or ["arn:aws:lambda:*:*:function:*"]
    statements: list[dict[str, object]] = [
        {
            "Sid": "AsyncLabInvoke",
            "Effect": "Allow",
            "Action": ["lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
            "Resource": [*invoked, *(f"{one}:*" for one in invoked if not one.endswith("*"))],
        }
    ]
    if queue:
        verbs = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage")
        actions = [f"sqs:{verb}" for verb in verbs]
        statements.append({"Sid": "AsyncLabQueue", "Effect": "Allow", "Action": actions, "Resource": queue})
    if bucket:
        statements.append({"Sid": "AsyncLabBucket", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": bucket})
        actions = ["s3:DeleteObject", "s3:GetObject"]
        objects = f"{bucket}/{_PREFIX}*"
        statements.append({"Sid": "AsyncLabObjects", "Effect": "Allow", "Action": actions, "Resource": objects})
    return {"Version": "2012-10-17", "Statement": statements}


def _arns_of(source: str | None) -> tuple[str | None, str | None]:
    """Return the ARNs of the queue and of the bucket that a source may be."""
    if source is None:
        return "arn:aws:sqs:*:*:*", "arn:aws:s3:::*"
    if source.startswith("s3://"):
        return None, f"arn:aws:s3:::{source.removeprefix('s3://').rstrip('/')}"
    if match := _QUEUE_URL.fullmatch(source):
        return f"arn:aws:sqs:*:{match['account']}:{match['name']}", None
    if source.startswith("arn:"):
        is_queue = source.split(":")[2:3] == ["sqs"]
        return (source, None) if is_queue else (None, source)
    is_bucket = _BUCKET_NAME.fullmatch(source)
    return f"arn:aws:sqs:*:*:{source}", f"arn:aws:s3:::{source}" if is_bucket else None
