"""The digital twin of Lambda's asynchronous queue: pure, deterministic, no input or output.

``rules`` holds what AWS does, ``engine`` applies it, ``metrics`` says what CloudWatch shows of it.
"""

from async_lab.twin.engine import Twin
from async_lab.twin.metrics import METRICS, Sample, samples
from async_lab.twin.model import (
    Ended,
    Event,
    Execution,
    Finished,
    FunctionConfig,
    FunctionRef,
    Outcome,
    Received,
    Record,
    Started,
    StillRunning,
    SystemFailed,
    Throttled,
)
from async_lab.twin.rng import seed_of_run
from async_lab.twin.rules import Condition, Expiry, Rules
from async_lab.twin.simulate import run_until, simulate

__all__ = [
    "METRICS",
    "Condition",
    "Ended",
    "Event",
    "Execution",
    "Expiry",
    "Finished",
    "FunctionConfig",
    "FunctionRef",
    "Outcome",
    "Received",
    "Record",
    "Rules",
    "Sample",
    "Started",
    "StillRunning",
    "SystemFailed",
    "Throttled",
    "Twin",
    "run_until",
    "samples",
    "seed_of_run",
    "simulate",
]
