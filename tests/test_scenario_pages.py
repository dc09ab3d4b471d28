"""The pages about scenarios follow from runs of the files that are there."""

import json
from dataclasses import replace

import pytest

from async_lab import scenario
from async_lab.checkout.project import Project
from async_lab.runs.document import document
from async_lab.runs.reading import read
from tools import scenario_pages
from tools.scenario_pages import DIRECTORY, INDEX, kept

PROJECT = Project.locate()
NAMES = scenario.names(PROJECT)
AGAIN = "write it anew: python -m tools.scenario_pages"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_and_its_picture_follow_from_the_run_that_is_kept(name):
    result = read(kept(name))
    assert (DIRECTORY / f"{name}.md").read_text(encoding="utf-8") == scenario_pages.page(result), AGAIN
    if result.events:
        assert (DIRECTORY / f"{name}.svg").read_text(encoding="utf-8") == scenario_pages.picture(result), AGAIN


@pytest.mark.parametrize("name", NAMES)
def test_what_was_run_is_what_the_scenarios_file_says(name):
    was = read(kept(name))
    now = document(replace(was, scenario=scenario.find(PROJECT, name)))
    assert json.loads(json.dumps(now["configuration"])) == json.loads(kept(name).read_text())["configuration"], AGAIN
    assert was.is_as_expected


def test_every_scenario_has_a_page_and_every_page_a_scenario():
    assert INDEX.read_text(encoding="utf-8") == scenario_pages.index([read(kept(name)) for name in NAMES]), AGAIN
    assert {path.stem for path in DIRECTORY.glob("*.md")} == {*NAMES, INDEX.stem}
    assert {path.stem for path in DIRECTORY.glob("*.svg")} == {name for name in NAMES if read(kept(name)).events}
    assert {path.stem for path in kept("x").parent.glob("*")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_of_a_run_holds_nothing_of_the_machine(name):
    text = kept(name).read_text()
    assert str(PROJECT.root) not in text
    assert json.loads(text)["wall_seconds"] == {}
