"""tfvars to Scenario: what is deployed, what is sent, and what the metrics are expected to show."""

from async_lab.scenario.assignments import Assignment, assignments
from async_lab.scenario.files import (
    can_run_on_aws,
    check_for_aws,
    find,
    find_all,
    load,
    misnamed,
    names,
    names_by_alias,
)
from async_lab.scenario.model import DIRECT, Behavior, Events, Scenario, Trigger, scenario_of

__all__ = [
    "DIRECT",
    "Assignment",
    "Behavior",
    "Events",
    "Scenario",
    "Trigger",
    "assignments",
    "can_run_on_aws",
    "check_for_aws",
    "find",
    "find_all",
    "load",
    "misnamed",
    "names",
    "names_by_alias",
    "scenario_of",
]
