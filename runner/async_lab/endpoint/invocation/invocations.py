"""Invoke: the twin decides when, the sandbox runs the code, and what happened becomes metrics, logs and deliveries."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from moto.moto_api._internal import mock_random

from async_lab.cloudwatch.store import MetricStore
from async_lab.endpoint import functions, sandbox, state, trouble
from async_lab.endpoint.delivery import destinations
from async_lab.endpoint.delivery.records import THROTTLED, AttemptResponse, FinishedEvent
from async_lab.endpoint.functions import FunctionNotFound, ResolvedFunction
from async_lab.endpoint.invocation import executions, logs, recursion
from async_lab.endpoint.invocation.executions import CompletedExecution
from async_lab.endpoint.invocation.faults import NO_ROOM, Faults
from async_lab.endpoint.invocation.history import History
from async_lab.endpoint.invocation.metrics import AccountConcurrency, publish, put, put_for_account
from async_lab.endpoint.invocation.recursion import Lineage
from async_lab.endpoint.invocation.timeline import VirtualClock
from async_lab.endpoint.sandbox import LogLine, Sandbox
from async_lab.endpoint.sources.reach import Invoke
from async_lab.observation.events import Event as SeenEvent
from async_lab.twin import (
    Condition,
    Ended,
    Event,
    Execution,
    Finished,
    FunctionConfig,
    FunctionRef,
    Record,
    Rules,
    Sample,
    SystemFailed,
    Throttled,
    Twin,
)

EMPTY_PAYLOAD = b"{}"  # what an event without a payload is delivered as (snapshot)
_SYSTEM_ERROR = 500


class RecursiveInvocation(Exception):
    """A function is invoked once more by what itself began, and Lambda stops it."""

    def __init__(self) -> None:
        super().__init__(
            "Lambda has detected your function being invoked in a recursive loop with other Lambda resources and "
            "stopped your function's invocation."
        )


class LambdaRegion:
    """Everything that is invoked in one region of one account.

    Requests come on the server's threads, time on the timeline's. The twin is touched under ``_changed`` only, which is
    the endpoint's one lock; handlers run outside of it, so that they may call the endpoint themselves.
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
        faults: Faults,
    ) -> None:
        self.account_id, self.region = account_id, region
        self._changed = threading.Condition(state.LOCK)
        self._clock, self._store, self._sandbox = clock, store, box
        self._invoke_elsewhere, self._faults = invoke_elsewhere, faults
        self._payloads: dict[str, bytes] = {}
        self._running: dict[str, CompletedExecution] = {}  # by execution environment
        self._last_response: dict[str, AttemptResponse] = {}  # by request
        self._log_streams: dict[str, str] = {}  # by execution environment
        self._lineages: dict[str, Lineage] = {}  # by request
        self._requests: dict[str, str] = {}  # by execution environment: the one that it runs, or ran last
        self._history = History()
        self._account = AccountConcurrency(lambda: functions.allocated(account_id, region))
        self._twin = Twin(
            self._config_of,
            self._happened,
            seed=seed,
            rules=rules,
            unreserved_limit=lambda: functions.unreserved_limit(account_id, region),
            forget=self._forget,
        )

    @property
    def is_settled(self) -> bool:
        """Whether no event waits and nothing runs."""
        with self._changed:
            return self._twin.is_settled

    def events(self) -> list[SeenEvent]:
        """Return what became of each event so far, in the order in which they were accepted."""
        with self._changed:
            return self._history.events(self._twin.next_attempts)

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on."""
        with self._changed:
            self._twin.reseed(seed)

    def follow(self, rules: Rules) -> None:
        """Go by other rules from now on."""
        with self._changed:
            self._twin.rules = rules

    def purge(self) -> int:
        """Take every event out of the queue; return how many."""
        with self._changed:
            return self._twin.purge(self._clock.now())

    def retire(self, at: float) -> None:
        """End the execution environments that were idle for long, as Lambda does."""
        with self._changed:
            retired = self._twin.retire(at)
            for environment in retired:
                self._log_streams.pop(environment, None)
        for environment in retired:
            self._sandbox.retire(executions.environment_id(self.account_id, self.region, environment))

    def accept(self, target: FunctionRef, payload: bytes) -> str:
        """Queue an event for a function that exists; return its request id. One that closes a loop is dropped."""
        chain = recursion.current_lineage().then(target.function)
        if chain.is_loop(target.function) and recursion.is_stopped(self.account_id, self.region, target.function):
            return self._stop_loop(target, payload or EMPTY_PAYLOAD)
        with self._changed:
            late = functions.dispatch_seconds(self.account_id, self.region, target.function)
            event = self._twin.accept(target, self._clock.now(), late)
            self._lineages[event.request_id] = chain
            self._payloads[event.request_id] = payload or EMPTY_PAYLOAD
            self._history.keep(event.request_id, payload or EMPTY_PAYLOAD)
            return event.request_id

    def invoke(
        self, target: FunctionRef, payload: bytes, client_context: str | None = None
    ) -> CompletedExecution | None:
        """Run the function now and return its result; None when it is throttled."""
        execution = self.begin(target, payload)
        return None if execution is None else self.complete(execution, client_context, is_awaited=True)

    def begin(self, target: FunctionRef, payload: bytes) -> Execution | None:
        """Start a synchronous execution, which must then be completed; None when it is throttled.

        Raises RecursiveInvocation for one that closes a loop.
        """
        chain = recursion.current_lineage().then(target.function)
        if chain.is_loop(target.function) and recursion.is_stopped(self.account_id, self.region, target.function):
            self._count_loop(target)
            raise RecursiveInvocation
        with self._changed:
            execution = self._twin.invoke(target, self._clock.now())
            if execution is not None:
                self._lineages[execution.request_id] = chain
                self._payloads[execution.request_id] = payload or EMPTY_PAYLOAD
            return execution

    def complete(
        self, execution: Execution, client_context: str | None = None, *, is_awaited: bool = False
    ) -> CompletedExecution:
        """Run an execution that was begun, and return its result; ``is_awaited`` says that a caller waits for it."""
        ran = None
        try:
            ran = self._run(execution, client_context, is_awaited=is_awaited)
        finally:  # also when we are interrupted: all of the region waits for an execution without an outcome
            self._resolve(ran or _not_run(execution))
        return ran

    def give_up(self, execution: Execution) -> None:
        """End an execution that was begun and can't be run."""
        self._resolve(_not_run(execution))

    def lineage_of(self, environment: str) -> Lineage:
        """Return the chain to which an execution environment's present execution belongs."""
        with self._changed:
            return self._lineages.get(self._requests.get(environment, ""), recursion.NOBODY)

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
        running: list[tuple[Execution, Future[CompletedExecution]]] = []
        resolved = 0
        try:
            running += ((execution, pool.submit(self._run, execution)) for execution in started)
            for execution, future in running:
                ran = _ran(execution, future)
                resolved += 1
                self._resolve(ran)
        finally:  # whatever happened, an interruption too: all of the region waits for each one's outcome
            for execution, future in running[resolved:]:
                future.add_done_callback(partial(self._resolve_later, execution))
            for execution in started[len(running) :]:
                self._resolve(_not_run(execution))

    def _resolve_later(self, execution: Execution, future: Future[CompletedExecution]) -> None:
        self._resolve(_ran(execution, future))

    def _run(
        self, execution: Execution, client_context: str | None = None, *, is_awaited: bool = False
    ) -> CompletedExecution:
        log_stream = self._log_streams.setdefault(
            execution.environment,
            logs.stream_name(execution.started_at, execution.config.version, execution.environment),
        )
        payload = self._payloads[execution.request_id]
        self._requests[execution.environment] = execution.request_id
        return executions.run(self._sandbox, execution, payload, log_stream, client_context, is_awaited=is_awaited)

    def _resolve(self, ran: CompletedExecution) -> None:
        with self._changed:
            self._running[ran.execution.environment] = ran
            self._twin.resolve(ran.execution, ran.outcome)
            self._changed.notify_all()

    def _config_of(self, target: FunctionRef, draw: float) -> FunctionConfig | None:
        with trouble.contained("looking a function up"):
            try:
                config = executions.configured(self._find(target, draw))
            except FunctionNotFound:
                return None
            has_room = config.reserved_concurrency == 0 or not self._faults.is_throttled(target.function)
            return config if has_room else replace(config, reserved_concurrency=NO_ROOM)
        return None

    def _find(self, target: FunctionRef, draw: float = 0.0) -> ResolvedFunction:
        return functions.find(self.account_id, self.region, target.function, target.qualifier or None, draw)

    def _happened(self, record: Record) -> None:
        """Tell everybody of it. What goes wrong with one stays with it: the queue goes on as if nothing were."""
        with trouble.contained("publishing metrics"):
            publish(self._store, record)
        with trouble.contained("publishing the account's metrics"):
            for metric, value in self._account.samples(record):
                put_for_account(self._store, metric, record.at, value)
        self._history.happened(record)
        if isinstance(record, Throttled):
            self._faults.happened(record.target.function)
        match record:
            case Throttled(event=Event(request_id=request_id)):
                self._last_response[request_id] = AttemptResponse(THROTTLED)
            case SystemFailed(event=Event(request_id=request_id)):
                self._last_response[request_id] = AttemptResponse(_SYSTEM_ERROR)
            case Ended(execution=execution):
                self._ended(self._running.pop(execution.environment))
            case Finished():
                with trouble.contained("delivering a finished event"):
                    self._finished(record)

    def _ended(self, ran: CompletedExecution) -> None:
        with trouble.contained("writing a function's log"):
            logs.put(ran.deployed, ran.log_stream, ran.log_lines)
        self._history.ran(ran)
        if not ran.outcome.environment_survives:
            self._log_streams.pop(ran.execution.environment, None)
        if ran.execution.event is None:
            self._payloads.pop(ran.execution.request_id, None)
            self._lineages.pop(ran.execution.request_id, None)
        else:
            self._last_response[ran.execution.request_id] = ran.response

    def _forget(self, event: Event) -> None:
        self._payloads.pop(event.request_id, None)
        self._last_response.pop(event.request_id, None)
        self._lineages.pop(event.request_id, None)

    def _finished(self, record: Finished) -> None:
        request_id = record.event.request_id
        if record.condition is Condition.PURGED:
            return
        response = self._last_response.get(request_id)
        payload = self._payloads[request_id]
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
        with recursion.following(self._lineages.get(request_id, recursion.NOBODY)):
            self._deliver(record.event.target, deployed, event, record.at)

    def _deliver(self, target: FunctionRef, deployed: ResolvedFunction, event: FinishedEvent, at: float) -> None:
        for delivery in destinations.deliver(deployed, event, at, self._invoke_elsewhere, self._twin.rules):
            self._history.delivered(event.request_id, delivery)
            if delivery.failure is not None:
                put(self._store, Sample(target, destinations.metric_of_failure(delivery), at, 1))

    def _stop_loop(self, target: FunctionRef, payload: bytes) -> str:
        """Drop an event that closes a loop: into the dead-letter queue and to the destination, if there are any."""
        request_id = str(mock_random.uuid4())
        self._count_loop(target)
        with trouble.contained("delivering an event that closes a loop"):
            deployed = self._find(target)
            event = FinishedEvent(
                request_id, deployed.arn, payload, Condition.RECURSIVE_INVOCATION, executions=0, response=None
            )
            with recursion.following(recursion.NOBODY):
                self._deliver(target, deployed, event, self._clock.now())
        return request_id

    def _count_loop(self, target: FunctionRef) -> None:
        put(self._store, Sample(target, "RecursiveInvocationsDropped", self._clock.now(), 1))


def _ran(execution: Execution, future: Future[CompletedExecution]) -> CompletedExecution:
    """Return what came of an execution on another thread; it failed if that thread did, or was never begun."""
    try:
        return future.result()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a future that is cancelled raises no Exception
        trouble.report("running a function", error)
        return _not_run(execution)


def _not_run(execution: Execution) -> CompletedExecution:
    """Return the outcome of an execution that the endpoint could not carry out: a failed one that says so."""
    message = "The embedded endpoint could not run the function."
    result = sandbox.Result(
        payload=json.dumps({"errorMessage": message, "errorType": "Runtime.Unknown"}).encode(),
        function_error="Unhandled",
        duration_seconds=0.0,
        init_seconds=None,
        output=(LogLine(execution.started_at, message),),
        max_memory_used_mb=0,
        environment_survives=False,
    )
    stream = logs.stream_name(execution.started_at, execution.config.version, execution.environment)
    return CompletedExecution(execution, executions.deployed_of(execution), result, stream)
