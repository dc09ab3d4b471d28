"""Invoke: the twin decides when, the sandbox runs the code, and what happened becomes metrics, logs and deliveries."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runner.endpoint import destinations, functions, logs, sandbox
from runner.endpoint.clock import VirtualClock
from runner.endpoint.cloudwatch import MetricStore
from runner.endpoint.functions import Deployed, FunctionNotFound
from runner.endpoint.publish import publish, put
from runner.endpoint.records import THROTTLED, FinishedEvent, Response
from runner.endpoint.sandbox import LogLine, Sandbox
from runner.endpoint.triggers import Invoke
from runner.errors import EnvironmentFailure
from runner.twin import (
    Condition,
    Ended,
    Event,
    Execution,
    Finished,
    FunctionConfig,
    Outcome,
    Record,
    Rules,
    Sample,
    SystemFailed,
    Target,
    Throttled,
    Twin,
)

EMPTY_PAYLOAD = b"{}"  # what an event without a payload is delivered as (snapshot)
_LOG_TAIL_BYTES = 4 * 1024
_OK, _SYSTEM_ERROR = 200, 500


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution, the code it ran and what came of it."""

    execution: Execution
    deployed: Deployed
    result: sandbox.Result
    log_stream: str

    @property
    def outcome(self) -> Outcome:
        """What the twin needs to know of it."""
        return Outcome(
            duration_seconds=self.result.duration_seconds,
            is_error=self.result.function_error is not None,
            init_seconds=self.result.init_seconds or 0.0,
            environment_survives=self.result.environment_survives,
        )

    @property
    def response(self) -> Response:
        """What an invocation record tells of it."""
        return Response(_OK, self.deployed.version, self.result.function_error, self.result.payload)

    @property
    def log_lines(self) -> list[LogLine]:
        """What it writes to its log stream."""
        execution, deployed = self.execution, self.deployed
        version, memory_size_mb = deployed.version, deployed.memory_size_mb
        return list(logs.lines(execution.request_id, version, memory_size_mb, execution.started_at, self.result))

    def log_tail(self) -> bytes:
        """Return the last 4 KB of its log, as ``LogType=Tail`` asks for (doc)."""
        return "\n".join(line.text for line in self.log_lines).encode()[-_LOG_TAIL_BYTES:]

    @property
    def ends_at(self) -> float:
        """When it ends, in epoch seconds."""
        return self.execution.started_at + self.outcome.occupied_seconds


class Invocations:
    """Everything that is invoked in one region of one account.

    Requests come on the server's threads, time on the timeline's. The twin is touched under ``_changed`` only; handlers
    run outside of it, so that they may call the endpoint themselves.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        clock: VirtualClock,
        store: MetricStore,
        box: Sandbox,
        invoke_elsewhere: Invoke,
        rules: Rules,
        seed: int,
    ) -> None:
        self.account_id, self.region = account_id, region
        self._changed = threading.Condition(threading.RLock())
        self._clock, self._store, self._sandbox = clock, store, box
        self._invoke_elsewhere = invoke_elsewhere
        self._payloads: dict[str, bytes] = {}
        self._running: dict[str, Ran] = {}  # by execution environment
        self._last_response: dict[str, Response] = {}  # by request
        self._log_streams: dict[str, str] = {}  # by execution environment
        self._twin = Twin(
            self._config_of,
            self._happened,
            seed=seed,
            rules=rules,
            unreserved_limit=lambda: functions.unreserved_limit(account_id, region),
        )

    @property
    def is_settled(self) -> bool:
        """Whether no event waits and nothing runs."""
        with self._changed:
            return self._twin.is_settled

    def reseed(self, seed: int) -> None:
        """Start the random numbers again."""
        with self._changed:
            self._twin.reseed(seed)

    def accept(self, target: Target, payload: bytes) -> str:
        """Queue an event for a function that exists; return its request id."""
        with self._changed:
            event = self._twin.accept(target, self._clock.now())
            self._payloads[event.request_id] = payload or EMPTY_PAYLOAD
            return event.request_id

    def invoke(self, target: Target, payload: bytes) -> Ran | None:
        """Run the function now and return its result; None when it is throttled."""
        with self._changed:
            execution = self._twin.invoke(target, self._clock.now())
            if execution is None:
                return None
            self._payloads[execution.request_id] = payload or EMPTY_PAYLOAD
        ran = self._run(execution)
        self._resolve(ran)
        return ran

    def next_due(self) -> float | None:
        """Return when something happens next, once every execution under way has an outcome."""
        with self._changed:
            self._changed.wait_for(lambda: not self._twin.unresolved)
            return self._twin.next_due()

    def step(self, pool: ThreadPoolExecutor) -> None:
        """Do all that is due at the next instant; handlers that start together run side by side."""
        with self._changed:
            started = self._twin.step()
        for ran in pool.map(self._run, started):
            self._resolve(ran)

    def _run(self, execution: Execution) -> Ran:
        deployed = self._find(execution.target)
        log_stream = self._log_streams.setdefault(
            execution.environment, logs.stream_name(execution.started_at, deployed.version, execution.environment)
        )
        asked = sandbox.Execution(
            environment_id=f"{self.account_id}/{self.region}/{execution.environment}",
            request_id=execution.request_id,
            payload=self._payloads[execution.request_id],
            at=execution.started_at,
            log_stream=log_stream,
        )
        try:
            result = self._sandbox.run(deployed.deployment, asked)
        except EnvironmentFailure as failure:
            result = _not_run(failure, execution.started_at)
        return Ran(execution, deployed, result, log_stream)

    def _resolve(self, ran: Ran) -> None:
        with self._changed:
            self._running[ran.execution.environment] = ran
            self._twin.resolve(ran.execution, ran.outcome)
            self._changed.notify_all()

    def _find(self, target: Target) -> Deployed:
        return functions.find(self.account_id, self.region, target.function, target.qualifier or None)

    def _config_of(self, target: Target) -> FunctionConfig | None:
        try:
            deployed = self._find(target)
        except FunctionNotFound:
            return None
        return FunctionConfig(
            reserved_concurrency=deployed.reserved_concurrency,
            maximum_event_age_seconds=deployed.maximum_event_age_seconds,
            maximum_retry_attempts=deployed.maximum_retry_attempts,
            version=deployed.version,
            revision=deployed.revision,
        )

    def _happened(self, record: Record) -> None:
        publish(self._store, record)
        match record:
            case Throttled(event=Event(request_id=request_id)):
                self._last_response[request_id] = Response(THROTTLED)
            case SystemFailed(event=Event(request_id=request_id)):
                self._last_response[request_id] = Response(_SYSTEM_ERROR)
            case Ended(execution=execution):
                self._ended(self._running.pop(execution.environment))
            case Finished():
                self._finished(record)

    def _ended(self, ran: Ran) -> None:
        logs.put(ran.deployed, ran.log_stream, ran.log_lines)
        if ran.execution.event is None:
            del self._payloads[ran.execution.request_id]
        else:
            self._last_response[ran.execution.request_id] = ran.response

    def _finished(self, record: Finished) -> None:
        request_id = record.event.request_id
        response = self._last_response.pop(request_id, None)
        payload = self._payloads[request_id] if self._twin.rules.duplicate_rate else self._payloads.pop(request_id)
        try:
            deployed = self._find(record.event.target)
        except FunctionNotFound:
            return
        event = FinishedEvent(
            request_id=request_id,
            function_arn=deployed.arn,
            payload=payload,
            condition=record.condition,
            executions=record.executions,
            response=None if record.condition is Condition.ZERO_RESERVED_CONCURRENCY else response,
        )
        for metric in destinations.deliver(deployed, event, record.at, self._invoke_elsewhere):
            put(self._store, Sample(record.event.target, metric, record.at, 1))


def _not_run(failure: EnvironmentFailure, at: float) -> sandbox.Result:
    """Return what to tell of code that can't be run on this machine: a failed execution that says why."""
    return sandbox.Result(
        payload=json.dumps({"errorMessage": str(failure), "errorType": "Runtime.Unknown"}).encode(),
        function_error="Unhandled",
        duration_seconds=0.0,
        init_seconds=None,
        output=(LogLine(at, str(failure)),),
        max_memory_used_mb=0,
        environment_survives=False,
    )
