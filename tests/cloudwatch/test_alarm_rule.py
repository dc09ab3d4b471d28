import pytest

from async_lab.cloudwatch.alarm_rule import AlarmRuleError, alarms_in, is_true
from async_lab.cloudwatch.alarm_state import State

STATES = {"a": State.ALARM, "b": State.OK, "c d": State.INSUFFICIENT_DATA}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("TRUE", True),
        ("FALSE", False),
        ("ALARM(a)", True),
        ('ALARM("a") AND OK(b)', True),
        ("ALARM(b) OR INSUFFICIENT_DATA('c d')", True),
        ("NOT ALARM(a)", False),
        ("NOT (ALARM(b) OR OK(a))", True),
        ("ALARM(b) AND ALARM(a) OR ALARM(a)", True),
        ("ALARM(a) OR ALARM(a) AND ALARM(b)", True),
        ("ALARM(missing)", False),
        ("AT_LEAST(1, ALARM, (a, b))", True),
        ("AT_LEAST(2, ALARM, (a, b))", False),
        ('AT_LEAST(2, NOT ALARM, (a, b, "c d"))', True),
        ("AT_LEAST(50%, OK, (a, b))", True),
        ("AT_LEAST(51%, OK, (a, b))", False),
        ('AT_LEAST(66%, NOT ALARM, (a, b, "c d"))', True),
        ('AT_LEAST(67%, NOT ALARM, (a, b, "c d"))', False),
        ("AT_LEAST(100%, OK, (b, b))", True),
        ("NOT " * 98 + "ALARM(a)", True),
        (" AND ".join(["ALARM(a)"] * 500), True),
        (" OR ".join(["ALARM(b)"] * 500), False),
        ("(" * 1_000 + "ALARM(a)" + ")" * 1_000, True),
    ],
    ids=lambda each: str(each)[:60],
)
def test_a_rule_looks_at_the_states_of_its_alarms(rule, expected):
    assert is_true(rule, STATES.get) is expected


def test_the_alarms_of_a_rule_are_named_once_each():
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:NOT-ready"
    assert alarms_in(f'ALARM({arn}) AND NOT (OK("c d") OR ALARM({arn}))') == [arn, "c d"]
    assert alarms_in("AT_LEAST(1, NOT OK, (a, b)) AND TRUE") == ["a", "b"]
    assert alarms_in("ALARM('X') OR ALARM(XX)") == ["X", "XX"]


@pytest.mark.parametrize(
    "rule",
    [
        *("", "ALARM()", "ALARM(a) AND", "ALARM(a) ALARM(b)", "BROKEN(a)", "(TRUE"),
        *("NOT " * 100 + "ALARM(a)", "NOT " * 2_000 + "ALARM(a)", "(TRUE AND " * 700 + "TRUE" + ")" * 700),
    ],
    ids=lambda rule: rule[:30],
)
def test_what_is_not_a_rule_is_refused(rule):
    with pytest.raises(AlarmRuleError, match="Invalid AlarmRule"):
        is_true(rule, STATES.get)
