"""What a run has to say: to people in the terminal, to programs as JSON."""

from async_lab.report.checks import show_checks
from async_lab.report.diagnosis import show_diagnoses, show_diagnosis
from async_lab.report.overview import show_scenarios, show_summary
from async_lab.report.progress import ProgressView
from async_lab.report.terminal import show_run, show_verdict
from async_lab.runs.document import prepare, text, write

__all__ = [
    "ProgressView",
    "prepare",
    "show_checks",
    "show_diagnoses",
    "show_diagnosis",
    "show_run",
    "show_scenarios",
    "show_summary",
    "show_verdict",
    "text",
    "write",
]
