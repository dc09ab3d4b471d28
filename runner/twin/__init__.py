"""The digital twin of Lambda's asynchronous queue: pure, deterministic, no input or output.

``rules`` holds what AWS does, ``engine`` applies it, ``metrics`` says what CloudWatch shows of it.
"""

from runner.twin.chance import seed_of_run
from runner.twin.engine import Twin
from runner.twin.metrics import Sample, samples
from runner.twin.model import (
    Ended,
    Event,
    Execution,
    Finished,
    FunctionConfig,
    Outcome,
    Received,
    Record,
    Started,
    StillRunning,
    SystemFailed,
    Target,
    Throttled,
)
from runner.twin.rules import Condition, Expiry, Rules
from runner.twin.simulate import run_until, simulate

__all__ = [
    "Condition",
    "Ended",
    "Event",
    "Execution",
    "Expiry",
    "Finished",
    "FunctionConfig",
    "Outcome",
    "Received",
    "Record",
    "Rules",
    "Sample",
    "Started",
    "StillRunning",
    "SystemFailed",
    "Target",
    "Throttled",
    "Twin",
    "run_until",
    "samples",
    "seed_of_run",
    "simulate",
]
