import json

import pytest

from async_lab.cloudwatch.alarm_reason import data, sentence
from async_lab.cloudwatch.alarm_state import MetricAlarm, Missing, Point, State, Verdict

AT = 1_657_732_380  # 2022-07-13 17:13 UTC, as in the example of the user guide


def at(*values):
    """Return data points, a minute apart, the last of them at ``AT``."""
    return tuple(Point(AT - 60 * (len(values) - 1 - index), value) for index, value in enumerate(values))


def alarm(comparison="GreaterThanThreshold", threshold=0.0, of=1, needs=1, missing=Missing.MISSING):
    return MetricAlarm(comparison, threshold, of, needs, missing)


@pytest.mark.parametrize(
    ("rule", "verdict", "before", "expected"),
    [
        pytest.param(
            alarm(),
            Verdict(State.ALARM, at(10.0)),
            State.OK,
            "Threshold Crossed: 1 out of the last 1 datapoints [10.0 (13/07/22 17:13:00)] was greater than the "
            "threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).",
            id="the user guide's example",
        ),
        pytest.param(
            alarm("GreaterThanOrEqualToThreshold", 5.0, of=3, needs=2),
            Verdict(State.ALARM, at(7.0, 1.0, 5.0)),
            State.OK,
            "Threshold Crossed: 2 out of the last 3 datapoints [7.0 (13/07/22 17:11:00), 5.0 (13/07/22 17:13:00)] were "
            "greater than or equal to the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).",
            id="2 of 3",
        ),
        pytest.param(
            alarm("GreaterThanOrEqualToThreshold", 5.0, of=3, needs=2),
            Verdict(State.OK, at(7.0, 1.0, 2.0)),
            State.ALARM,
            "Threshold Crossed: 2 out of the last 3 datapoints [1.0 (13/07/22 17:12:00), 2.0 (13/07/22 17:13:00)] were "
            "not greater than or equal to the threshold (5.0) (minimum 2 datapoints for ALARM -> OK transition).",
            id="back to OK, of 3 that need 2",
        ),
        pytest.param(
            alarm("LessThanThreshold", 1.0, of=5, needs=4),
            Verdict(State.OK, at(0.0, 0.0, 0.0, 3.0, 1.0)),
            State.INSUFFICIENT_DATA,
            "Threshold Crossed: 2 out of the last 5 datapoints [3.0 (13/07/22 17:12:00), 1.0 (13/07/22 17:13:00)] were "
            "not less than the threshold (1.0) (minimum 2 datapoints for INSUFFICIENT_DATA -> OK transition).",
            id="2 of 5 that need 4 are enough",
        ),
        pytest.param(
            alarm("LessThanOrEqualToThreshold", 1.0),
            Verdict(State.ALARM, at(1.0)),
            State.OK,
            "Threshold Crossed: 1 out of the last 1 datapoints [1.0 (13/07/22 17:13:00)] was less than or equal to the "
            "threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).",
            id="equal is enough",
        ),
        pytest.param(
            alarm(of=3, needs=3, missing=Missing.BREACHING),
            Verdict(State.ALARM, at(4.0), 2),
            State.OK,
            "Threshold Crossed: 1 out of the last 1 datapoints [4.0 (13/07/22 17:13:00)] was greater than the "
            "threshold (0.0) and 2 missing datapoints were treated as [Breaching] "
            "(minimum 3 datapoints for OK -> ALARM transition).",
            id="missing ones help to breach",
        ),
        pytest.param(
            alarm(of=2, needs=2, missing=Missing.NOT_BREACHING),
            Verdict(State.OK, at(0.0), 1),
            State.ALARM,
            "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (13/07/22 17:13:00)] was not greater than the "
            "threshold (0.0) and 1 missing datapoint was treated as [NonBreaching] "
            "(minimum 1 datapoint for ALARM -> OK transition).",
            id="a missing one helps to be right",
        ),
        pytest.param(
            alarm(of=2, needs=1),
            Verdict(State.ALARM, at(4.0), 1),
            State.OK,
            "Threshold Crossed: 1 out of the last 1 datapoints [4.0 (13/07/22 17:13:00)] was greater than the "
            "threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).",
            id="a missing one that counts as nothing isn't told",
        ),
        pytest.param(
            alarm(missing=Missing.NOT_BREACHING),
            Verdict(State.OK, (), 1),
            State.INSUFFICIENT_DATA,
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
            "[NonBreaching].",
            id="no data is right",
        ),
        pytest.param(
            alarm(of=3, missing=Missing.BREACHING),
            Verdict(State.ALARM, (), 3),
            State.OK,
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
            "[Breaching].",
            id="no data is wrong",
        ),
        pytest.param(
            alarm(),
            Verdict(State.INSUFFICIENT_DATA, (), 1),
            State.OK,
            "Insufficient Data: 1 datapoint was unknown.",
            id="one unknown",
        ),
        pytest.param(
            alarm(of=5),
            Verdict(State.INSUFFICIENT_DATA, (), 5),
            State.OK,
            "Insufficient Data: 5 datapoints were unknown.",
            id="five unknown",
        ),
    ],
)
def test_the_reason_is_cloudwatchs_own_sentence(rule, verdict, before, expected):
    assert sentence(rule, verdict, before) == expected


def test_the_reasons_data_have_the_newest_evaluated_point_first_and_the_oldest_recent_one():
    asked = {"statistic": "Sum", "period": 60, "unit": "Count"}
    written = data(alarm(threshold=5.0, of=2, needs=2), Verdict(State.ALARM, at(6.0, 8.0)), AT + 75.5, asked)

    assert written == (
        '{"version":"1.0","queryDate":"2022-07-13T17:14:15.500+0000","startDate":"2022-07-13T17:12:00.000+0000",'
        '"statistic":"Sum","period":60,"unit":"Count","recentDatapoints":[6.0,8.0],"threshold":5.0,'
        '"evaluatedDatapoints":[{"timestamp":"2022-07-13T17:13:00.000+0000","value":8.0},'
        '{"timestamp":"2022-07-13T17:12:00.000+0000","value":6.0}]}'
    )


def test_the_reasons_data_of_no_point_have_no_start():
    assert json.loads(data(alarm(), Verdict(State.INSUFFICIENT_DATA, (), 1), AT, {})) == {
        "version": "1.0",
        "queryDate": "2022-07-13T17:13:00.000+0000",
        "recentDatapoints": [],
        "threshold": 0.0,
        "evaluatedDatapoints": [],
    }
