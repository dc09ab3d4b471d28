"""The documentation names only what is there."""

import json
import re
from pathlib import Path

import pytest

from async_lab.errors import ExitCode

ROOT = Path(__file__).parents[1]
NOT_OF_RUNS = {ExitCode.READER_GONE}
"""Nobody is there to read it."""


def test_every_test_that_the_fidelity_page_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "fidelity.md").read_text()))
    defined = {
        name for file in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert named
    assert named - defined == set()


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_links_to_exists(page):
    links = re.findall(r"\]\((?!http)([^)#\s]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_leads_to_every_page():
    text = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    top = [page.name for page in (ROOT / "docs").glob("*.md")]
    assert [name for name in top if f"docs/{name}" not in text] == []


def test_the_flow_chart_leads_to_every_scenario():
    text = (ROOT / "docs" / "late-or-lost.md").read_text(encoding="utf-8")
    names = {path.stem for path in (ROOT / "terraform" / "scenarios").glob("*.tfvars")} - {"baseline"}
    assert names - set(re.findall(r"scenarios/([\w.-]+)\.md", text)) == set()


def test_every_key_of_a_result_has_a_row_in_its_page():
    text = (ROOT / "docs" / "result.md").read_text(encoding="utf-8")
    keys = json.loads((ROOT / "docs" / "result.schema.json").read_text())["properties"]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_every_exit_code_has_a_row_in_the_page_about_pipelines():
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert [code for code in ExitCode if code not in NOT_OF_RUNS and f"| {int(code)} |" not in text] == []
