"""From the twin's records to the endpoint's CloudWatch: which dimension sets a sample is filed under."""

from __future__ import annotations

from collections.abc import Iterator

from async_lab.cloudwatch.store import Dimensions, MetricStore
from async_lab.lambda_metrics import COUNT, NAMESPACE, UNITS
from async_lab.twin import Ended, FunctionRef, Record, Sample, Started, samples

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
