"""Write the tables of docs/on-aws.md from what the lab itself forecasts: ``python -m tools.aws_forecast``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from async_lab import scenario
from async_lab.account import forecast
from async_lab.account.permissions import needed
from async_lab.checkout.project import Project
from async_lab.scenario import Scenario
from tools.markdown import between_markers, table

DOCUMENT = Path(__file__).parents[1] / "docs" / "on-aws.md"
PROGRAM = "python -m tools.aws_forecast"


def main() -> None:
    """Write the tables anew."""
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


def document(text: str) -> str:
    """Return the page with its tables as they must be."""
    project = Project.locate()
    found = (scenario.find(project, name) for name in scenario.names(project))
    scenarios = [one for one in found if scenario.can_run_on_aws(one)]
    with_costs = between_markers(text, "costs", PROGRAM, costs(scenarios))
    return between_markers(with_costs, "permissions", PROGRAM, permissions(scenarios))


def costs(scenarios: Sequence[Scenario]) -> str:
    """Return what each scenario takes and costs, run on its own."""
    rows = []
    for one in scenarios:
        _, happens, cost, *_ = forecast.sentences([one], None)
        events, _, minutes = happens.removesuffix(".").partition(" sent; about ")
        rows.append(
            (f"[{one.name}](scenarios/{one.name}.md)", events, minutes, f"${cost.partition('$')[2].split()[0]}")
        )
    return table(("scenario", "sends", "takes about", "costs at most"), rows)


def permissions(scenarios: Sequence[Scenario]) -> str:
    """Return the actions that every run needs, and what those with targets or triggers need besides."""
    plain = next(one for one in scenarios if one.name == "baseline")
    always, all_ = needed([plain]), needed(scenarios)
    rows = []
    for service, actions in all_.items():
        besides = [action for action in actions if action not in always.get(service, ())]
        rows.append((service, ", ".join(always.get(service, ())), ", ".join(besides)))
    return table(("service", "every run", "with targets or a trigger"), rows)


if __name__ == "__main__":
    main()
