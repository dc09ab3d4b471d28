"""A lab for tests: the embedded endpoint, with all that a test does to it and asks of it.

Everything happens in virtual time: the clock stands still while a test prepares and looks, and moves when it says so.
Times are epoch seconds on the endpoint's clock, durations are seconds, unless a name says otherwise. What is asked for
wrongly raises ``UsageError``; what a tool fails at, ``EnvironmentFailure``. Both say it in a sentence.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from async_lab.errors import UsageError
from async_lab.observation.events import Attempt, Event, Events
from async_lab.testing import checks, functions, guard, logs, permissions, queues
from async_lab.testing.base import (
    DAY_SECONDS,
    BaseLab,
    clock,
    request_id_of,
)
from async_lab.testing.errors import StillWaiting
from async_lab.testing.functions import Code, Function
from async_lab.testing.permissions import Statements
from async_lab.testing.queues import Message
from async_lab.testing.terraform import Stack, Workspaces
from async_lab.variables import variables_set
from async_lab.wording import duration

if TYPE_CHECKING:
    import boto3

    from async_lab.endpoint.embedded import Endpoint
    from async_lab.endpoint.state import Snapshot as AwsSnapshot

T = TypeVar("T")
REGION = "us-east-1"
_LONGEST_ADVANCE_SECONDS = timedelta(days=31).total_seconds()
_MANY = 1e8
"""Of any unit: more is beyond what timedelta knows."""
_ROLE = "async-lab-tests"
_MAY_DO_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*?]+|\*")


class Lab(BaseLab):
    """An account of the embedded AWS for as long as the ``with`` block runs; one at a time in a process.

    ``region`` is where clients go. ``seed`` decides on all random numbers: the same one repeats a test. ``start`` is
    the first instant of the clock, by default this minute. ``account_concurrency`` is the account's limit in each
    region. ``directory`` is what paths of code and Terraform are seen from, by default the current one.

    While the block runs, the process's ``AWS_`` variables point at the endpoint, with credentials that are none, and
    botocore sends nothing to anywhere else; afterward everything is as before.
    """

    def __init__(
        self,
        *,
        region: str = REGION,
        seed: int = 0,
        start: float | None = None,
        account_concurrency: int = 1_000,
        directory: str | os.PathLike[str] | None = None,
    ) -> None:
        checks.lab(seed, start, account_concurrency)
        self.region = region
        self._seed, self._start, self._account_concurrency = seed, start, account_concurrency
        if directory is not None and not (isinstance(directory, (str, os.PathLike)) and Path(directory).is_dir()):
            raise UsageError(f"directory is {checks.given(directory)}; it must be a directory that is there.")
        self.directory = Path.cwd() if directory is None else Path(directory).absolute()
        self.environment: Mapping[str, str] = {}
        """The variables of a process that is to see the endpoint and no other AWS, for ``subprocess``."""
        self._variables: Mapping[str, str] = {}
        self._resources, self._around = ExitStack(), ExitStack()
        self._open: Endpoint | None = None
        self._clients: dict[str, Any] = {}
        self._made: dict[str, Function] = {}
        self._role_arn: str | None = None
        self._applied: dict[tuple[Snapshot | None, Path, str], tuple[Snapshot, Stack]] = {}
        self._begun_from: Snapshot | None = None
        self.began_at = 0.0
        self._requests_at_begin = 0

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            self.open()
            resources.callback(self.close)
            resources.enter_context(self.around())
            self._around = resources.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._around.close()

    def open(self) -> None:
        """Begin to serve, without a change of the process's variables; ``with`` does both."""
        from async_lab.target.environment import without_users_settings
        from async_lab.target.local import LocalTarget, allow_open_files, check_region, embedded_endpoint

        if self._open is not None:
            raise UsageError("The lab is open already: use it, or close it first.")
        check_region(self.region, "region")
        endpoint_class = embedded_endpoint()
        allow_open_files()
        with without_users_settings(), ExitStack() as resources:
            endpoint = resources.enter_context(
                endpoint_class(seed=self._seed, start=self._start, account_concurrency=self._account_concurrency)
            )
            target = LocalTarget(endpoint, self.region)
            self.environment, self._variables = target.environment, target.variables
            self.session = self._own_session()
            self._resources = resources.pop_all()
            self._workspaces = Workspaces(target.environment, self._resources)
        self._open = endpoint
        self._begin(None)

    def close(self) -> None:
        """End what ``open`` began."""
        self._open = None
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._applied.clear()
        self._resources.close()

    @contextmanager
    def around(self) -> Iterator[None]:
        """Point the process at the endpoint, and keep it away from any other AWS, while the block runs."""
        from async_lab.target.environment import without_users_settings

        with without_users_settings(), variables_set(self._variables), guard.nothing_reaches_aws():
            yield

    def __repr__(self) -> str:
        """Return where it is, and when."""
        return f"<Lab at {self.url}, {clock(self.now)}>" if self._open else "<Lab, not open>"

    # AWS

    def client(self, service: str) -> Any:
        """Return a boto3 client that is the tester's: no fault that a test asks for concerns it."""
        from botocore.config import Config

        endpoint = self._endpoint
        if not isinstance(service, str) or service not in self._clients:
            checks.service(self.session, service)
            config = Config(retries={"total_max_attempts": 1}, proxies={})
            make: Callable[..., Any] = self.session.client
            self._clients[service] = make(service, endpoint_url=endpoint.url, config=config)
        return self._clients[service]

    @property
    def url(self) -> str:
        """Where the endpoint answers; the ``AWS_ENDPOINT_URL`` of ``environment``."""
        return self._endpoint.url

    @property
    def remarks(self) -> list[str]:
        """What there is to know of how functions ran here, and not on Lambda."""
        return self._endpoint.remarks

    # Time

    @property
    def now(self) -> float:
        """The time by the endpoint's clock, in epoch seconds."""
        return self._endpoint.clock.now()

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0, milliseconds: float = 0
    ) -> None:
        """Let time pass; all that is due on the way happens. Raises UsageError for less than none or over 31 days."""
        given = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds, "milliseconds": milliseconds}
        for unit, value in given.items():
            checks.number(unit, value, -_MANY, _MANY, "it must be a number")
        length = timedelta(**given).total_seconds()
        if not 0 <= length <= _LONGEST_ADVANCE_SECONDS:
            raise UsageError(f"{length:,.0f} seconds can't pass at once: give 0 to 31 days.")
        self._move_to(self.now + length)

    def run_until_idle(self, limit: float = DAY_SECONDS) -> None:
        """Let time pass until no event waits and nothing runs; not at all when that is so already.

        Raises StillWaiting when ``limit`` seconds are not enough: which event, for what, until when.
        """
        checks.limit(limit)
        endpoint = self._endpoint
        is_idle = endpoint.wait_until_idle(limit)
        self._check_ran()
        if not is_idle:
            raise StillWaiting(
                f"{endpoint.events().why_not_idle(endpoint.clock.now(), limit)}: give run_until_idle a larger limit."
            )

    def run_until(self, predicate: Callable[[], object], limit: float = DAY_SECONDS) -> None:
        """Let time pass until the predicate is true, which is asked after each event's step and each minute.

        Raises StillWaiting when it isn't after ``limit`` seconds.
        """
        checks.limit(limit)
        checks.predicate(predicate)
        begun, end = self.now, self.now + limit
        while not predicate():
            due = min(self._endpoint.next_due or end, self._endpoint.next_look, end)
            if self.now >= end:
                raise StillWaiting(
                    f"What run_until waits for didn't come within {duration(limit)}, from {clock(begun)} to "
                    f"{clock(end)}: give it a larger limit, or look at events()."
                )
            self._move_to(due)

    def _move_to(self, at: float) -> None:
        self._endpoint.wait_or_raise(max(0.0, at - self.now))
        self._check_ran()

    def _check_ran(self) -> None:
        """Raise what kept a handler from running; so also what keeps a function of the test's own from being imported.

        The latter would be no surprise on AWS, and is none that a test looks for.
        """
        if self._endpoint.failure is not None:
            raise self._endpoint.failure
        for event in self._endpoint.events() if self._made else ():
            for attempt in event.attempts:
                if event.function in self._made and attempt.error_type in functions.NOT_IMPORTED:
                    raise UsageError(
                        f"The handler of {event.function} can't be imported: {attempt.error_message} "
                        "A package holds what lies beside the handler's file; give the rest as layers."
                    )

    # What became of it

    def events(self, function: str | Function | None = None) -> Events:
        """Return what became of each event so far, of one function or of all, in the order of their acceptance.

        Raises UsageError when there is no such function.
        """
        found = self._endpoint.events()
        if function is not None:
            name = self._name(function)
            found = Events(event for event in found if event.function == name)
            if not found:
                self._check_function(name)
        return Events(self._with_logs(event) for event in found)

    def event(self, event: str | Event) -> Event:
        """Return what became of one event so far, given by its request id or as it was earlier.

        Raises UsageError when there is no such event.
        """
        request_id = request_id_of(event)
        for each in self._endpoint.events():
            if each.request_id == request_id:
                return self._with_logs(each)
        raise UsageError(f"There is no event {request_id!r} in this lab.")

    def messages(self, queue: str) -> list[Message]:
        """Return what is in a queue (name, URL or ARN), and leave it there. Raises UsageError for no such queue."""
        return queues.messages(self._endpoint.account_id, self.region, queue)

    def _with_logs(self, event: Event) -> Event:
        def look_up(attempt: Attempt) -> list[str]:
            return logs.of_attempt(self.client("logs"), attempt)

        return replace(event, attempts=tuple(replace(attempt, look_up=look_up) for attempt in event.attempts))

    # What is there

    def apply(
        self,
        directory: str | os.PathLike[str],
        *,
        scope: Literal["test", "session"] = "test",
        **variables: object,
    ) -> Stack:
        """Apply a Terraform directory as it stands, with its real provider; return its outputs by name.

        ``variables`` are Terraform's. Nothing is written into the directory, and its backend, profiles and endpoints
        don't count. With ``scope="session"`` it is applied once, and then put back in milliseconds for each test that
        asks for the same: such an apply comes first in a test. Raises UsageError for a directory without Terraform,
        EnvironmentFailure with Terraform's own message.
        """
        checks.apply(directory, scope, variables)
        place = self.directory / directory
        if scope == "session":
            return self._applied_once(place, variables)
        return self._applied_now(place, variables)

    def _applied_once(self, place: Path, variables: Mapping[str, object]) -> Stack:
        if not self._is_untouched:
            raise UsageError('apply(scope="session") comes first in a test: what was made before would be lost.')
        key = self._begun_from, place.resolve(), json.dumps(variables, sort_keys=True, default=str)
        if key not in self._applied:
            stack = self._applied_now(place, variables)
            self._applied[key] = self.snapshot(), stack
            return stack
        snapshot, stack = self._applied[key]
        self._restore(snapshot)
        return stack

    def _applied_now(self, place: Path, variables: Mapping[str, object]) -> Stack:
        workspace = self._workspaces.of(place)
        return Stack(workspace.apply(variables), lambda: workspace.destroy(variables))

    # Beginning anew

    def reset(self) -> None:
        """Begin anew, in milliseconds: nothing stands, nothing has happened, no fault is on, the clock is at start."""
        self._endpoint.reset()
        self._workspaces.states = {}
        self._made, self._role_arn = {}, None
        self._begin(None)

    def snapshot(self) -> Snapshot:
        """Return what stands, for ``restore``. Raises UsageError while an event waits or something runs."""
        if not self._endpoint.is_settled:
            raise UsageError("A snapshot holds no events under way: run_until_idle() first.")
        if self._begun_from is not None and self._is_untouched:
            return self._begun_from
        return Snapshot(self._endpoint.snapshot(), self._workspaces.states, dict(self._made), self._role_arn)

    def restore(self, snapshot: Snapshot) -> None:
        """Begin anew, in milliseconds, with what stood at a snapshot, at its time: no events, no metrics after it."""
        if not isinstance(snapshot, Snapshot):
            raise UsageError(f"restore() was given {snapshot!r}; it takes what snapshot() returned.")
        self._begun_from = snapshot
        self._restore(snapshot)

    def _restore(self, snapshot: Snapshot) -> None:
        self._endpoint.restore(snapshot.aws)
        self._workspaces.states = snapshot.states
        self._made, self._role_arn = dict(snapshot.functions), snapshot.role_arn
        self._begin(self._begun_from)

    @property
    def _is_untouched(self) -> bool:
        """Whether nothing was made, asked or waited for since it began."""
        return self._endpoint.requests == self._requests_at_begin and self.now == self.began_at

    def _begin(self, base: Snapshot | None) -> None:
        self._begun_from, self.began_at = base, self.now
        self._requests_at_begin = self._endpoint.requests

    # Faults

    def throttle(self, function: str | Function, *, attempts: int | None = None, seconds: float | None = None) -> Fault:
        """Throttle a function's next attempts, or all for so long; without either, until the fault is ended.

        With both it ends with whichever comes first.
        It is as if other functions had used up the account's concurrency. Usable as a ``with`` block.
        """
        name = self._check_function(self._name(function))
        if attempts is not None:
            checks.whole("attempts", attempts, 1, float("inf"), "it must be a whole number, 1 or more")
        if seconds is not None:
            checks.number("seconds", seconds, 1e-3, float("inf"), "it must be more than 0")
        faults = self._endpoint.faults
        throttling = faults.throttle(name, attempts, None if seconds is None else self.now + seconds)
        return Fault(lambda: faults.end(throttling))

    def deny(self, action: str) -> Fault:
        """Deny an IAM action, such as ``s3:GetObject`` or ``sqs:*``, to handlers, deliveries and all code but the test.

        ``client`` and ``session`` of the lab are the test's own and may do everything. Usable as a ``with`` block.
        """
        from async_lab.endpoint.access import denials

        if not (isinstance(action, str) and _ACTION.fullmatch(action)):
            raise UsageError(
                f"The action is {checks.given(action)}; it must be SERVICE:ACTION as in IAM, such as s3:GetObject."
            )
        self._endpoint  # noqa: B018 - says when the lab isn't open
        if unknown := denials.unknown(action):
            raise UsageError(unknown)
        denials.deny(action)
        return Fault(lambda: denials.allow(action))

    def system_errors(self, rate: float) -> Fault:
        """Let this share of attempts (0 to 1) end in an error of Lambda's own (5xx), for which it backs off."""
        self._endpoint.set_rates(system_errors=_share("rate", rate))
        return Fault(lambda: self._endpoint.set_rates(system_errors=0.0))

    def duplicate(self, rate: float = 1.0) -> Fault:
        """Deliver this share of events (0 to 1) twice, as a queue that delivers at least once may."""
        self._endpoint.set_rates(duplicates=_share("rate", rate))
        return Fault(lambda: self._endpoint.set_rates(duplicates=0.0))

    # Inside

    @property
    def _endpoint(self) -> Endpoint:
        if self._open is None:
            raise UsageError("The lab isn't open: use it inside its with block.")
        return self._open

    def _own_session(self) -> boto3.Session:
        from async_lab.endpoint.access.denials import TESTER
        from async_lab.target.environment import session_without_users_settings

        return session_without_users_settings(self.region, TESTER)

    @property
    def _tags(self) -> Mapping[str, str]:
        return {}

    def _invoking_client(self) -> Any:
        return self.client("lambda")

    def _accepted(self, name: str, request_id: str, payload: bytes) -> Event:  # noqa: ARG002 - the endpoint knows both
        return self.event(request_id)

    def _answered_to(self, request_id: str) -> None:
        """Do nothing: the endpoint tells events from other requests."""

    def _callable(self, handler: object) -> Code:
        if not callable(handler):
            raise UsageError(f"The function's code is {handler!r}; it must be PATH:HANDLER or a callable.")
        return functions.in_process(handler, self._endpoint.in_process.add(handler))

    def _full_name(self, short: str) -> str:
        return short

    def _patiently(self, call: Callable[[], T]) -> T:
        return call()

    def _making(self, kind: str, name: str) -> None:
        """Do nothing: all goes with the endpoint."""

    def _role(self, name: str, targets: Sequence[str], policy: Statements | None, undo: ExitStack) -> str:
        if policy is not None:
            logs_ = self.client("logs")
            logs_.create_log_group(logGroupName=f"/aws/lambda/{name}")  # such a role may not make it
            undo.callback(logs_.delete_log_group, logGroupName=f"/aws/lambda/{name}")
            log_group = f"arn:aws:logs:{self.region}:{self._endpoint.account_id}:log-group:/aws/lambda/{name}"
            return self._made_role(name, permissions.of_role(log_group, targets, policy), undo)
        if self._role_arn is None:
            with ExitStack() as whole:
                self._role_arn = self._made_role(_ROLE, _MAY_DO_ALL, whole)
                whole.pop_all()
        return self._role_arn


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What stood in a lab at a moment."""

    aws: AwsSnapshot
    states: Mapping[Path, bytes | None]
    """Terraform's, by directory."""
    functions: Mapping[str, Function]
    role_arn: str | None


class Fault:
    """Something that goes wrong from when it is made until it is ended, or until its ``with`` block ends."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end

    def end(self) -> None:
        """End it; again is no harm."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()


def _share(what: str, rate: float) -> float:
    checks.number(what, rate, 0, 1, "it must be 0 to 1")
    return rate
