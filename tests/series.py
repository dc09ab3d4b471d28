"""Metrics as a table: for each metric, the samples of each minute."""

from async_lab.observation.metrics import METRIC_NAMES, DataPoint, MetricSeries

FIRST_MINUTE = 1_672_734_180  # 2023-01-03 08:23 UTC: when the sample's pictures were taken


def metrics_of(**minutes):
    """Return all metrics; of those given, a list of samples per minute, empty for a minute without data point."""
    assert minutes.keys() <= set(METRIC_NAMES), "no such metric"
    return {name: MetricSeries(name, tuple(_points(minutes.get(name, ())))) for name in METRIC_NAMES}


def _points(minutes):
    for index, samples in enumerate(minutes):
        if samples:
            minute = FIRST_MINUTE + 60 * index
            yield DataPoint(minute, len(samples), sum(samples), min(samples), max(samples))
