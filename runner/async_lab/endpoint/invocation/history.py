"""What became of each event of a region, for whoever asks afterward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from async_lab.endpoint import json_text
from async_lab.endpoint.invocation.executions import CompletedExecution
from async_lab.observation.events import Attempt, Delivery, Event, Outcome
from async_lab.twin import Event as QueuedEvent
from async_lab.twin import Finished, Received, Record, Started, SystemFailed, Throttled

MOST_EVENTS = 100_000
"""Of more, the oldest that have ended are forgotten."""
PAYLOAD_BYTES = 64 * 1024 * 1024
"""How much of payloads is kept; of more, the oldest are forgotten, and their events stay."""


@dataclass(slots=True)
class _Entry:
    """An event so far."""

    event: Event
    attempts: list[Attempt] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)


class History:
    """The events of one region in the order in which they were accepted."""

    def __init__(self, most_events: int = MOST_EVENTS, payload_bytes: int = PAYLOAD_BYTES) -> None:
        self._most_events, self._payload_bytes = most_events, payload_bytes
        self._entries: dict[str, _Entry] = {}  # by request id, the oldest first
        self._payloads: dict[str, bytes] = {}  # likewise
        self._kept_bytes = 0

    def keep(self, request_id: str, payload: bytes) -> None:
        """Keep what an event was sent with."""
        self._payloads[request_id] = payload
        self._kept_bytes += len(payload)
        while self._kept_bytes > self._payload_bytes:
            self._forget_payload(next(iter(self._payloads)))

    def happened(self, record: Record) -> None:
        """Note what the twin tells. How an execution ended is told by ``ran``."""
        match record:
            case Received(event=event):
                self._received(event)
            case Throttled(at=at, event=QueuedEvent() as event):
                self._attempted(event, Attempt(at, event.age_at(at), Outcome.THROTTLED))
            case SystemFailed(at=at, event=event):
                self._attempted(event, Attempt(at, event.age_at(at), Outcome.SYSTEM_ERROR))
            case Started(at=at, execution=execution) if execution.event is not None:
                running = Attempt(at, execution.event.age_at(at), Outcome.RUNNING, version=execution.config.version)
                entry = self._attempted(execution.event, running)
                if entry:
                    maximum = execution.config.maximum_event_age_seconds
                    entry.event = replace(entry.event, maximum_event_age_seconds=maximum)
            case Finished(at=at, event=event, condition=condition):
                entry = self._entries.get(event.request_id)
                if entry:
                    entry.event = replace(entry.event, condition=str(condition), ended_at=at)

    def ran(self, ran: CompletedExecution) -> None:
        """Note how an execution ended."""
        entry = self._entries.get(ran.execution.request_id)
        if entry is None:
            return
        at = ran.execution.started_at
        for index, attempt in enumerate(entry.attempts):
            if attempt.at == at and attempt.outcome is Outcome.RUNNING:
                entry.attempts[index] = _ended(attempt, ran)
                break

    def delivered(self, request_id: str, delivery: Delivery) -> None:
        """Note where a finished event was taken, or could not be."""
        if entry := self._entries.get(request_id):
            entry.deliveries.append(delivery)

    def events(self, next_attempts: Mapping[str, float]) -> list[Event]:
        """Return all events so far; ``next_attempts`` is when those that wait are tried next, by request id."""
        return [
            replace(
                entry.event,
                attempts=tuple(entry.attempts),
                deliveries=tuple(entry.deliveries),
                next_attempt_at=next_attempts.get(request_id) if entry.event.is_pending else None,
                payload=self._payloads.get(request_id),
            )
            for request_id, entry in self._entries.items()
        ]

    def _received(self, event: QueuedEvent) -> None:
        target = event.target
        seen = Event(event.request_id, target.function, target.qualifier, event.accepted_at)
        self._entries[event.request_id] = _Entry(seen)
        if len(self._entries) > self._most_events:
            oldest = next((known for known, entry in self._entries.items() if not entry.event.is_pending), None)
            if oldest is not None:
                del self._entries[oldest]
                self._forget_payload(oldest)

    def _attempted(self, event: QueuedEvent, attempt: Attempt) -> _Entry | None:
        entry = self._entries.get(event.request_id)
        if entry:
            entry.attempts.append(attempt)
        return entry

    def _forget_payload(self, request_id: str) -> None:
        self._kept_bytes -= len(self._payloads.pop(request_id, b""))


def _ended(attempt: Attempt, ran: CompletedExecution) -> Attempt:
    result = ran.result
    kind, message = _error_of(result.payload) if result.function_error else (None, None)
    failed = Outcome.TIMEOUT if kind == "Sandbox.Timedout" else Outcome.ERROR
    return replace(
        attempt,
        outcome=failed if result.function_error else Outcome.SUCCESS,
        duration_seconds=result.duration_seconds,
        init_seconds=result.init_seconds,
        error_type=kind,
        error_message=message,
        log_stream=ran.log_stream,
        log_group=ran.deployed.deployment.log_group,
    )


def _error_of(payload: bytes) -> tuple[str | None, str | None]:
    """Return an answer's error type and message, as far as it has them."""
    try:
        error = json_text.read(payload)
    except ValueError:
        return None, None
    if not isinstance(error, dict):
        return None, None
    kind, message = error.get("errorType"), error.get("errorMessage")
    return (None if kind is None else str(kind)), (None if message is None else str(message))
