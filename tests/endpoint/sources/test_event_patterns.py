"""Which events a pattern matches, and what is no pattern."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.endpoint.sources.event_patterns import InvalidPattern, matches, parse

NAMES = st.sampled_from("abc")
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text("xy", max_size=2)
JSON = st.recursive(SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3))


@pytest.mark.parametrize(
    ("pattern", "event", "is_matched"),
    [
        ({"a": ["x"]}, {"a": "x"}, True),
        ({"a": ["x"]}, {"b": "x"}, False),
        ({"a": ["x", "y"]}, {"a": ["z", "y"]}, True),
        ({"a": [1]}, {"a": 1.0}, True),
        ({"a": [1]}, {"a": True}, False),
        ({"a": [True]}, {"a": 1}, False),
        ({"a": ["true"]}, {"a": True}, False),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [None]}, {}, False),
        ({"a": [""]}, {"a": ""}, True),
        ({"a": [{"prefix": "x"}]}, {"a": "xy"}, True),
        ({"a": [{"prefix": {"equals-ignore-case": "X"}}]}, {"a": "xy"}, True),
        ({"a": [{"suffix": "y"}]}, {"a": "xy"}, True),
        ({"a": [{"suffix": {"equals-ignore-case": "Y"}}]}, {"a": "xy"}, True),
        ({"a": [{"equals-ignore-case": "XY"}]}, {"a": "xy"}, True),
        ({"a": [{"wildcard": "x*z"}]}, {"a": "xyyz"}, True),
        ({"a": [{"wildcard": "x*z"}]}, {"a": "xyy"}, False),
        ({"a": [{"wildcard": "x\\*z"}]}, {"a": "xyz"}, False),
        ({"a": [{"wildcard": "x\\*z"}]}, {"a": "x*z"}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": "y"}, True),
        ({"a": [{"anything-but": "x"}]}, {}, False),
        ({"a": [{"anything-but": ["x", 1]}]}, {"a": 1}, False),
        ({"a": [{"anything-but": {"prefix": ["a", "x"]}}]}, {"a": "xy"}, False),
        ({"a": [{"anything-but": {"suffix": "y"}}]}, {"a": "xy"}, False),
        ({"a": [{"anything-but": {"equals-ignore-case": "XY"}}]}, {"a": "xy"}, False),
        ({"a": [{"anything-but": {"wildcard": "x*"}}]}, {"a": "yx"}, True),
        ({"a": [{"numeric": [">", 1, "<=", 5]}]}, {"a": 5}, True),
        ({"a": [{"numeric": [">", 1, "<=", 5]}]}, {"a": 1}, False),
        ({"a": [{"numeric": ["=", 5]}]}, {"a": "5"}, False),
        ({"a": [{"exists": True}]}, {"a": None}, True),
        ({"a": [{"exists": True}]}, {"a": {"b": 1}}, False),
        ({"a": [{"exists": False}]}, {"b": 1}, True),
        ({"a": {"b": [{"exists": False}]}}, {}, True),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, {"a": "10.1.2.3"}, True),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, {"a": "x"}, False),
        ({"$or": [{"a": ["x"]}, {"b": {"c": [1]}}]}, {"b": {"c": 1}}, True),
        ({"b": {"$or": [{"a": ["x"]}, {"c": [1]}]}}, {"b": {"c": 2}}, False),
        ({"a": {"b": ["x"]}}, {"a": [{"b": "y"}, {"b": "x"}]}, True),
        ({"a": {"b": ["x"], "c": [1]}}, {"a": [{"b": "x", "c": 2}, {"b": "y", "c": 1}]}, False),
    ],
)
def test_a_pattern_matches_an_event(pattern, event, is_matched):
    assert matches(pattern, event) is is_matched


@pytest.mark.parametrize("event", [{"a": ["x", "y"]}])
def test_anything_but_may_hold_of_some_or_of_all_of_a_list(event):
    pattern = {"a": [{"anything-but": "x"}]}
    assert (matches(pattern, event), matches(pattern, event, all)) == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "1",
        '{"a": "x"}',
        '{"a": []}',
        '{"a": [[1]]}',
        '{"a": [{"like": "x"}]}',
        '{"a": [{"prefix": 1}]}',
        '{"a": [{"prefix": "x", "suffix": "y"}]}',
        '{"a": [{"numeric": ["~", 1]}]}',
        '{"a": [{"numeric": [">"]}]}',
        '{"a": [{"numeric": [">", "1"]}]}',
        '{"a": [{"exists": "yes"}]}',
        '{"a": [{"cidr": "x"}]}',
        '{"a": [{"anything-but": {"numeric": ["=", 1]}}]}',
        '{"a": [{"anything-but": []}]}',
        '{"$or": [1]}',
        "[" * 100_000,
        '{"a":' * 101 + '["x"]' + "}" * 101,
        '{"$or": [' * 101 + '{"a": ["x"]}' + "]}" * 101,
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_pattern_is_refused(text):
    with pytest.raises(InvalidPattern):
        parse(text)


@given(st.dictionaries(NAMES, st.lists(SCALARS, min_size=1, max_size=3), max_size=3), JSON)
def test_a_value_is_found_or_all_but_it_are(pattern, event):
    found = {name: matches({name: wanted}, event) for name, wanted in pattern.items()}
    if isinstance(event, dict):
        assert matches(pattern, event) is all(found.values())


def test_the_deepest_pattern_matches_what_is_nested_deeper():
    levels = 100
    pattern = parse('{"a":' * levels + '["x"]' + "}" * levels)
    lists = "[" * 800 + '"x"' + "]" * 800
    assert matches(pattern, json.loads('{"a":' * levels + lists + "}" * levels))
    assert matches(pattern, json.loads("[" * 800 + '{"a":' * levels + '"x"' + "}" * levels + "]" * 800))
    assert not matches(pattern, json.loads('{"a":' * 900 + '"x"' + "}" * 900))
