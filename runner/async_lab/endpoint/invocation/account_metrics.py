"""The concurrency metrics of a whole region, which belong to no function."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from async_lab.twin import Ended, Execution, Record, Started, StillRunning


class AccountConcurrency:
    """Counts the executions of one region. ``allocated`` gives what reservations and provisions take of its limit."""

    def __init__(self, allocated: Callable[[], int]) -> None:
        self._allocated = allocated
        self._running = self._unreserved = 0

    def samples(self, record: Record) -> Iterator[tuple[str, int]]:
        """Yield metric and value for a record: the highest of each minute is its Maximum (assumed, as per function)."""
        if isinstance(record, Started):
            self._count(record.execution, 1)
        elif isinstance(record, Ended):
            self._count(record.execution, -1)
        if isinstance(record, Started | StillRunning):
            yield "ConcurrentExecutions", self._running
            yield "UnreservedConcurrentExecutions", self._unreserved
            yield "ClaimedAccountConcurrency", self._unreserved + self._allocated()  # doc

    def _count(self, execution: Execution, change: int) -> None:
        self._running += change
        self._unreserved += change * (execution.config.reserved_concurrency is None)
