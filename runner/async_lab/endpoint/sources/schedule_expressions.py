"""When a schedule is due: ``rate``, ``cron`` and ``at``, as EventBridge has them. Pure functions.

Source: EventBridge user guide, "Cron and rate expressions", and EventBridge Scheduler's, "Schedule types".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import floor

_RATE = re.compile(r"rate\((?P<value>[1-9]\d*) (?P<unit>minutes?|hours?|days?)\)")
_AT = re.compile(r"at\((?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]+)\)")
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_YEARS = range(1970, 2200)
_LAST = "L"
_DAYS_AHEAD = 366 * 9
"""How far the next day is looked for: a leap year may be eight years away."""


class InvalidExpression(ValueError):
    """An expression that EventBridge doesn't take."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed expression. ``next_after`` takes an epoch second; None when it will never be due again."""

    next_after: Callable[[float], float | None]


def parse(expression: str, made_at: float, zone: tzinfo = UTC) -> Schedule:
    """Parse an expression; a rate counts from ``made_at``, in epoch seconds. Raises InvalidExpression."""
    if match := _RATE.fullmatch(expression):
        return _rate(int(match["value"]), match["unit"], made_at)
    if match := _AT.fullmatch(expression):
        moment = datetime.fromisoformat(match["moment"]).replace(tzinfo=zone).timestamp()
        return Schedule(lambda after: moment if moment > after else None)
    if match := _CRON.fullmatch(expression):
        cron = _Cron.parse(match["fields"].split())
        return Schedule(lambda after: cron.next_after(after, zone))
    raise InvalidExpression(expression)


def _rate(value: int, unit: str, made_at: float) -> Schedule:
    if (value == 1) == unit.endswith("s"):  # "1 minutes" and "5 minute" are refused
        raise InvalidExpression(f"rate({value} {unit})")
    seconds = value * _SECONDS[unit.removesuffix("s")]
    return Schedule(lambda after: made_at + (max(0, floor((after - made_at) / seconds)) + 1) * seconds)


@dataclass(frozen=True, slots=True)
class _Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    is_day: Callable[[date], bool]

    @classmethod
    def parse(cls, fields: list[str]) -> _Cron:
        if len(fields) != 6:  # noqa: PLR2004 - minutes, hours, day of month, month, day of week, year
            raise InvalidExpression(" ".join(fields))
        minutes, hours, days, months, weekdays, years = (field.upper() for field in fields)
        if (days == "?") == (weekdays == "?"):  # one of them says which days, the other that it doesn't
            raise InvalidExpression(" ".join(fields))
        return cls(
            _numbers(minutes, range(60)),
            _numbers(hours, range(24)),
            _numbers(months, range(1, 13), _MONTHS),
            _numbers(years, _YEARS),
            _day_of_week(weekdays) if days == "?" else _day_of_month(days),
        )

    def next_after(self, after: float, zone: tzinfo) -> float | None:
        start = datetime.fromtimestamp(after, zone)
        for ahead in range(_DAYS_AHEAD):
            day = start.date() + timedelta(days=ahead)
            if day.month in self.months and day.year in self.years and self.is_day(day):
                for moment in self._moments(day, zone):
                    if moment > after:
                        return moment
        return None

    def _moments(self, day: date, zone: tzinfo) -> Iterator[float]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                yield datetime.combine(day, time(hour, minute), zone).timestamp()


def _numbers(field: str, allowed: range, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            start, end = allowed[0], allowed[-1]
        else:
            start = _number(first, names)
            end = _number(last, names) if last else (allowed[-1] if step else start)
        if start not in allowed or end not in allowed or (step and not step.isdecimal()) or step == "0":
            raise InvalidExpression(field)
        if start <= end:
            found |= set(range(start, end + 1, int(step or 1)))
        else:  # FRI-MON
            found |= {number for number in allowed if number >= start or number <= end}
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    number = (names or {}).get(text)
    if number is None and not text.isdecimal():
        raise InvalidExpression(text)
    return int(text) if number is None else number


def _day_of_month(field: str) -> Callable[[date], bool]:
    if field == _LAST:
        return lambda day: day.day == _length(day)
    if match := re.fullmatch(r"(\d+)W", field):
        wanted = int(match[1])
        return lambda day: day.day == _nearest_weekday(day, wanted)
    days = _numbers(field, range(1, 32))
    return lambda day: day.day in days


def _day_of_week(field: str) -> Callable[[date], bool]:
    if match := re.fullmatch(r"(\w+)#([1-5])", field):
        weekday, place = _number(match[1], _WEEKDAYS), int(match[2])
        return lambda day: _weekday(day) == weekday and (day.day - 1) // 7 + 1 == place
    if field == _LAST:
        return lambda day: _weekday(day) == _WEEKDAYS["SAT"]
    if match := re.fullmatch(r"(\w+)L", field):
        last = _number(match[1], _WEEKDAYS)
        return lambda day: _weekday(day) == last and day.day + 7 > _length(day)
    weekdays = _numbers(field, range(1, 8), _WEEKDAYS)
    return lambda day: _weekday(day) in weekdays


def _weekday(day: date) -> int:
    """Return the weekday as EventBridge counts: 1 is Sunday."""
    return day.isoweekday() % 7 + 1


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, wanted: int) -> int:
    """Return the day of the month that is a weekday and nearest to ``wanted``, within the month."""
    target = day.replace(day=min(wanted, _length(day)))
    shift = {6: -1, 7: 1}.get(target.isoweekday(), 0)
    if not 1 <= target.day + shift <= _length(day):
        shift = -2 if shift == 1 else 2
    return target.day + shift
