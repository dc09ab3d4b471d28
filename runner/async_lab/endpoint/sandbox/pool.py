"""Which execution environments are alive: a bounded number, each lent to one execution at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from async_lab.endpoint.sandbox.environment import Environment
from async_lab.endpoint.sandbox.model import Deployment
from async_lab.errors import EnvironmentFailure

_CLOSING_SECONDS = 0.1


class PoolEntry:
    """What is known by one environment id. With a deployment but no environment, its process had to make room."""

    def __init__(self, environment_id: str) -> None:
        self.id = environment_id
        self.deployment: Deployment | None = None
        self.environment: Environment | None = None
        self.is_lent = False
        self.is_discarded = False

    def vacate(self) -> None:
        """End its process."""
        environment, self.environment = self.environment, None
        if environment is not None:
            environment.dispose()

    def forget(self) -> None:
        """End its process; the next one is no continuation of it."""
        self.vacate()
        self.deployment = None


class Pool:
    """The places by id; those alive, that is lent or with a process, also by use, the one unused for longest first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places: dict[str, PoolEntry] = {}
        self._alive: OrderedDict[str, PoolEntry] = OrderedDict()
        self._lent = 0
        self._changed = threading.Condition()
        self._is_closed = False

    @contextmanager
    def lend(self, environment_id: str) -> Iterator[PoolEntry]:
        """Give a place to one execution; wait while it is lent, or while as many as may be alive all are."""
        place, evicted = self._take(environment_id)
        try:
            if evicted is not None:
                evicted.dispose()
            yield place
        finally:
            self._give_back(place)

    def retire(self, environment_id: str) -> None:
        """Forget a place and end its process; one that is lent is only forgotten when it comes back."""
        with self._changed:
            place = self._places.get(environment_id)
            if place is None:
                return
            place.is_discarded = True
            if place.is_lent:
                return
            del self._places[environment_id]
            self._alive.pop(environment_id, None)
        place.forget()

    def retire_all(self) -> None:
        """Forget all places, as ``retire`` does with one."""
        with self._changed:
            known = list(self._places)
        for environment_id in known:
            self.retire(environment_id)

    def close(self) -> None:
        """End all, also those that are lent, and lend none again. Returns when every one has come back."""
        with self._changed:
            self._is_closed = True
            for place in self._places.values():
                self._end(place)
            self._changed.notify_all()
            while self._lent:
                self._changed.wait(_CLOSING_SECONDS)
                for place in self._alive.values():  # one that was just starting
                    self._end(place)

    def _take(self, environment_id: str) -> tuple[PoolEntry, Environment | None]:
        with self._changed:
            while True:
                if self._is_closed:
                    raise EnvironmentFailure("The endpoint is closed and runs no more handlers: start a new one.")
                place = self._places.get(environment_id) or PoolEntry(environment_id)
                if not place.is_lent and self._lent < self._limit:
                    return place, self._lend(place)
                self._changed.wait()

    def _lend(self, place: PoolEntry) -> Environment | None:
        """Mark it lent; return the environment that has to make room, if one has."""
        self._places[place.id] = self._alive[place.id] = place
        self._alive.move_to_end(place.id)
        place.is_lent = True
        self._lent += 1
        if len(self._alive) <= self._limit:
            return None
        oldest = next(other for other in self._alive.values() if not other.is_lent)
        del self._alive[oldest.id]
        environment, oldest.environment = oldest.environment, None
        return environment

    def _give_back(self, place: PoolEntry) -> None:
        with self._changed:
            place.is_lent = False
            self._lent -= 1
            if place.is_discarded:
                place.forget()
            if place.deployment is None:
                self._places.pop(place.id, None)
            if place.environment is None and self._alive.get(place.id) is place:
                del self._alive[place.id]
            self._changed.notify_all()

    def _end(self, place: PoolEntry) -> None:
        place.is_discarded = True
        if not place.is_lent:
            place.vacate()
        elif place.environment is not None:
            place.environment.kill()
