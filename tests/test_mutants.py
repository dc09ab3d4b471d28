"""What ``make mutants`` says of mutmut's results."""

import pytest

from async_lab.cloudwatch.statistic import statistic
from tools.fresh_models import pytest_runtest_setup
from tools.mutants import LISTED, Survivor, function_of, read_listed, score


@pytest.mark.parametrize(
    ("mutant", "function"),
    [
        ("async_lab.twin.simulate.x_simulate__mutmut_1", "async_lab.twin.simulate.simulate"),
        ("async_lab.twin.rng.x__mix__mutmut_12", "async_lab.twin.rng._mix"),
        ("async_lab.twin.engine.xǁTwinǁ_retry__mutmut_3", "async_lab.twin.engine.Twin._retry"),
    ],
)
def test_a_mutant_is_named_by_its_function(mutant, function):
    assert function_of(mutant) == function


def test_the_score_counts_what_was_run():
    results = {"a": 1, "b": 1, "c": -24, "d": 0, "e": 33, "f": None}
    assert score(results) == (
        "3 of 5 mutants noticed (60.0 %), 1 of them by the time, 1 survived, 1 without a test, 1 not run"
    )


def test_a_survivor_is_shown_as_it_is_listed():
    assert str(Survivor("a.b", 'x = "1"', "x = 2")) == (
        '[[survivor]]\nfunction = "a.b"\nbefore = "x = \\"1\\""\nafter = "x = 2"'
    )


def test_every_survivor_that_is_listed_has_a_reason_and_a_function_that_is_there():
    assert LISTED.is_file()
    for survivor in read_listed():
        parts = survivor.function.split(".")
        file = LISTED.parents[1] / "runner" / "/".join(parts[:3])
        assert f"def {parts[-1]}(" in file.with_suffix(".py").read_text(encoding="utf-8")


def test_what_a_model_remembers_is_forgotten_before_each_test_of_a_mutant():
    statistic("p50")
    pytest_runtest_setup()
    assert statistic.cache_info().currsize == 0
