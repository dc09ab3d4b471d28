"""What a run has to say: to people in the terminal and on a page, to programs as data."""

from async_lab.report.checks import show_checks
from async_lab.report.comparison import show_comparison
from async_lab.report.diagnosis import show_diagnoses, show_diagnosis
from async_lab.report.files import write_bytes, write_page, write_text
from async_lab.report.junit import junit
from async_lab.report.markdown import markdown
from async_lab.report.metrics_csv import metrics_csv
from async_lab.report.metrics_parquet import metrics_parquet
from async_lab.report.openmetrics import openmetrics
from async_lab.report.overview import show_runs, show_scenarios, show_summary
from async_lab.report.page import page
from async_lab.report.picture import png
from async_lab.report.progress import Detail, ProgressView
from async_lab.report.redrive import RedriveProgress, show_outcome, show_plan
from async_lab.report.terminal import show_run, show_verdict
from async_lab.report.timeline_svg import standalone
from async_lab.report.trace import trace
from async_lab.runs.contract import Failure, text
from async_lab.runs.document import prepare, write

__all__ = [
    "Detail",
    "Failure",
    "ProgressView",
    "RedriveProgress",
    "junit",
    "markdown",
    "metrics_csv",
    "metrics_parquet",
    "openmetrics",
    "page",
    "png",
    "prepare",
    "show_checks",
    "show_comparison",
    "show_diagnoses",
    "show_diagnosis",
    "show_outcome",
    "show_plan",
    "show_run",
    "show_runs",
    "show_scenarios",
    "show_summary",
    "show_verdict",
    "standalone",
    "text",
    "trace",
    "write",
    "write_bytes",
    "write_page",
    "write_text",
]
