"""From the twin's records to the endpoint's CloudWatch: a function's samples by dimension sets, and a region's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from async_lab.cloudwatch.store import Dimensions, MetricStore
from async_lab.lambda_metrics import COUNT, NAMESPACE, UNITS
from async_lab.twin import Ended, Execution, FunctionRef, Record, Sample, Started, StillRunning, samples

OF_FUNCTIONS_ALONE = {"ConcurrentExecutions"}
"""Not a sum of the functions' samples: the region has its own, see ``put_for_account``."""


def publish(store: MetricStore, record: Record) -> None:
    """Put every sample of a record into the store, once per dimension set."""
    executed_version = _executed_version(record)
    for sample in samples(record):
        put(store, sample, executed_version)


def put(store: MetricStore, sample: Sample, executed_version: str | None = None) -> None:
    """File one sample; CloudWatch doesn't add across dimension sets, so each is published on its own (doc)."""
    for dimensions in dimension_sets(sample.target, executed_version):
        if sample.metric in OF_FUNCTIONS_ALONE and not dimensions:
            continue
        store.put(NAMESPACE, sample.metric, dimensions, sample.at, float(sample.value), UNITS.get(sample.metric, COUNT))


def put_for_account(store: MetricStore, metric: str, at: float, value: float) -> None:
    """File one sample of a metric that belongs to no function."""
    store.put(NAMESPACE, metric, (), at, value, COUNT)


def dimension_sets(target: FunctionRef, executed_version: str | None) -> Iterator[Dimensions]:
    """Yield the sets Lambda publishes: none, function, resource, and the version executed through a qualifier."""
    name, qualifier = target.function, target.qualifier
    function = ("FunctionName", name)
    resource = ("Resource", f"{name}:{qualifier}" if qualifier else name)
    yield ()
    yield (function,)
    yield (function, resource)
    if executed_version and qualifier and not qualifier.isdigit():
        yield (("ExecutedVersion", executed_version), function, resource)


def _executed_version(record: Record) -> str | None:
    if isinstance(record, Started | Ended):
        return record.execution.config.version
    return None


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
