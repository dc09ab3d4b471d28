"""Polls queues for functions, in virtual time.

Source: developer guide, "Using Lambda with Amazon SQS". A message is received at the instant at which it can be, and
those that can be at the same instant come together: how long a poll takes AWS doesn't say (assumed: no time).
"""

from __future__ import annotations

import base64
import heapq
import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from math import floor
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.sqs.models import Message, Queue

from async_lab.endpoint import json_text
from async_lab.endpoint.invocation import recursion
from async_lab.endpoint.invocation.executions import CompletedExecution
from async_lab.endpoint.invocation.invocations import LambdaRegion, RecursiveInvocation
from async_lab.endpoint.sources import clocks, mappings
from async_lab.endpoint.sources.mappings import QueueMapping
from async_lab.endpoint.state import LOCK
from async_lab.twin import Execution, FunctionRef

BATCHES_AT_FIRST = 5
BATCHES_MORE_A_MINUTE = 300
MOST_BATCHES = 1_250
"""At once, of one mapping (doc, "Scaling behavior")."""
BATCH_BYTES = 6 * 1024 * 1024  # doc: a synchronous payload's limit
_MINUTE_SECONDS = 60.0
_SHORTEST_HIDDEN_SECONDS = 1
"""A queue without a visibility timeout would give the same messages again and again in the same instant."""
_LONGEST_WAIT_SECONDS = 64.0
"""Between two attempts at a batch that is throttled; it doubles from one second on (assumed)."""


@dataclass(order=True, slots=True)
class _Batch:
    """Messages that were received together, and what happens to them next."""

    at: float
    """When their execution ends, or when it is tried again."""
    number: int
    messages: list[Message] = field(compare=False)
    payload: bytes = field(compare=False)
    hidden_until: float = field(compare=False)
    throttles: int = field(default=0, compare=False)
    ran: CompletedExecution | None = field(default=None, compare=False)
    """None while it waits for room."""


@dataclass(slots=True)
class _Polled:
    """One mapping's batches."""

    mapping: QueueMapping
    batches: list[_Batch] = field(default_factory=list)
    """A heap."""
    busy_since: float = 0.0
    throttled_until: float = 0.0
    """Until then nothing new is received, so that the messages don't use up their receives (doc: it backs off)."""


class Pollers:
    """The pollers of all mappings of an account."""

    def __init__(self, account_id: str, region: Callable[[str], LambdaRegion], now: Callable[[], float]) -> None:
        self._account_id, self._region, self._now = account_id, region, now
        self._polled: dict[str, _Polled] = {}  # by the mapping's UUID
        self._numbers = itertools.count()

    def forget(self) -> None:
        """Begin anew: no batch is under way."""
        with LOCK:
            self._polled.clear()

    @property
    def is_resolved(self) -> bool:
        """Whether every execution under way has an outcome: those of a step have one when it ends."""
        return True

    @property
    def is_settled(self) -> bool:
        """Whether no batch is under way and no message waits for a function."""
        with LOCK:
            return not any(
                self._state(mapping).batches or (mapping.enabled and mapping.queue and mapping.queue._messages)  # noqa: SLF001
                for mapping in self._mappings()
            )

    def next_due(self) -> float | None:
        """Return when a batch ends, is tried again or can be received."""
        with LOCK:
            due = [at for mapping in self._mappings() for at in self._due(mapping)]
        return min(due, default=None)

    def _due(self, mapping: QueueMapping) -> Iterator[float]:
        state = self._state(mapping)
        if state.batches:
            yield state.batches[0].at
        receive_at = self._receive_at(mapping, state, len(state.batches))
        if receive_at is not None:
            yield receive_at

    def step(self, pool: ThreadPoolExecutor) -> None:
        """End and receive what is due now; handlers whose batches start together run side by side."""
        started: list[tuple[_Polled, _Batch, Future[CompletedExecution]]] = []
        with LOCK:
            for mapping in self._mappings():
                started.extend(self._started(mapping, pool))
        for state, batch, future in started:
            batch.ran = future.result()
            batch.at = batch.ran.ends_at
            heapq.heappush(state.batches, batch)

    def _started(
        self, mapping: QueueMapping, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[_Polled, _Batch, Future[CompletedExecution]]]:
        state = self._state(mapping)
        for batch in self._due_batches(mapping, state):
            future = self._start(mapping, state, batch, pool)
            if future is not None:
                yield state, batch, future

    def _mappings(self) -> list[QueueMapping]:
        """Return all that are there, and those that were deleted while batches of theirs run on."""
        present = mappings.all_of(self._account_id)
        for uuid in self._polled.keys() - {mapping.uuid for mapping in present}:
            if self._polled[uuid].batches:
                present.append(replace(self._polled[uuid].mapping, enabled=False))
            else:
                del self._polled[uuid]
        return present

    def _state(self, mapping: QueueMapping) -> _Polled:
        return self._polled.setdefault(mapping.uuid, _Polled(mapping))

    def _due_batches(self, mapping: QueueMapping, state: _Polled) -> Iterator[_Batch]:
        """Settle what ends now; yield what is tried again and what is received, each when the last one is started."""
        now, under_way = self._now(), 0
        while state.batches and state.batches[0].at <= now:
            batch = heapq.heappop(state.batches)
            if batch.ran is not None:
                _settle(mapping, batch)
            elif now < batch.hidden_until:
                under_way += 1
                yield batch
        while (at := self._receive_at(mapping, state, len(state.batches) + under_way)) is not None and at <= now:
            if not state.batches and not under_way:
                state.busy_since = now
            received = self._received(mapping, now)
            if received is not None:
                under_way += 1
                yield received

    def _receive_at(self, mapping: QueueMapping, state: _Polled, under_way: int) -> float | None:
        """Return when the next batch can be received; None while nothing can."""
        now = self._now()
        if under_way >= _most_batches(mapping, state, now) or not _is_polled(mapping):
            return None
        at = _batch_at(mapping, now)
        return None if at is None else max(now, state.throttled_until, at)

    def _received(self, mapping: QueueMapping, now: float) -> _Batch | None:
        """Receive up to a batch; those that no filter lets through are deleted and make no batch (doc)."""
        queue = mapping.queue
        if queue is None:
            return None
        messages: list[Message] = []
        records: list[dict[str, Any]] = []
        size, hidden = 0, max(queue.visibility_timeout, _SHORTEST_HIDDEN_SECONDS)
        for message in _receivable(queue, now):
            if len(messages) == mapping.batch_size or (messages and size + len(message.body) > BATCH_BYTES):
                break
            message.mark_received(visibility_timeout=hidden)
            record = _record(message, mapping)
            if mapping.matches(record):
                messages.append(message)
                records.append(record)
                size += len(message.body)
            else:
                _delete(queue, [message])
        if not messages:
            return None
        payload = json.dumps({"Records": records}).encode()
        return _Batch(now, next(self._numbers), messages, payload, now + hidden)

    def _start(
        self, mapping: QueueMapping, state: _Polled, batch: _Batch, pool: ThreadPoolExecutor
    ) -> Future[CompletedExecution] | None:
        """Invoke the function, or wait for room until the messages can be received again."""
        region, now = self._region(mapping.region), self._now()
        chain = recursion.longest(getattr(message, "lineage", recursion.NOBODY) for message in batch.messages)
        try:
            with recursion.following(chain):
                execution = region.begin(FunctionRef(mapping.function_name, mapping.qualifier or ""), batch.payload)
        except RecursiveInvocation:
            if mapping.queue is not None:
                _drop(mapping.queue, batch.messages)
            return None
        if execution is not None:
            return _submit(pool, region, execution)
        wait = min(2.0**batch.throttles, _LONGEST_WAIT_SECONDS)
        batch.throttles += 1
        batch.at = state.throttled_until = min(now + wait, batch.hidden_until)
        heapq.heappush(state.batches, batch)
        return None


def _batch_at(mapping: QueueMapping, now: float) -> float | None:
    """Return when a batch is full or its window is over; None where no message is in the queue."""
    present, upcoming = 0, []
    for at, _ in _available(mapping.queue, now):
        upcoming.append(at)
        present += at <= now
        if present == mapping.batch_size:
            return now
    if not upcoming:
        return None
    upcoming.sort()
    full = upcoming[mapping.batch_size - 1 : mapping.batch_size]
    return min([upcoming[0] + mapping.window_seconds, *full])


def _most_batches(mapping: QueueMapping, state: _Polled, now: float) -> int:
    """Return how many batches there may be at once: Lambda adds pollers as long as it finds messages (doc)."""
    minutes = floor((now - state.busy_since) / _MINUTE_SECONDS) if state.batches else 0
    scaled = min(BATCHES_AT_FIRST + BATCHES_MORE_A_MINUTE * minutes, MOST_BATCHES)
    return scaled if mapping.maximum_concurrency is None else min(scaled, mapping.maximum_concurrency)


def _is_polled(mapping: QueueMapping) -> bool:
    if not mapping.enabled or mapping.queue is None:
        return False
    try:
        lambda_backends[mapping.account_id][mapping.region].get_function(mapping.function_name, mapping.qualifier)
    except UnknownFunctionException:
        return False
    return True


def _submit(pool: ThreadPoolExecutor, region: LambdaRegion, execution: Execution) -> Future[CompletedExecution]:
    """Run an execution on the pool; the region waits for its outcome, so that one that can't be run gets one too."""
    try:
        future = pool.submit(region.complete, execution)
    except RuntimeError:
        region.give_up(execution)
        raise
    future.add_done_callback(lambda done: region.give_up(execution) if done.cancelled() else None)
    return future


def _drop(queue: Queue, messages: list[Message]) -> None:
    """Take messages that keep a loop going out of their queue, into its dead-letter queue if it has one (doc)."""
    _delete(queue, messages)
    for message in messages if queue.dead_letter_queue is not None else ():
        message.visible_at = 0.0
        with recursion.following(recursion.NOBODY):
            queue.dead_letter_queue.add_message(message)


def _settle(mapping: QueueMapping, batch: _Batch) -> None:
    """Delete what the function is done with; the rest can be received again when its visibility timeout is over."""
    queue, ran = mapping.queue, batch.ran
    if queue is None or ran is None or ran.result.function_error:
        return
    failed = _failed(ran.result.payload, batch.messages) if mapping.reports_failures else set()
    _delete(queue, [message for message in batch.messages if message.id not in failed])


def _failed(answer: bytes, messages: list[Message]) -> set[str]:
    """Return the messages that a function reports as failed: all when it says so in a way that Lambda can't read."""
    known = {message.id for message in messages}
    try:
        told = json_text.read(answer)
        failures = (told or {}).get("batchItemFailures") or []
        failed = {failure["itemIdentifier"] for failure in failures}
    except (ValueError, AttributeError, TypeError, KeyError):
        return known
    has_unknown = bool(failed - known)
    return known if has_unknown else failed


def _delete(queue: Queue, messages: list[Message]) -> None:
    ids = {message.id for message in messages}
    with queue._messages_lock:  # noqa: SLF001 - moto's own
        queue._messages[:] = [message for message in queue._messages if message.id not in ids]  # noqa: SLF001
        queue.deleted_messages |= {handle for each in messages for handle in each.all_receipt_handles if handle}
        queue.pending_messages.difference_update(messages)


def _receivable(queue: Queue, now: float) -> Iterator[Message]:
    """Yield what can be received now; what was received too often goes into the queue's dead-letter queue."""
    for at, message in _available(queue, now):
        if at > now:
            continue
        limit = (queue.redrive_policy or {}).get("maxReceiveCount")
        if queue.dead_letter_queue is not None and limit and message.approximate_receive_count >= limit:
            _delete(queue, [message])
            message.visible_at = 0.0
            queue.dead_letter_queue.add_message(message)
        else:
            yield message


def _available(queue: Queue | None, now: float) -> Iterator[tuple[float, Message]]:
    """Yield each message with when it can be received, in epoch seconds; in a FIFO queue after those before it."""
    if queue is None:
        return
    clocks.forget_expired(queue, now)
    group_at: dict[str, float] = {}
    for message in list(queue._messages):  # noqa: SLF001 - moto's own
        at = max(message.visible_at, message.delayed_until, message.sent_timestamp) / 1_000
        if queue.fifo_queue and message.group_id is not None:
            at = group_at[message.group_id] = max(at, group_at.get(message.group_id, 0.0))
        yield at, message


def _record(message: Message, mapping: QueueMapping) -> dict[str, Any]:
    """Return a message as a function gets it (developer guide, "Amazon SQS message event")."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    fifo = {
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.deduplication_id,
        "SequenceNumber": message.sequence_number,
    }
    attributes |= {name: value for name, value in fifo.items() if value is not None}
    own = {name: _attribute(value) for name, value in message.message_attributes.items()}
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": own,
        **({"md5OfMessageAttributes": message.attribute_md5} if own else {}),
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.queue_arn,
        "awsRegion": mapping.region,
    }


def _attribute(attribute: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if (text := attribute.get("StringValue")) is not None:
        told["stringValue"] = text
    if (binary := attribute.get("BinaryValue")) is not None:
        told["binaryValue"] = base64.b64encode(binary).decode() if isinstance(binary, bytes) else binary
    return {**told, "stringListValues": [], "binaryListValues": [], "dataType": attribute["DataType"]}
