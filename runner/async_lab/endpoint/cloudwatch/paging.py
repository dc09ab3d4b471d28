"""Answers in pages. A token says where the next page begins and nothing else: the store keeps what was asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from moto.cloudwatch.exceptions import InvalidParameterValue

from async_lab.cloudwatch.queries import Answer

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of an answer that is on a page; ``is_complete`` when its last data point is on this one."""

    answer: Answer
    points: Sequence[tuple[int, float]]
    is_complete: bool


def page(items: Sequence[Item], token: str | None, size: int) -> tuple[Sequence[Item], str | None]:
    """Return a page of ``items`` and the token of the next.

    Raises:
        InvalidParameterValue: the token is none of ours.

    """
    first = _first(token)
    following = str(first + size) if first + size < len(items) else None
    return items[first : first + size], following


def slices(
    answers: Sequence[Answer], token: str | None, size: int, *, descending: bool
) -> tuple[list[Slice], str | None]:
    """Return a page of ``size`` data points over all answers, and the token of the next.

    An answer without data points is on the first page.

    Raises:
        InvalidParameterValue: the token is none of ours.

    """
    first = _first(token)
    result, passed = [], 0
    for answer in answers:
        points = sorted(answer.points.items(), reverse=descending)
        begin, end = max(first - passed, 0), max(min(first + size - passed, len(points)), 0)
        if begin < end or (not points and not first):
            result.append(Slice(answer, points[begin:end], end == len(points)))
        passed += len(points)
    return result, str(first + size) if first + size < passed else None


def _first(token: str | None) -> int:
    if token and not token.isdigit():
        raise InvalidParameterValue("Request parameter NextToken is invalid")
    return int(token or 0)
