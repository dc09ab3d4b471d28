"""All that AWS holds on the endpoint, as one value: moto's backends, and what of ours lives in them.

Whoever reads or changes it does so alone: requests, time, and tests in this process. moto's backends are plain
dictionaries that it walks through while it answers, and its checks and changes are two steps: two requests of
Terraform's at the same moment ended in "dictionary changed size during iteration", and could make one thing twice.
Under Python's own lock nothing is lost by it; whatever waits for somebody outside says so by ``aside``.
"""

from __future__ import annotations

import io
import pickle
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from moto.core.base_backend import BackendDict
from moto.moto_api._internal.models import moto_api_backend

from async_lab.errors import EnvironmentFailure

LOCK = threading.RLock()
"""Taken before any other lock of the endpoint's but the timeline's, which is taken before it."""


@contextmanager
def aside() -> Iterator[None]:
    """Let others in while the block waits: for a handler, a subscriber, a message, or for the wall's clock."""
    held = 0
    with suppress(RuntimeError):  # where it isn't this thread's any more
        while True:
            LOCK.release()
            held += 1
    try:
        yield
    finally:
        for _ in range(held):
            LOCK.acquire()


_LOCKS: dict[type, Any] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.Condition: threading.Condition,
}
"""What nobody can copy, and how another one is made."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stood at a moment. Whoever puts it back can do so again."""

    at: float
    """Epoch seconds on the endpoint's clock."""
    services: tuple[BackendDict[Any], ...]
    content: bytes
    """Pickled: moto disposes of the objects that it has made, wherever they are."""
    kept: tuple[Any, ...]
    """What the content refers to and doesn't hold."""


def clear() -> None:
    """Have nothing of what AWS holds."""
    moto_api_backend.reset()


def taken(at: float) -> Snapshot:
    """Return a copy of all that is there. Raises EnvironmentFailure when a service keeps what can't be copied."""
    services = tuple(BackendDict._instances)  # noqa: SLF001 - the one list of them
    content = io.BytesIO()
    try:
        pickler = _Pickler(content, services)
        pickler.dump([(_by_account(service), _beside(service)) for service in services])
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise EnvironmentFailure(f"What stands can't be copied ({error}): make it anew in each test.") from error
    return Snapshot(at, services, content.getvalue(), tuple(pickler.kept))


def put_back(snapshot: Snapshot) -> None:
    """Have what a snapshot holds, and nothing else."""
    clear()
    held = _Unpickler(io.BytesIO(snapshot.content), snapshot.kept).load()
    for service, (accounts, beside) in zip(snapshot.services, held, strict=True):
        for account, regions in accounts.items():
            service[account].update(regions)
        vars(service).update(beside)


def _by_account(service: BackendDict[Any]) -> dict[str, dict[str, Any]]:
    return {account: dict(regions) for account, regions in service.items()}


def _beside(service: BackendDict[Any]) -> dict[str, Any]:
    """Return what a service keeps of all accounts, such as S3 who has which bucket."""
    return {name: value for name, value in vars(service).items() if isinstance(value, dict)}


class _Pickler(pickle.Pickler):
    """Pickles what has locks, and weak references to what is pickled as well.

    ``kept`` is what stays itself: services, the classes of their backends, which only they may know by name, and
    functions without a name of their own, such as a dictionary's default.
    """

    def __init__(self, file: io.BytesIO, services: tuple[BackendDict[Any], ...]) -> None:
        super().__init__(file, protocol=5)
        self.kept: list[Any] = [*services, *(service.backend for service in services)]
        self._numbers = {id(value): number for number, value in enumerate(self.kept)}

    def persistent_id(self, value: Any) -> int | None:
        is_nameless = isinstance(value, FunctionType) and "<locals>" in value.__qualname__
        if is_nameless and id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.kept)
            self.kept.append(value)
        return self._numbers.get(id(value))

    def reducer_override(self, value: Any) -> Any:
        if type(value) in _LOCKS:
            return _LOCKS[type(value)], ()
        if isinstance(value, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, (), None, None, iter(list(value.items()))
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, kept: tuple[Any, ...]) -> None:
        super().__init__(file)
        self._kept = kept

    def persistent_load(self, number: int) -> Any:
        return self._kept[number]
