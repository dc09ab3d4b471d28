"""tfvars to Scenario: what is deployed, what is sent, and what the metrics are expected to show."""

from async_lab.scenario.files import Behavior, Events, Scenario, find, find_all, load, misnamed, names, names_by_alias

__all__ = ["Behavior", "Events", "Scenario", "find", "find_all", "load", "misnamed", "names", "names_by_alias"]
