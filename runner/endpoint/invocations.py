"""Invoke: the twin decides when, the sandbox runs the code, and what happened becomes metrics, logs and deliveries."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from runner.endpoint import destinations, executions, functions, logs
from runner.endpoint.account_metrics import AccountConcurrency
from runner.endpoint.clock import VirtualClock
from runner.endpoint.cloudwatch import MetricStore
from runner.endpoint.executions import Ran
from runner.endpoint.functions import Deployed, FunctionNotFound
from runner.endpoint.publish import publish, put, put_for_account
from runner.endpoint.records import THROTTLED, FinishedEvent, Response
from runner.endpoint.sandbox import Sandbox
from runner.endpoint.triggers import Invoke
from runner.twin import (
    Condition,
    Ended,
    Event,
    Execution,
    Finished,
    FunctionConfig,
    Record,
    Rules,
    Sample,
    SystemFailed,
    Target,
    Throttled,
    Twin,
)

EMPTY_PAYLOAD = b"{}"  # what an event without a payload is delivered as (snapshot)
_SYSTEM_ERROR = 500


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
        self._account = AccountConcurrency(lambda: functions.allocated(account_id, region))
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

    def invoke(self, target: Target, payload: bytes, client_context: str | None = None) -> Ran | None:
        """Run the function now and return its result; None when it is throttled."""
        with self._changed:
            execution = self._twin.invoke(target, self._clock.now())
            if execution is None:
                return None
            self._payloads[execution.request_id] = payload or EMPTY_PAYLOAD
        ran = self._run(execution, client_context)
        self._resolve(ran)
        return ran

    @property
    def is_resolved(self) -> bool:
        """Whether every execution under way has an outcome."""
        with self._changed:
            return not self._twin.unresolved

    def next_due(self) -> float | None:
        """Return when something happens next, once every execution under way has an outcome."""
        with self._changed:
            self._changed.wait_for(lambda: not self._twin.unresolved)
            return self._twin.next_due()

    def step(self, pool: ThreadPoolExecutor) -> None:
        """Do all that is due at the next instant; handlers that start together run side by side."""
        with self._changed:
            self._changed.wait_for(lambda: not self._twin.unresolved)  # a call may have come since next_due
            started = self._twin.step()
        for ran in pool.map(self._run, started):
            self._resolve(ran)

    def _run(self, execution: Execution, client_context: str | None = None) -> Ran:
        log_stream = self._log_streams.setdefault(
            execution.environment,
            logs.stream_name(execution.started_at, execution.config.version, execution.environment),
        )
        payload = self._payloads[execution.request_id]
        return executions.run(self._sandbox, execution, payload, log_stream, client_context)

    def _resolve(self, ran: Ran) -> None:
        with self._changed:
            self._running[ran.execution.environment] = ran
            self._twin.resolve(ran.execution, ran.outcome)
            self._changed.notify_all()

    def _config_of(self, target: Target, chance: float) -> FunctionConfig | None:
        try:
            return executions.configured(self._find(target, chance))
        except FunctionNotFound:
            return None

    def _find(self, target: Target, chance: float = 0.0) -> Deployed:
        return functions.find(self.account_id, self.region, target.function, target.qualifier or None, chance)

    def _happened(self, record: Record) -> None:
        publish(self._store, record)
        for metric, value in self._account.samples(record):
            put_for_account(self._store, metric, record.at, value)
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
