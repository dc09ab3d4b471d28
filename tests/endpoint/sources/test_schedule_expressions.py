from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from async_lab.endpoint.sources.schedule_expressions import InvalidExpression, parse

MADE_AT = datetime(2026, 11, 23, 8, 23, 45, tzinfo=UTC).timestamp()  # a Monday


def moments(expression, count=3, zone=UTC, after=MADE_AT):
    schedule, found = parse(expression, MADE_AT, zone), []
    for _ in range(count):
        after = schedule.next_after(after)
        if after is None:
            break
        found.append(datetime.fromtimestamp(after, UTC).strftime("%y-%m-%d %H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(5 minutes)", ["26-11-23 08:28:45", "26-11-23 08:33:45", "26-11-23 08:38:45"]),
        ("rate(1 day)", ["26-11-24 08:23:45", "26-11-25 08:23:45", "26-11-26 08:23:45"]),
        ("at(2026-12-01T00:00:00)", ["26-12-01 00:00:00"]),
        ("at(2026-11-01T00:00:00)", []),
        ("cron(0/15 * * * ? *)", ["26-11-23 08:30:00", "26-11-23 08:45:00", "26-11-23 09:00:00"]),
        ("cron(0 10 * * ? *)", ["26-11-23 10:00:00", "26-11-24 10:00:00", "26-11-25 10:00:00"]),
        ("cron(15 12 ? * MON-FRI *)", ["26-11-23 12:15:00", "26-11-24 12:15:00", "26-11-25 12:15:00"]),
        ("cron(0 8 ? * FRI-SUN *)", ["26-11-27 08:00:00", "26-11-28 08:00:00", "26-11-29 08:00:00"]),
        ("cron(0 8 1 * ? *)", ["26-12-01 08:00:00", "27-01-01 08:00:00", "27-02-01 08:00:00"]),
        ("cron(0 8 L * ? *)", ["26-11-30 08:00:00", "26-12-31 08:00:00", "27-01-31 08:00:00"]),
        ("cron(0 8 1W * ? *)", ["26-12-01 08:00:00", "27-01-01 08:00:00", "27-02-01 08:00:00"]),
        ("cron(0 8 31W 1 ? *)", ["27-01-29 08:00:00", "28-01-31 08:00:00", "29-01-31 08:00:00"]),
        ("cron(0 8 ? * 2#1 *)", ["26-12-07 08:00:00", "27-01-04 08:00:00", "27-02-01 08:00:00"]),
        ("cron(0 8 ? * 6L *)", ["26-11-27 08:00:00", "26-12-25 08:00:00", "27-01-29 08:00:00"]),
        ("cron(0 8 29 2 ? *)", ["28-02-29 08:00:00", "32-02-29 08:00:00", "36-02-29 08:00:00"]),
        ("cron(5,35 14 * JAN,MAR ? 2027)", ["27-01-01 14:05:00", "27-01-01 14:35:00", "27-01-02 14:05:00"]),
        ("cron(0 8 * * ? 2025)", []),
    ],
)
def test_an_expression_is_due(expression, expected):
    assert moments(expression) == expected


def test_an_expression_is_due_in_its_time_zone():
    assert moments("cron(0 9 * * ? *)", 1, ZoneInfo("America/New_York")) == ["26-11-23 14:00:00"]
    assert moments("at(2026-12-01T09:00:00)", 1, ZoneInfo("Asia/Tokyo")) == ["26-12-01 00:00:00"]


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 seconds)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(0 10 * * ?)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 10 32 * ? *)",
        "cron(0 10 ? * MOON *)",
        "every minute",
    ],
)
def test_what_is_no_expression_is_refused(expression):
    with pytest.raises(InvalidExpression):
        parse(expression, MADE_AT)
