from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from async_lab.cloudwatch.alarm_reason import sentence
from async_lab.cloudwatch.alarm_state import COMPARISONS, MetricAlarm, Missing, Point, State, Verdict, judge

KEPT = "kept"
SHORT = {"OK": State.OK, "ALARM": State.ALARM, "INSUFFICIENT": State.INSUFFICIENT_DATA}


def window(text):
    """``0`` is within the threshold, ``X`` breaches it, ``-`` is missing; a minute each."""
    values = {"0": 0.0, "X": 9.0, "-": None}
    return [None if values[c] is None else Point(60 * i, values[c]) for i, c in enumerate(text.replace(" ", ""))]


def rule(needed=3, periods=3, missing="missing", comparison="GreaterThanThreshold"):
    return MetricAlarm(comparison, 1.0, periods, needed, Missing(missing))


# The tables of the user guide, "How alarm state is evaluated when data is missing", in the order of TREATMENTS.
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
GUIDE = [
    (3, "0 - X - X", ("OK", "OK", "OK", "OK")),
    (3, "0 - - - -", ("OK", "OK", "OK", "OK")),
    (3, "- - - - -", ("INSUFFICIENT", KEPT, "ALARM", "OK")),
    (3, "0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (3, "- - X - -", ("ALARM", KEPT, "ALARM", "OK")),
    (2, "0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (2, "0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    (2, "0 - X - -", ("OK", "OK", "ALARM", "OK")),
    (2, "- - - - 0", ("OK", "OK", "ALARM", "OK")),
    (2, "- - - X -", ("ALARM", KEPT, "ALARM", "OK")),
]


@pytest.mark.parametrize(("needed", "data", "expected"), GUIDE)
@pytest.mark.parametrize("current", State)
def test_missing_data_are_treated_as_in_the_user_guides_tables(needed, data, expected, current):
    got = [judge(rule(needed, missing=treatment), window(data), current).state for treatment in TREATMENTS]
    assert got == [current if state is KEPT else SHORT[state] for state in expected]


@pytest.mark.parametrize("data", ["- - - - X", "- - - X -"])
def test_a_single_late_breach_is_not_yet_an_alarm_of_three_of_three(data):
    assert judge(rule(), window(data), State.OK).state is State.OK


def test_real_data_from_further_back_are_taken_before_missing_ones_are_filled_in():
    verdict = judge(rule(needed=1, missing="notBreaching", periods=1), window("X - -"), State.OK)
    assert verdict == Verdict(State.ALARM, (Point(0, 9.0),), 0)


@pytest.mark.parametrize(
    ("comparison", "breaches"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_comparisons_treat_the_threshold_itself_as_their_names_say(comparison, breaches):
    assert [rule(comparison=comparison).is_breached_by(value) for value in (0.5, 1.0, 1.5)] == breaches


windows = st.lists(st.sampled_from("0X-"), min_size=5, max_size=5).map("".join)
rules = st.sampled_from([(1, 1), (1, 3), (2, 3), (3, 3)])


@given(windows, rules, st.sampled_from(TREATMENTS), st.sampled_from(State))
def test_without_gaps_an_alarm_is_m_breaches_of_the_last_n(data, numbers, missing, current):
    needed, periods = numbers
    whole = data.replace("-", "0")
    breaches = whole[-periods:].count("X")
    expected = State.ALARM if breaches >= needed else State.OK
    assert judge(rule(needed, periods, missing), window(whole)[-periods - 2 :], current).state is expected


@given(windows, rules, st.sampled_from(State))
def test_treating_gaps_as_breaches_never_alarms_later_than_treating_them_as_none(data, numbers, current):
    needed, periods = numbers
    seen = window(data)[-periods - 2 :]
    strict, lenient = (
        judge(rule(needed, periods, each), seen, current).state for each in ("breaching", "notBreaching")
    )
    assert not (lenient is State.ALARM and strict is not State.ALARM)


@given(windows, rules, st.sampled_from(TREATMENTS), st.sampled_from(State))
def test_every_change_of_state_can_be_explained(data, numbers, missing, current):
    needed, periods = numbers
    chosen = rule(needed, periods, missing)
    verdict = judge(chosen, window(data)[-periods - 2 :], current)
    assume(verdict.state is not current)
    text = sentence(chosen, verdict, current)
    start = "Insufficient Data: " if verdict.state is State.INSUFFICIENT_DATA else "Threshold Crossed: "
    assert text.startswith(start)
    assert text.endswith(".")


def test_only_treating_data_as_missing_leads_to_insufficient_data():
    reached = {
        missing
        for missing, letters, current in product(TREATMENTS, product("0X-", repeat=3), (State.OK, State.ALARM))
        if judge(rule(1, 1, missing), window("".join(letters)), current).state is State.INSUFFICIENT_DATA
    }
    assert reached == {"missing"}


@pytest.mark.parametrize(
    ("missing", "data", "current", "state", "evaluated", "filled"),
    [
        ("missing", "- X -", State.OK, State.ALARM, 1, 2),
        ("missing", "- - -", State.ALARM, State.INSUFFICIENT_DATA, 0, 3),
        ("missing", "X - 0", State.ALARM, State.OK, 2, 1),
        ("ignore", "- - X", State.INSUFFICIENT_DATA, State.INSUFFICIENT_DATA, 1, 2),
        ("breaching", "- 0 -", State.OK, State.ALARM, 1, 2),
        ("notBreaching", "- X -", State.ALARM, State.OK, 1, 2),
        ("notBreaching", "X X 0", State.OK, State.ALARM, 3, 0),
    ],
)
def test_a_verdict_tells_the_data_points_and_how_many_were_missing(missing, data, current, state, evaluated, filled):
    seen = window(data)
    present = tuple(point for point in seen if point)
    assert judge(rule(2, missing=missing), seen, current) == Verdict(state, present[len(present) - evaluated :], filled)


CROSSED = "Threshold Crossed: "
GREATER = "greater than the threshold (1.0)"
ZEROS = "0.0 (01/01/70 00:00:00), 0.0 (01/01/70 00:02:00)"
REASONS = {
    (1, "missing", "0 X 0", State.OK): (
        f"{CROSSED}1 out of the last 3 datapoints [9.0 (01/01/70 00:01:00)] was {GREATER} "
        "(minimum 1 datapoint for OK -> ALARM transition)."
    ),
    (3, "missing", "0 X 0", State.ALARM): (
        f"{CROSSED}2 out of the last 3 datapoints [{ZEROS}] were not {GREATER} "
        "(minimum 1 datapoint for ALARM -> OK transition)."
    ),
    (1, "notBreaching", "- - -", State.ALARM): (
        f"{CROSSED}no datapoints were received for 3 periods and 3 missing datapoints were treated as [NonBreaching]."
    ),
    (2, "breaching", "- - X", State.OK): (
        f"{CROSSED}1 out of the last 1 datapoints [9.0 (01/01/70 00:02:00)] was {GREATER} "
        "and 2 missing datapoints were treated as [Breaching] (minimum 2 datapoints for OK -> ALARM transition)."
    ),
    (1, "missing", "- - -", State.OK): "Insufficient Data: 3 datapoints were unknown.",
}


@pytest.mark.parametrize("case", REASONS)
def test_the_reason_names_the_data_points_that_decided(case):
    needed, missing, data, before = case
    chosen = rule(needed, missing=missing)
    assert sentence(chosen, judge(chosen, window(data), before), before) == REASONS[case]


def test_every_comparison_has_its_words():
    for comparison in COMPARISONS:
        chosen = rule(needed=1, comparison=comparison)
        assert "the threshold" in sentence(chosen, Verdict(State.OK, (Point(0, 1.0),)), State.ALARM)
