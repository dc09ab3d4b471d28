"""Observations in, findings out: what is wrong, how sure that is, by which figures, and what to do about it. Pure.

A check is a function ``Observations -> Finding | None``; ``diagnose.CAUSES`` lists them.
"""

from async_lab.diagnosis.diagnose import diagnose, examine
from async_lab.diagnosis.finding import Confidence, Evidence, Fact, Figure, Finding, Severity

__all__ = ["Confidence", "Evidence", "Fact", "Figure", "Finding", "Severity", "diagnose", "examine"]
