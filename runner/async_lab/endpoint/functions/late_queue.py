"""A queue that is late for one function, which a tag of it asks for. AWS has nothing of the kind."""

from __future__ import annotations

import re
from collections.abc import Mapping

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from async_lab.endpoint.functions.refusals import invalid_value
from async_lab.twin.rules import MAXIMUM_EVENT_AGE_SECONDS

TAG = "async-lab:first-attempt-after-seconds"
_SPAN = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", re.ASCII)


def dispatch_seconds(account_id: str, region: str, name: str) -> tuple[float, float] | None:
    """Return when a function's events are first attempted, at the least and the most; None where nothing is asked."""
    try:
        tags: Mapping[str, str] = lambda_backends[account_id][region].get_function(name).tags or {}
    except UnknownFunctionException:
        return None
    return _span(tags[TAG]) if TAG in tags else None


def check(tags: Mapping[str, str]) -> None:
    """Refuse a tag that asks for nothing that can be done."""
    if TAG in tags and _span(tags[TAG]) is None:
        raise invalid_value(
            f'The tag {TAG} is "{tags[TAG]}"; it must be two numbers of seconds such as 20-120, the second no less '
            f"than the first and at most {MAXIMUM_EVENT_AGE_SECONDS}."
        )


def _span(value: str) -> tuple[float, float] | None:
    if not (numbers := _SPAN.fullmatch(value)):
        return None
    earliest, latest = map(float, numbers.groups())
    return (earliest, latest) if earliest <= latest <= MAXIMUM_EVENT_AGE_SECONDS else None
