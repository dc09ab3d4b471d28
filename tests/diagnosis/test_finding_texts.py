"""All that is said in each case, compared as a whole with what stands in ``findings.txt``."""

import re

import pytest
from finding_cases import CASES

from async_lab.diagnosis.diagnose import CAUSES, HISTORY, NOTHING_WRONG, OTHER_REQUESTS, RISKS
from tools.finding_texts import DOCUMENT, text_of

WRITE = "if this is meant: python -m tools.finding_texts, and read the difference"
WRITTEN = re.split(r"^(?======)", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize(("name", "written"), [*zip(CASES, WRITTEN, strict=False)])
def test_what_is_said_is_what_is_written(name, written):
    assert text_of(name, CASES[name]).strip() == written.strip(), WRITE


def test_all_cases_are_written_and_nothing_else():
    assert [text.partition("\n")[0] for text in WRITTEN] == [f"===== {name} =====" for name in CASES], WRITE


@pytest.mark.parametrize(
    "check", [*(check for checks in (*CAUSES, *OTHER_REQUESTS) for check in checks), *NOTHING_WRONG, *RISKS, *HISTORY]
)
def test_every_check_has_a_case_in_which_it_finds_something(check):
    assert any(check(seen) for seen in CASES.values())
