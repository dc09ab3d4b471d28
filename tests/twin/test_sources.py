"""Every rule carries its source, and the page about fidelity says the same."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from async_lab.twin import METRICS, Rules, rules
from async_lab.twin.sources import Source, rule, rules_of
from tools.rules import rules_table, with_table

FIDELITY = Path(__file__).parents[2] / "docs" / "fidelity.md"


def test_every_parameter_and_every_number_of_the_rules_has_a_source():
    assert [name for name, _ in rules_of(Rules)] == [field.name for field in fields(Rules)]
    numbers = [name for name, value in vars(rules).items() if isinstance(value, int | float)]
    assert [name for name, _ in rules_of(rules)] == numbers
    assert [each.is_assumed for _, each in rules_of(rules.too_old_next_time)] == [True]


def test_what_nobody_published_is_marked_as_assumed():
    assumed = {name for name, each in rules_of(Rules) if each.is_assumed}
    assert assumed >= {"jitter", "idle_seconds", "system_error_rate", "duplicate_rate"}
    assert not assumed & {"dispatch_seconds", "function_error_waits", "backoff_base_seconds", "backoff_limit_seconds"}
    assert {name for name, each in METRICS.items() if each.is_assumed} >= {"ConcurrentExecutions"}


def test_a_rule_without_a_source_is_refused():
    with pytest.raises(ValueError, match=r"'It is so\.' names no source"):
        rule("It is so.")


def test_a_rule_shows_its_sources_and_what_else_there_is_to_say():
    assert rule("It is so.", Source.DOC, Source.RERUN).source == "doc, rerun"
    assert rule("It is so.", Source.ASSUMED, note="it fits").source == "assumed: it fits"


def test_the_fidelity_pages_table_of_rules_is_current():
    text = FIDELITY.read_text(encoding="utf-8")
    assert with_table(text) == text, "write it anew: python -m tools.rules docs/fidelity.md"
    assert "| `Rules.jitter` | 0.12 |" in rules_table()


def test_a_row_about_a_parameter_names_its_source():
    sources = dict(rules_of(Rules))
    rows = [line.split(" | ") for line in FIDELITY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    about = [
        (name, row)
        for row in rows
        for name in re.findall(r"`Rules\.(\w+)`", row[0])
        if len(row) == 3 and row[1] != "follows"
    ]
    assert {name for name, _ in about} >= {"jitter", "expiry", "idle_seconds", "duplicate_rate"}
    for name, row in about:
        assert any(source in row[1] for source in sources[name].sources), row
