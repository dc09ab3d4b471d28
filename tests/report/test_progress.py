"""How far a run is: a line that moves and never wraps on a terminal, a line for each step elsewhere."""

import io
import re

import pytest
from results import METRICS
from rich.console import Console

from async_lab.report.progress import Detail, ProgressView
from async_lab.terraform import Progress, Step

LONG = 'module.observability.aws_cloudwatch_metric_alarm.this["async-lab-destination-failures"]'


def told(tell, **settings):
    """What stands on standard error afterward, where it is no terminal."""
    file = io.StringIO()
    with ProgressView(Console(file=file, width=80), **settings) as view:
        tell(view)
    return file.getvalue().splitlines()


def apply(view):
    view.step("Terraform: baseline")
    for number in range(3):
        view.terraform(Progress(Step.PLANNED, "", f"{LONG}{number}", "create"))
    view.terraform(Progress(Step.DONE, "", "module.function.data.aws_region.current", "read"))
    for number in range(3):
        view.terraform(Progress(Step.STARTED, "", f"{LONG}{number}", "create"))
        view.terraform(Progress(Step.DONE, "", f"{LONG}{number}", "create", 1.0))
    view.step("Sending 1 event")


def test_terraforms_resources_fold_into_one_line():
    first, folded, last = told(apply, steps=4)

    assert (first, last) == ("[1/4] Terraform: baseline", "[2/4] Sending 1 event")
    assert re.fullmatch(r"  3 resources in \d+ s", folded)


def test_verbose_names_each_resource():
    lines = told(apply, steps=4, detail=Detail.VERBOSE)

    assert sum(line.endswith("created (1 s)") for line in lines) == 3


def test_quiet_tells_nothing_but_warnings():
    def tell(view):
        apply(view)
        view.terraform(Progress(Step.WARNING, "Warning: deprecated"))
        view.taken_down()

    assert told(tell, steps=4, detail=Detail.QUIET) == ["  Warning: deprecated"]


@pytest.mark.parametrize("columns", [40, 80])
def test_the_moving_line_is_cut_and_never_wraps(columns):
    file = io.StringIO()
    with ProgressView(Console(file=file, width=columns, force_terminal=True), steps=4) as view:
        view.step("Terraform: a-scenario-with-a-name-that-is-long")
        view.terraform(Progress(Step.STARTED, "", LONG * 3, "create"))
        assert len(view._line.text) <= columns - 2
        assert view._line.text.endswith("…")


def test_a_virtual_wait_is_called_virtual():
    file = io.StringIO()
    with ProgressView(Console(file=file, width=200, force_terminal=True), steps=4, is_virtual=True) as view:
        view.step("Sending 2 events")
        view.waiting(METRICS["scenario-3"], 120)
        said = view._line.text
    assert said == "[1/4] Sending 2 events, watching 2 min of virtual time: 2 received, 1 dropped, oldest 30.1 s"
