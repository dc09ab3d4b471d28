"""Runs handlers: each in the execution environment that it is given, as Lambda would run it, in virtual time."""

from __future__ import annotations

import hashlib
import logging
import secrets
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

from async_lab import owned
from async_lab.endpoint.sandbox.environment import Environment, ProcessExit
from async_lab.endpoint.sandbox.handler_view import Directories, search_path, variables
from async_lab.endpoint.sandbox.in_process import InProcessHandlers
from async_lab.endpoint.sandbox.lab_child.environment import Specification
from async_lab.endpoint.sandbox.lab_child.protocol import TASK_ROOT, Kind
from async_lab.endpoint.sandbox.model import Costs, Deployment, HandlerCall, Limits, Result
from async_lab.endpoint.sandbox.nursery import ZygoteClient
from async_lab.endpoint.sandbox.outcome import SECOND_NS, result_of, schedule
from async_lab.endpoint.sandbox.output import Output, mark_pattern
from async_lab.endpoint.sandbox.packages import Packages
from async_lab.endpoint.sandbox.pool import Pool, PoolEntry
from async_lab.endpoint.sandbox.runtimes import OWN_VERSION, python_version
from async_lab.errors import EnvironmentFailure

_LOG = logging.getLogger(__name__)


class Sandbox:
    """All handler processes of one endpoint. None outlives it.

    ``endpoint_url`` is where the handlers' own calls of AWS go; it may be set later, for those not yet started.
    ``issue_key`` gives the access key of an environment, for its id and its function's name and version.
    """

    def __init__(
        self, *, endpoint_url: str | None = None, costs: Costs | None = None, limits: Limits | None = None
    ) -> None:
        self.endpoint_url = endpoint_url
        self.issue_key: Callable[[str, str, str], str] = lambda _environment, _function, _version: "testing"
        self._costs, self._limits = costs or Costs(), limits or Limits()
        self._token = secrets.token_hex(8)
        self._mark = mark_pattern(self._token)
        directory = owned.temporary("async-lab-handlers-")
        self._root = directory.path.resolve()
        self._remove_files = weakref.finalize(self, directory.remove)  # closed or not
        self._packages = Packages(self._root)
        self._nursery = ZygoteClient(self._root, self._limits.starting_seconds)
        self._pool = Pool(self._limits.processes)
        self.in_process = InProcessHandlers(self._costs)
        self._failure: Exception | None = None
        self._other_runtimes: dict[str, str] = {}  # by function

    def run(self, deployment: Deployment, execution: HandlerCall) -> Result:
        """Run the handler once and return what it did; from any thread, many at a time.

        Raises UnsupportedRuntime for what isn't Python, UnusablePackage for a zip that can't be unpacked and
        EnvironmentFailure when no process can be started or one of ours was lost. Whatever the handler does is in the
        result.
        """
        if python_version(deployment.runtime) != OWN_VERSION:
            self._other_runtimes[deployment.function_name] = deployment.runtime
        if handler := self.in_process.find(deployment.handler):
            return self.in_process.run(handler, deployment, execution)
        with self._pool.lend(execution.environment_id) as place:
            survives = False
            try:
                result = self._run_in(place, deployment, execution)
                survives = result.environment_survives
            finally:  # also when we are interrupted: the process would report to the next execution
                if not survives:
                    place.forget()
            return result

    @property
    def remark(self) -> str | None:
        """What the user should know of how handlers are kept apart; None while there is nothing."""
        return self._nursery.remark

    @property
    def runtime_remarks(self) -> list[str]:
        """Which functions ran on another Python than their runtime says."""
        return [
            f"The runtime of {function} is {runtime}; here its code runs on Python {OWN_VERSION}, the lab's own."
            for function, runtime in list(self._other_runtimes.items())
        ]

    @property
    def failure(self) -> Exception | None:
        """The first trouble that was no handler's doing; what was measured since is worth nothing."""
        return self._failure

    def failed(self, failure: Exception) -> None:
        """Keep an exception that kept a handler from running, and log it: a bug of ours with where it came from."""
        is_bug = not isinstance(failure, EnvironmentFailure)
        level = logging.ERROR if is_bug else logging.INFO
        _LOG.log(level, "A handler could not be run: %s", failure, exc_info=failure if is_bug else None)
        self._failure = self._failure or failure

    def retire(self, environment_id: str) -> None:
        """End an execution environment that no execution will be given any more."""
        self._pool.retire(environment_id)

    def reset(self) -> None:
        """End every execution environment and forget what failed; the process that forks them stays."""
        self._pool.retire_all()
        self.in_process.reset()
        self._failure = None

    def close(self) -> None:
        """End every process and remove every file."""
        self.in_process.leave()
        self._pool.close()
        self._nursery.close()
        self._remove_files()

    def _run_in(self, place: PoolEntry, deployment: Deployment, execution: HandlerCall) -> Result:
        at_ns = round(execution.at * SECOND_NS)
        output = Output(self._mark, self._limits.output_bytes, self._limits.output_lines)
        is_cold = place.deployment != deployment
        if is_cold or (place.environment and place.environment.has_ended):
            place.vacate()
        boot = None
        if place.environment is None:
            place.environment = self._start(deployment, execution, at_ns)
            place.deployment = deployment
            boot = place.environment.wait_until_ready(output)
        # Only Lambda's cold starts take virtual time: a process that had to make room was warm as far as Lambda knows.
        slept_ns = boot.now_ns - at_ns if boot and boot.now_ns else 0
        times = schedule(at_ns, slept_ns if is_cold else None, deployment.timeout_seconds, self._costs)
        output.start = execution.at if boot else times.handler_ns / SECOND_NS
        if boot and boot.kind is not Kind.READY:
            outcome = boot
        elif times.handler_ns >= times.deadline_ns:
            outcome = ProcessExit(Kind.TIMED_OUT, 0)
        else:
            outcome = place.environment.execute(
                times.handler_ns, times.deadline_ns, _context(deployment, execution), execution.payload, output
            )
        return result_of(deployment, execution, place.environment.directories, times, outcome, output)

    def _start(self, deployment: Deployment, execution: HandlerCall, at_ns: int) -> Environment:
        is_private = self._nursery.prepare()
        directories = Directories(
            task_root=self._packages.code(deployment.package, deployment.package_sha256),
            layers=self._packages.layers(deployment.layers),
            temporary=None if is_private else Path(tempfile.mkdtemp(prefix="environment-", dir=self._root)),
        )
        specification = Specification(
            handler=deployment.handler,
            variables=variables(
                deployment,
                directories,
                log_stream=execution.log_stream,
                endpoint_url=self.endpoint_url,
                access_key=self.issue_key(
                    execution.environment_id, deployment.function_name, deployment.function_version
                ),
            ),
            search_path=search_path(deployment, directories),
            task_root=str(directories.task_root),
            layers=str(directories.layers),
            working_directory=directories.seen(TASK_ROOT),
            ephemeral_storage_mb=deployment.ephemeral_storage_mb,
            guarded=directories.mapped,
            now_ns=at_ns,
            token=self._token,
        )
        return Environment(self._nursery.fork(specification), directories, deployment.memory_size_mb, self._limits)


def _context(deployment: Deployment, execution: HandlerCall) -> dict[str, str | None]:
    return {
        "request_id": execution.request_id,
        "function_arn": deployment.function_arn,
        "client_context": execution.client_context,
        "trace_id": _trace_id(execution),
    }


def _trace_id(execution: HandlerCall) -> str:
    """Return what tracing calls an invocation, as ``_X_AMZN_TRACE_ID`` has it: nothing samples it here (assumed)."""
    digest = hashlib.blake2b(execution.request_id.encode(), digest_size=20).hexdigest()
    return f"Root=1-{int(execution.at):08x}-{digest[:24]};Parent={digest[24:]};Sampled=0;Lineage=1:{digest[:8]}:0"
