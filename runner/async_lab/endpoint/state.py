"""All that AWS holds on the endpoint, as one value: moto's backends, and ours, which live in them."""

from __future__ import annotations

import copy
import copyreg
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BackendDict
from moto.moto_api._internal.models import moto_api_backend

_LOCKS = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}
Backends = dict[Any, dict[str, dict[str, Any]]]
"""By service, account and region."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stood at a moment. Whoever puts it back can do so again."""

    at: float
    """Epoch seconds on the endpoint's clock."""
    backends: Backends


def clear() -> None:
    """Have nothing of what AWS holds."""
    moto_api_backend.reset()


def taken(at: float) -> Snapshot:
    """Return a copy of all that is there."""
    services = list(BackendDict._instances)  # noqa: SLF001 - the one list of them
    held = {service: {account: dict(regions) for account, regions in service.items()} for service in services}
    return Snapshot(at, _copied(held))


def put_back(snapshot: Snapshot) -> None:
    """Have what a snapshot holds, and nothing else."""
    clear()
    for service, accounts in _copied(snapshot.backends).items():
        for account, regions in accounts.items():
            service[account].update(regions)


def _copied(backends: Backends) -> Backends:
    """Copy them together, so that what several refer to stays one."""
    themselves: dict[int, Any] = {id(service): service for service in backends}
    with _new_locks():
        return {service: copy.deepcopy(accounts, themselves) for service, accounts in backends.items()}


@contextmanager
def _new_locks() -> Iterator[None]:
    """Let a copy have locks of its own: Python can't copy them."""
    known = {kind: copyreg.dispatch_table.get(kind) for kind in _LOCKS}
    for kind, make in _LOCKS.items():
        copyreg.dispatch_table[kind] = lambda _lock, make=make: (make, ())  # type: ignore[misc]
    try:
        yield
    finally:
        for kind, reducer in known.items():
            if reducer is None:
                del copyreg.dispatch_table[kind]
            else:
                copyreg.dispatch_table[kind] = reducer
