"""What a run has to say: to people in the terminal, to programs as JSON."""

from runner.report.checks import show_checks
from runner.report.json import prepare, text, write
from runner.report.overview import show_scenarios, show_summary
from runner.report.progress import ProgressView
from runner.report.terminal import show_run, show_verdict

__all__ = [
    "ProgressView",
    "prepare",
    "show_checks",
    "show_run",
    "show_scenarios",
    "show_summary",
    "show_verdict",
    "text",
    "write",
]
