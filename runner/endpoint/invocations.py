"""Invoke: the twin decides when, the sandbox runs the code, and what happened becomes metrics, logs and deliveries."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runner.endpoint import functions, logs, sandbox
from runner.endpoint.clock import VirtualClock
from runner.endpoint.cloudwatch import MetricStore
from runner.endpoint.functions import Deployed, FunctionNotFound
from runner.endpoint.publish import publish
from runner.endpoint.sandbox import LogLine, Sandbox
from runner.twin import Ended, Execution, Finished, FunctionConfig, Outcome, Record, Rules, Target, Twin

EMPTY_PAYLOAD = b"{}"  # what an event without a payload is delivered as (snapshot)
_LOG_TAIL_BYTES = 4 * 1024


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
        rules: Rules,
        seed: int,
    ) -> None:
        self.account_id, self.region = account_id, region
        self._changed = threading.Condition(threading.RLock())
        self._clock, self._store, self._sandbox = clock, store, box
        self._payloads: dict[str, bytes] = {}
        self._last_run: dict[str, Ran] = {}
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
        result = self._sandbox.run(
            deployed.deployment,
            sandbox.Execution(
                environment_id=f"{self.account_id}/{self.region}/{execution.environment}",
                request_id=execution.request_id,
                payload=self._payloads[execution.request_id],
                at=execution.started_at,
                log_stream=log_stream,
            ),
        )
        return Ran(execution, deployed, result, log_stream)

    def _resolve(self, ran: Ran) -> None:
        with self._changed:
            self._last_run[ran.execution.request_id] = ran
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
        if isinstance(record, Ended):
            self._write_log(self._last_run[record.execution.request_id])
            if record.execution.event is None:
                self._forget(record.execution.request_id)
        elif isinstance(record, Finished):
            self._forget(record.event.request_id)

    def _write_log(self, ran: Ran) -> None:
        group = ran.deployed.deployment.log_group
        logs.write(self.account_id, self.region, group, ran.log_stream, ran.log_lines)

    def _forget(self, request_id: str) -> None:
        self._payloads.pop(request_id, None)
        self._last_run.pop(request_id, None)
