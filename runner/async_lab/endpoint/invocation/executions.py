"""One execution: the code it runs, and what comes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from async_lab.endpoint import sandbox
from async_lab.endpoint.delivery.records import AttemptResponse
from async_lab.endpoint.functions import ResolvedFunction
from async_lab.endpoint.invocation import logs
from async_lab.endpoint.sandbox import LogLine, Sandbox, UnsupportedRuntime, UnusablePackage
from async_lab.twin import Execution, FunctionConfig, Outcome

_LOG_TAIL_BYTES = 4 * 1024
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedConfig(FunctionConfig):
    """A function's settings at the moment of an attempt, and the code that the attempt then runs."""

    deployed: ResolvedFunction


@dataclass(frozen=True, slots=True)
class CompletedExecution:
    """One execution, the code it ran and what came of it."""

    execution: Execution
    deployed: ResolvedFunction
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
    def response(self) -> AttemptResponse:
        """What an invocation record tells of it."""
        return AttemptResponse(_OK, self.deployed.version, self.result.function_error, self.result.payload)

    @property
    def log_lines(self) -> list[LogLine]:
        """What it writes to its log stream."""
        execution, deployed = self.execution, self.deployed
        run = logs.Run(
            execution.request_id, deployed.version, deployed.memory_size_mb, execution.started_at, self.result
        )
        level = deployed.system_log_level
        return list(logs.text_lines(run) if level is None else logs.json_lines(run, level))

    def log_tail(self) -> bytes:
        """Return the last 4 KB of its log, as ``LogType=Tail`` asks for (doc)."""
        return "\n".join(line.text for line in self.log_lines).encode()[-_LOG_TAIL_BYTES:]

    @property
    def ends_at(self) -> float:
        """When it ends, in epoch seconds."""
        return self.execution.started_at + self.outcome.occupied_seconds


def configured(deployed: ResolvedFunction) -> ResolvedConfig:
    """Return what the twin needs to know of a function, with the function."""
    return ResolvedConfig(
        reserved_concurrency=deployed.reserved_concurrency,
        maximum_event_age_seconds=deployed.maximum_event_age_seconds,
        maximum_retry_attempts=deployed.maximum_retry_attempts,
        version=deployed.version,
        revision=deployed.revision,
        deployed=deployed,
    )


def run(
    box: Sandbox,
    execution: Execution,
    payload: bytes,
    log_stream: str,
    client_context: str | None = None,
    *,
    is_awaited: bool = False,
) -> CompletedExecution:
    """Run the code that the execution started with, whatever was deployed since. It always has an outcome."""
    deployed = deployed_of(execution)
    asked = sandbox.HandlerCall(
        environment_id=environment_id(deployed.account_id, deployed.region, execution.environment),
        request_id=execution.request_id,
        payload=payload,
        at=execution.started_at,
        log_stream=log_stream,
        client_context=client_context,
        is_awaited=is_awaited,
    )
    try:
        result = box.run(deployed.deployment, asked)
    except (UnsupportedRuntime, UnusablePackage) as refusal:  # what was deployed is at fault, and nothing of ours
        result = _not_run(refusal, execution.started_at)
    except Exception as failure:  # noqa: BLE001 - all of the region waits for an execution without an outcome
        box.failed(failure)  # it is no handler's, so whoever measures learns of it
        result = _not_run(failure, execution.started_at)
    return CompletedExecution(execution, deployed, result, log_stream)


def environment_id(account_id: str, region: str, environment: str) -> str:
    """Return what the sandbox calls an execution environment of a region."""
    return f"{account_id}/{region}/{environment}"


def deployed_of(execution: Execution) -> ResolvedFunction:
    """Return the function as it was when the execution started."""
    return cast("ResolvedConfig", execution.config).deployed  # the endpoint's twin knows no other configurations


def _not_run(failure: Exception, at: float) -> sandbox.Result:
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
