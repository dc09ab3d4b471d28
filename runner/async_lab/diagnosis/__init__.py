"""Metrics and configuration in, findings out: what is wrong, by which figures, and what to do about it. Pure."""

from async_lab.diagnosis.diagnose import Finding, diagnose
from async_lab.diagnosis.situation import Configuration, Evidence

__all__ = ["Configuration", "Evidence", "Finding", "diagnose"]
