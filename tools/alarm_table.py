"""Write docs/alarms.md from real runs of the sample's scenarios: ``python -m tools.alarm_table``.

With names of scenarios it prints the page of these alone: ``python -m tools.alarm_table baseline``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from async_lab import lab, scenario
from async_lab.checkout.project import Project
from async_lab.process.interrupts import Interrupts
from async_lab.report.progress import ProgressView
from async_lab.runs.result import RunResult
from async_lab.target.local import open_local
from async_lab.wording import duration

DOCUMENT = Path(__file__).parents[1] / "docs" / "alarms.md"
_REGION = "us-east-1"
_SAMPLE = ("baseline", "scenario-1", "scenario-2", "scenario-3", "scenario-4")
"""Those of AWS's sample, beside a healthy function: a table of all would be too wide to read."""
_ALARM = "ALARM"

_TEXT = """\
# Which alarm begins in which scenario

Written by `python -m tools.alarm_table` from runs of the sample's scenarios on the embedded endpoint: Terraform
provisions the function with [async-observability](../terraform/modules/async-observability/README.md), the events are
sent, and CloudWatch's alarms are evaluated at every virtual minute. A time is how long after the first event the alarm
began; runs begin at second 45 of a minute, so that 15 s is the end of the first minute and 75 s of the second. A dot is
an alarm that never began.

{table}

The lab's alarms are the module's defaults but for `not-arriving`: it looks at a single minute here, because a run is
over in minutes, and at three periods of five minutes everywhere else.
"""


def main() -> None:
    """Run the scenarios, and write what the alarms did."""
    project = Project.locate()
    names = sys.argv[1:]
    scenarios = scenario.find_all(project, names or _SAMPLE)
    with (
        tempfile.TemporaryDirectory() as work,
        ProgressView(Console(stderr=True)) as view,
        Interrupts(view.say) as interrupts,
        open_local(_REGION, seed=0) as target,
    ):
        runs = lab.run(scenarios, project, target, lab.Settings(), Path(work) / "run", view, interrupts)
        page = document(list(runs))
    if names:
        sys.stdout.write(page)
    else:
        DOCUMENT.write_text(page, encoding="utf-8")


def document(results: Sequence[RunResult]) -> str:
    """Return the page about these runs, which are shown in their order."""
    began = {result.scenario.name: dict(_began(result)) for result in results}
    return _TEXT.format(table=_table(began))


def _began(result: RunResult) -> Iterator[tuple[str, float]]:
    """Yield each alarm that began, by its kind, with the seconds since the first event; once each."""
    first = result.sent[0].at
    for change in reversed(result.alarms):  # of one that began twice, the dictionary then keeps the first time
        if change.state == _ALARM:
            yield change.name.rpartition(f"{result.function_name}-")[2], change.at - first


def _table(began: Mapping[str, Mapping[str, float]]) -> str:
    alarms = sorted({alarm for times in began.values() for alarm in times})
    lines = [
        ("Alarm", *began),
        ("---", *("---" for _ in began)),
        *((f"`{alarm}`", *(_cell(times.get(alarm)) for times in began.values())) for alarm in alarms),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(seconds: float | None) -> str:
    return "·" if seconds is None else duration(round(seconds))


if __name__ == "__main__":
    main()
