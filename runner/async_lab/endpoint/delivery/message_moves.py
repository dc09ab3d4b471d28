"""SQS' message move tasks: what lies in a dead-letter queue goes back to where it came from, or elsewhere.

Source: API reference, StartMessageMoveTask; developer guide, "Configure a dead-letter queue redrive". A task moves what
could be received when it began, at most so many messages in each second; AWS says of a task without a limit only that
it chooses one itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.sqs.exceptions import InvalidParameterValue, SQSException
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from async_lab import arns
from async_lab.endpoint.invocation.recursion import remember
from async_lab.endpoint.moto_patches import add_operation
from async_lab.endpoint.state import LOCK

RUNNING, COMPLETED, CANCELLED, FAILED = "RUNNING", "COMPLETED", "CANCELLED", "FAILED"
_MOST_PER_SECOND = 500
"""The highest limit (doc), and what a task without one keeps (assumed)."""
_MOST_RESULTS = 10
_UNKNOWN_SOURCE, _NO_QUEUE = "CouldNotDetermineMessageSource", "AWS.SimpleQueueService.NonExistentQueue"


@dataclass(slots=True)
class MoveTask:
    """One task, running or over. Times in epoch seconds."""

    source_arn: str
    destination_arn: str | None
    per_second: int | None
    to_move: int
    started_at: float
    task_id: str = field(default_factory=lambda: str(mock_random.uuid4()))
    status: str = RUNNING
    moved: int = 0
    seconds: int = 0
    """How many of its seconds are over."""
    failure: str | None = None

    @property
    def handle(self) -> str:
        """By which it is canceled."""
        return base64.b64encode(json.dumps({"taskId": self.task_id, "sourceArn": self.source_arn}).encode()).decode()

    @property
    def next_due(self) -> float:
        """When it moves messages next."""
        return self.started_at + self.seconds

    def told(self) -> dict[str, Any]:
        """Return it as ListMessageMoveTasks does: the handle while it runs."""
        given = {
            "TaskHandle": self.handle if self.status == RUNNING else None,
            "DestinationArn": self.destination_arn,
            "MaxNumberOfMessagesPerSecond": self.per_second,
            "FailureReason": self.failure,
        }
        return {
            "Status": self.status,
            "SourceArn": self.source_arn,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": round(self.started_at * 1_000),
            **{name: value for name, value in given.items() if value is not None},
        }


class MessageMoves:
    """All tasks of an account."""

    def __init__(self, account_id: str, now: Callable[[], float]) -> None:
        self._account_id, self._now = account_id, now

    @property
    def is_resolved(self) -> bool:
        """Whether every execution under way has an outcome: a move starts none of its own."""
        return True

    @property
    def is_settled(self) -> bool:
        """Whether no task runs."""
        return self.next_due() is None

    def next_due(self) -> float | None:
        """Return when messages are moved next."""
        with LOCK:
            return min((task.next_due for task in self._running()), default=None)

    def step(self, pool: ThreadPoolExecutor) -> None:  # noqa: ARG002 - what is moved is queued
        """Move what is due now."""
        with LOCK:
            for task in list(self._running()):
                if task.next_due <= self._now():
                    _move(task)

    def _running(self) -> Iterator[MoveTask]:
        for backend in list(sqs_backends[self._account_id].values()):
            yield from (task for task in _tasks(backend) if task.status == RUNNING)


def install(now: Callable[[], float]) -> None:
    """Let SQS take such tasks, which moto doesn't have; again changes ``now`` (epoch seconds) alone."""

    def start(response: SQSResponse) -> ActionResult:
        return ActionResult({"TaskHandle": _start(response.sqs_backend, response.params, now()).handle})

    add_operation(SQSResponse, "start_message_move_task", start)
    add_operation(SQSResponse, "list_message_move_tasks", _list)
    add_operation(SQSResponse, "cancel_message_move_task", _cancel)


def _tasks(backend: SQSBackend) -> list[MoveTask]:
    tasks: list[MoveTask] = vars(backend).setdefault("move_tasks", [])
    return tasks


def _start(backend: SQSBackend, asked: dict[str, Any], now: float) -> MoveTask:
    source, destination_arn = _queue(backend, asked["SourceArn"], "SourceArn"), asked.get("DestinationArn")
    if not any(queue.dead_letter_queue is source for queue in backend.queues.values()):
        raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
    if destination_arn:
        destination = _queue(backend, destination_arn, "DestinationArn")
        if destination.fifo_queue != source.fifo_queue:
            raise InvalidParameterValue("The source queue and destination queue must be of the same queue type.")
    if any(task.source_arn == source.queue_arn and task.status == RUNNING for task in _tasks(backend)):
        raise InvalidParameterValue(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    per_second = _bounded(asked, "MaxNumberOfMessagesPerSecond", _MOST_PER_SECOND)
    task = MoveTask(source.queue_arn, destination_arn, per_second, len(source.messages), now)
    _tasks(backend).insert(0, task)
    return task


def _list(response: SQSResponse) -> ActionResult:
    backend, asked = response.sqs_backend, response.params
    source = _queue(backend, asked["SourceArn"], "SourceArn")
    most = _bounded(asked, "MaxResults", _MOST_RESULTS) or 1
    told = [task.told() for task in _tasks(backend) if task.source_arn == source.queue_arn]
    return ActionResult({"Results": told[:most]})


def _cancel(response: SQSResponse) -> ActionResult:
    handle = response.params["TaskHandle"]
    task = next((each for each in _tasks(response.sqs_backend) if each.handle == handle), None)
    if task is None:
        raise _NotFound("Task does not exist.")
    if task.status != RUNNING:
        raise InvalidParameterValue(f"Only a running task can be canceled, and this one is {task.status}.")
    task.status = CANCELLED
    return ActionResult({"ApproximateNumberOfMessagesMoved": task.moved})


class _NotFound(SQSException):
    code = "ResourceNotFoundException"
    status = HTTPStatus.NOT_FOUND


def _queue(backend: SQSBackend, arn: str, member: str) -> Queue:
    """Return a queue of the backend's. Raises an error of SQS' when there is none."""
    queue = next((each for each in backend.queues.values() if each.queue_arn == arn), None)
    if queue is None:
        raise _NotFound(f"The resource that you specified for the {member} parameter doesn't exist.")
    return queue


def _bounded(asked: dict[str, Any], member: str, most: int) -> int | None:
    if asked.get(member) is None:
        return None
    value = int(asked[member])
    if not 1 <= value <= most:
        raise InvalidParameterValue(
            f"Value {value} for parameter {member} is invalid. Reason: Must be an integer from 1 to {most}."
        )
    return value


def _move(task: MoveTask) -> None:
    """Move what one second of a task takes, in the order in which it was sent."""
    arn = arns.parse(task.source_arn)
    backend = sqs_backends[arn.account_id][arn.region]
    source = backend.queues.get(arn.name)
    task.seconds += 1
    wanted = min(task.per_second or _MOST_PER_SECOND, task.to_move - task.moved)
    present = source.messages[:wanted] if source else []
    for message in present:
        target = task.destination_arn or vars(message).get("source_arn")
        queue = backend.queues.get(arns.parse(target).name) if target else None
        if queue is None:
            task.status, task.failure = FAILED, _NO_QUEUE if target else _UNKNOWN_SOURCE
            return
        source._messages.remove(message)  # noqa: SLF001 - moto's own
        remember(queue, _anew(message))
        task.moved += 1
    if source is None:
        task.status, task.failure = FAILED, _NO_QUEUE
    elif len(present) < wanted or task.moved == task.to_move:
        task.status = COMPLETED


def _anew(message: Message) -> Message:
    """Return a message as it is in another queue: with an id of its own, never received, and sent now."""
    moved = Message(str(mock_random.uuid4()), message.body, message.system_attributes)
    moved.message_attributes = message.message_attributes
    moved.group_id, moved.deduplication_id = message.group_id, message.deduplication_id
    moved.sequence_number = message.sequence_number
    moved.mark_sent()
    return moved
