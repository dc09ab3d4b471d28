"""What a run says that one would type next."""

from dataclasses import replace

import pytest
from program import PROJECT
from results import result_of

from async_lab import scenario
from async_lab.cli.run import _next_command
from async_lab.runs.result import Location


def next_after(name, target="local"):
    place = Location(target, "123456789012", "us-east-1")
    return _next_command(PROJECT, replace(result_of("scenario-3", place=place), scenario=scenario.find(PROJECT, name)))


@pytest.mark.parametrize(
    ("target", "name", "following"),
    [
        ("local", "scenario-3", "run scenario-4"),
        ("aws", "scenario-3", "run scenario-4 --target aws"),
        ("local", "account-pool", "run backlog"),
        ("aws", "account-pool", "run burst --target aws"),  # nobody can ask AWS for a backlog
    ],
)
def test_it_is_the_scenario_that_follows_and_can_run_there(target, name, following):
    assert next_after(name, target).endswith(following)


def test_after_the_last_there_is_none():
    assert next_after(scenario.names(PROJECT)[-1]) is None
