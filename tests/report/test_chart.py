import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.report.chart import ASCII, UNICODE

values = st.lists(st.none() | st.floats(min_value=0, max_value=1e12), max_size=20)


def test_the_highest_value_has_full_height_and_zero_none():
    assert UNICODE.sparkline([0, 4, None, 8]) == "▁▅·█"
    assert ASCII.sparkline([0, 4, None, 8]) == "_+-#"


def test_what_is_little_is_still_seen():
    assert UNICODE.sparkline([0, 1, 1_000_000]) == "▁▂█"


@pytest.mark.parametrize("values", [[], [None], [0.0, 0.0]])
def test_nothing_to_compare_is_no_trouble(values):
    assert len(UNICODE.sparkline(values)) == len(values)


@pytest.mark.parametrize("glyphs", [ASCII, UNICODE], ids=["ascii", "unicode"])
@given(values=values)
def test_a_chart_has_one_character_per_value_and_never_shows_more_as_less(glyphs, values):
    chart = glyphs.sparkline(values)

    assert len(chart) == len(values)
    seen = sorted(
        (value, glyphs.levels.index(mark)) for value, mark in zip(values, chart, strict=True) if value is not None
    )
    assert [level for _, level in seen] == sorted(level for _, level in seen)
    assert all(mark == glyphs.nothing for value, mark in zip(values, chart, strict=True) if value is None)


def test_no_data_point_looks_like_no_level():
    assert ASCII.nothing not in ASCII.levels
    assert UNICODE.nothing not in UNICODE.levels


def test_the_fallback_is_ascii():
    marks = (ASCII.levels, ASCII.nothing, ASCII.met, ASCII.not_met, ASCII.bullet, ASCII.separator)

    assert "".join(marks).isascii()
