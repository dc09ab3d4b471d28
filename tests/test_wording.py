import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.wording import amount, count, duration, listed, plural


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.0344, "34 ms"),
        (0.9996, "1 s"),
        (7.8, "7.8 s"),
        (30.086, "30.1 s"),
        (90, "90 s"),
        (119.96, "2 min"),
        (130.2, "2 min 10 s"),
        (3600, "1 h"),
        (21600, "6 h"),
        (4329, "1 h 12 min"),
    ],
)
def test_a_duration_is_said_as_precisely_as_it_is_useful(seconds, words):
    assert duration(seconds) == words


@given(st.floats(min_value=0, max_value=1e7))
def test_a_duration_is_never_shown_in_sixty_seconds_or_minutes(seconds):
    *larger, _ = duration(seconds).split(" ")
    assert "60" not in larger[2:]


@pytest.mark.parametrize(("value", "words"), [(7.0, "7"), (0, "0"), (1234567, "1,234,567"), (0.5, "0.5"), (20, "20")])
def test_a_count_has_no_needless_decimals(value, words):
    assert count(value) == words


def test_an_amount_follows_its_unit():
    assert (amount(15883, "Milliseconds"), amount(15883, "Count")) == ("15.9 s", "15,883")


def test_nouns_and_lists_are_grammatical():
    assert [plural(n, "event") for n in (0, 1, 2)] == ["no events", "1 event", "2 events"]
    assert [listed(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
