"""One account of the embedded AWS, put together from its parts."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Collection
from dataclasses import replace
from math import floor
from types import TracebackType
from typing import Self

from async_lab.endpoint import cloudwatch, functions, sources, state, trouble
from async_lab.endpoint.access import assuming, denials, keys, roles, secrets, trust_policies
from async_lab.endpoint.access.principals import Holder, Holders
from async_lab.endpoint.access.roles import RoleMiddleware
from async_lab.endpoint.delivery import message_moves, targets
from async_lab.endpoint.delivery.message_moves import MessageMoves
from async_lab.endpoint.http.callers import LocalCallers, Scoped
from async_lab.endpoint.http.cbor import CborTranslation
from async_lab.endpoint.http.dispatch import OneAtATime, moto_application, preload
from async_lab.endpoint.http.invoke import InvokeMiddleware
from async_lab.endpoint.http.members import ModelCheck
from async_lab.endpoint.http.own import OwnRequests
from async_lab.endpoint.http.server import Server
from async_lab.endpoint.http.unanswered import ErrorMiddleware
from async_lab.endpoint.invocation.faults import Faults
from async_lab.endpoint.invocation.invocations import LambdaRegion
from async_lab.endpoint.invocation.recursion import Lineage
from async_lab.endpoint.invocation.timeline import PacedClock, Pacer, Scheduled, Ticks, Timeline, VirtualClock
from async_lab.endpoint.sandbox import InProcessHandlers, Sandbox
from async_lab.endpoint.sources import clocks, schedules
from async_lab.endpoint.sources.pollers import Pollers
from async_lab.endpoint.sources.reach import Reach
from async_lab.endpoint.state import LOCK, Snapshot
from async_lab.errors import EnvironmentFailure
from async_lab.observation.events import Events
from async_lab.twin import FunctionRef, Rules, seed_of_run
from async_lab.twin.rules import ACCOUNT_CONCURRENCY

ACCOUNT_ID = "123456789012"  # moto's own
_HANDLERS_AT_ONCE = 8
_RUNNING = threading.Lock()
_made: list[weakref.ref[Endpoint]] = []
_ONE_AT_A_TIME = (
    "An embedded endpoint runs in this process already, and two would share moto's state: end it first, "
    "or start this one in a process of its own (async-lab local)."
)


class Endpoint:
    """One account of the embedded AWS, served on loopback while the ``with`` block runs.

    ``port`` 0 takes a free one. ``start`` is the first instant of its clock in epoch seconds, by default this minute.
    ``speed`` None leaves time standing until someone waits; 1 lets it run like the wall's, 60 a minute a second.
    ``account_concurrency`` is the account's limit in each region; new accounts often have 10.
    ``enforce_roles`` False lets handlers' own calls do what their role doesn't allow; whom a role trusts and where
    Lambda may deliver by it count either way.
    ``allowed_hosts`` and ``allowed_origins`` are who may ask besides programs of this machine, see ``LocalCallers``.

    One runs in a process at a time, because moto's state is the process's. Raises EnvironmentFailure for a second one.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 0,
        rules: Rules | None = None,
        start: float | None = None,
        speed: float | None = None,
        account_concurrency: int = ACCOUNT_CONCURRENCY,
        enforce_roles: bool = True,
        allowed_hosts: Collection[str] = (),
        allowed_origins: Collection[str] = (),
    ) -> None:
        if _RUNNING.locked():
            raise EnvironmentFailure(_ONE_AT_A_TIME)
        _made[:] = [weakref.ref(self)]
        self.account_id = ACCOUNT_ID
        first = float(floor(time.time() / 60) * 60) if start is None else start
        self.clock = PacedClock(first, speed) if speed else VirtualClock(first)
        self._start = first
        self._seed, self._first_seed = seed, seed
        self._rules, self._given_rules = rules or Rules(), rules or Rules()
        self._runs = 0
        self.faults = Faults(self.clock.now)
        self._regions: dict[str, LambdaRegion] = {}
        self._regions_lock = threading.Lock()
        self._sandbox = Sandbox()
        self._pollers = Pollers(ACCOUNT_ID, self.region, self.clock.now)
        ticks = Ticks(cloudwatch.has_high_resolution, self._tick)
        self._timeline = Timeline(self.clock, self._scheduled, self._minute, _HANDLERS_AT_ONCE, ticks)
        self._pacer = Pacer(self._timeline, self.clock) if isinstance(self.clock, PacedClock) else None
        self._account_concurrency = account_concurrency
        functions.install(self.clock.now, account_concurrency)
        cloudwatch.install(self.clock.now)
        reach = Reach(self._invoke, self.clock.now)
        sources.install(reach)
        schedules.install()
        targets.install()
        message_moves.install(self.clock.now)
        self._moves = MessageMoves(ACCOUNT_ID, self.clock.now)
        self._schedules = schedules.Schedules(ACCOUNT_ID, reach)
        clocks.install(self.clock.now, stands=self._pacer is None)
        denials.clear()
        self._moto = moto_application()
        front = InvokeMiddleware(self._moto, self.region, self._timeline.advance_to)
        holders = Holders(ACCOUNT_ID)
        self._sandbox.issue_key = holders.issue
        roles.install()
        assuming.install()
        trust_policies.install()
        keys.install()
        secrets.install()
        permitted = RoleMiddleware(front, holders, ACCOUNT_ID, self._lineage_of, enforces=enforce_roles)
        checked = OneAtATime(Scoped(CborTranslation(ModelCheck(permitted))))
        self._own = OwnRequests(checked, self)
        self._server = Server(port, ErrorMiddleware(LocalCallers(self._own, allowed_hosts, allowed_origins)))

    @property
    def url(self) -> str:
        """Where it answers: ``http://127.0.0.1:PORT``."""
        return self._server.url

    def __enter__(self) -> Self:
        if _made[-1]() is not self or not _RUNNING.acquire(blocking=False):  # a later one has taken moto's state
            self._sandbox.close()
            self._server.stop()
            raise EnvironmentFailure(_ONE_AT_A_TIME)
        self._server.start()
        threading.Thread(target=preload, args=(self._moto,), name="warm", daemon=True).start()
        self._sandbox.endpoint_url = self.url
        if self._pacer:
            self._pacer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        trouble.end()
        try:
            if self._pacer:
                self._pacer.stop()
            self._timeline.close()
            self._sandbox.close()
            self._server.stop()
        finally:
            trouble.begin()
            _RUNNING.release()

    @property
    def failure(self) -> Exception | None:
        """The first trouble that kept a handler from running and was not its own; what was measured since is void."""
        return self._sandbox.failure

    @property
    def remark(self) -> str | None:
        """What the user should know of how handlers are kept apart; None while there is nothing."""
        return self._sandbox.remark

    @property
    def remarks(self) -> list[str]:
        """What the user should know of how handlers were run so far."""
        return [*([self.remark] if self.remark else []), *self._sandbox.runtime_remarks]

    @property
    def in_process(self) -> InProcessHandlers:
        """The callables of this process of which functions are made."""
        return self._sandbox.in_process

    @property
    def requests(self) -> int:
        """How many requests of AWS came so far."""
        return self._own.passed_on

    def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._timeline.advance(seconds)

    def wait_or_raise(self, seconds: float) -> None:
        """Let virtual time pass; all that is due on the way happens.

        Raises what kept a handler from running and was not its own doing, at that instant: nothing can be concluded
        from what would come after.
        """
        end, was_due = self.clock.now() + seconds, None
        while True:
            due = self.next_due
            is_within = due is not None and due <= end and due != was_due  # what is due again at once is stuck
            was_due = due
            self.wait(max(0.0, (due if is_within and due is not None else end) - self.clock.now()))
            if self.failure is not None:
                raise self.failure
            if not is_within:
                return

    def wait_until_idle(self, limit_seconds: float) -> bool:
        """Let virtual time pass until no event waits and nothing runs, at most so long; return whether that is so."""
        end = self.clock.now() + limit_seconds
        while not self.is_settled:
            due = self.next_due
            if due is None or due > end or self.failure is not None:
                return False
            self.wait(max(0.0, due - self.clock.now()))
        return True

    def reseed(self, seed: int) -> None:
        """Begin the next run: its random numbers follow from the seed and from which run on this endpoint it is."""
        self._seed = seed_of_run(seed, self._runs)
        self._runs += 1
        for region in self._present_regions():
            region.reseed(self._seed)

    @property
    def is_settled(self) -> bool:
        """Whether no event waits, nothing runs and no message is moved or waits for a function, in any region."""
        is_idle = all(region.is_settled for region in self._present_regions())
        return is_idle and self._moves.is_settled and self._pollers.is_settled

    def purge(self) -> int:
        """Take every event out of every queue; return how many."""
        return sum(region.purge() for region in self._present_regions())

    def events(self) -> Events:
        """Return what became of each asynchronous event so far, in all regions, in the order of their acceptance.

        Batches of a queue's event source mapping are synchronous invocations and no events: logs and metrics show them.
        """
        found = (event for region in self._present_regions() for event in region.events())
        return Events(sorted(found, key=lambda event: event.accepted_at))

    @property
    def next_due(self) -> float | None:
        """When something happens next to an event, in epoch seconds; None when nothing will, unless somebody asks."""
        return self._timeline.next_due

    @property
    def next_look(self) -> float:
        """When alarms are looked at next, in epoch seconds."""
        return self._timeline.next_look

    def set_rates(self, *, system_errors: float | None = None, duplicates: float | None = None) -> None:
        """Have this share of attempts end in a system error, and of events be delivered twice; None: as it is."""
        rules = self._rules
        self._rules = replace(
            rules,
            system_error_rate=rules.system_error_rate if system_errors is None else system_errors,
            duplicate_rate=rules.duplicate_rate if duplicates is None else duplicates,
        )
        for region in self._present_regions():
            region.follow(self._rules)

    def limit_account(self, concurrency: int | None) -> None:
        """Have the account this limit of concurrent executions in each region; None for the one it began with."""
        with LOCK:
            functions.limit_account(self._account_concurrency if concurrency is None else concurrency)

    def reset(self) -> None:
        """Begin anew: nothing stands, nothing has happened, no fault is on, and it is the first instant again."""
        self._timeline.restart(self._start, lambda: self._forget(None))

    def snapshot(self) -> Snapshot:
        """Return what stands, without events and execution environments; there must be none under way."""
        with LOCK:
            return state.taken(self.clock.now())

    def restore(self, snapshot: Snapshot) -> None:
        """Begin anew with what stood at a snapshot, at its time."""
        self._timeline.restart(snapshot.at, lambda: self._forget(snapshot))

    def _forget(self, snapshot: Snapshot | None) -> None:
        with self._regions_lock:
            self._regions.clear()
        self._sandbox.reset()
        self._pollers.forget()
        self._schedules.forget()
        self.faults.clear()
        denials.clear()
        self._seed, self._rules, self._runs = self._first_seed, self._given_rules, 0
        self.limit_account(None)
        with LOCK:
            if snapshot is None:
                state.clear()
            else:
                state.put_back(snapshot)

    def region(self, name: str) -> LambdaRegion:
        """Return what is invoked in a region."""
        with self._regions_lock:
            if name not in self._regions:
                store = cloudwatch.store(self.account_id, name)
                self._regions[name] = LambdaRegion(
                    self.account_id,
                    name,
                    self.clock,
                    store,
                    self._sandbox,
                    self._invoke,
                    self._rules,
                    self._seed,
                    self.faults,
                )
            return self._regions[name]

    def _lineage_of(self, holder: Holder) -> Lineage:
        environment = holder.environment_id.split("/", 2)[2]  # after account and region
        return self.region(holder.region).lineage_of(environment)

    def _invoke(self, region: str, name: str, qualifier: str | None, payload: bytes) -> None:
        """Invoke a function asynchronously on behalf of a trigger or a destination."""
        self.region(region).accept(FunctionRef(name, qualifier or ""), payload)

    def _minute(self, at: float) -> None:
        with LOCK:
            cloudwatch.evaluate(at)
        for region in self._present_regions():
            with trouble.contained("ending idle execution environments"):
                region.retire(at)

    def _tick(self, at: float) -> None:
        with LOCK:
            cloudwatch.evaluate_high_resolution(at)

    def _scheduled(self) -> list[Scheduled]:
        return [*self._present_regions(), self._moves, self._pollers, self._schedules]

    def _present_regions(self) -> list[LambdaRegion]:
        with self._regions_lock:
            return list(self._regions.values())
