"""What a test asks for wrongly, said in a sentence that names it, what it was given, and what is allowed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from async_lab.errors import UsageError
from async_lab.wording import shortened

if TYPE_CHECKING:
    import boto3

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_LIMIT = 31 * 24 * 3_600
"""Seconds, as the endpoint's clock moves at once."""
_LATEST_START = 32_503_680_000
"""The year 3000, in epoch seconds: a clock that moves on from there still has a date."""


def is_number(value: object) -> bool:
    """Whether a value is a number: an ``int`` or ``float``, but neither a bool nor NaN."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - NaN isn't


def number(what: str, value: object, least: float, most: float, allowed: str) -> None:
    """Raise UsageError for what is no number from ``least`` to ``most``."""
    if not (isinstance(value, (int, float)) and is_number(value) and least <= value <= most):
        raise UsageError(f"{what} is {given(value)}; {allowed}.")


def whole(what: str, value: object, least: int, most: float, allowed: str) -> None:
    """Raise UsageError for what is no whole number from ``least`` to ``most``, in its type too."""
    if not (type(value) is int and least <= value <= most):
        raise UsageError(f"{what} is {given(value)}; {allowed}.")


def one_of(what: str, value: object, *allowed: object) -> None:
    """Raise UsageError for what is none of these."""
    if not any(value is each or (type(value) is type(each) and value == each) for each in allowed):
        raise UsageError(f"{what} is {given(value)}; it must be {' or '.join(map(repr, allowed))}.")


def name(what: str, value: object, longest: int) -> None:
    """Raise UsageError for what is no name of a function or a queue."""
    if not (isinstance(value, str) and _NAME.fullmatch(value) and len(value) <= longest):
        raise UsageError(
            f"{what} is {given(value)}; AWS allows 1 to {longest} letters, digits, hyphens and underscores."
        )


def limit(value: object) -> None:
    """Raise UsageError for what is no time to wait at the most."""
    number("limit", value, 0, _LONGEST_LIMIT, "it must be a number of seconds, 0 to 2678400 (31 days)")


def lab(seed: object, start: object, account_concurrency: object) -> None:
    """Raise UsageError for what no lab begins with."""
    whole("seed", seed, 0, float("inf"), "it must be a whole number, 0 or more")
    if start is not None:
        number("start", start, 0, _LATEST_START, "it must be epoch seconds, such as 1790000000.0, or None for now")
    whole("account_concurrency", account_concurrency, 1, float("inf"), "it must be a whole number, 1 or more")


def arn(what: str, value: object) -> None:
    """Raise UsageError for what is neither an ARN nor None."""
    if value is not None and not (isinstance(value, str) and value.startswith("arn:")):
        raise UsageError(f"{what} is {given(value)}; it must be an ARN, such as function.arn or that of a queue.")


def variables(what: str, value: object) -> None:
    """Raise UsageError for what is no mapping of texts to texts."""
    is_one = isinstance(value, Mapping) and all(isinstance(each, str) for pair in value.items() for each in pair)
    if value is not None and not is_one:
        raise UsageError(f"{what} is {given(value)}; it must be a mapping of strings, such as {{'STAGE': 'test'}}.")


def listing(what: str, value: object, kinds: type | tuple[type, ...], example: str) -> None:
    """Raise UsageError for what is no list or tuple of these kinds."""
    if not (isinstance(value, (list, tuple)) and all(isinstance(each, kinds) for each in value)):
        raise UsageError(f"{what} is {given(value)}; it must be a list, such as {example}.")


def predicate(value: object) -> None:
    """Raise UsageError for what can't be asked."""
    if not callable(value):
        raise UsageError(f"run_until() was given {given(value)}; it takes a function without arguments.")


def apply(directory: object, scope: object, given_variables: Mapping[str, object]) -> None:
    """Raise UsageError for what is no directory's name, a scope that there isn't, and values that Terraform hasn't."""
    if not isinstance(directory, (str, os.PathLike)):
        raise UsageError(f"apply() was given {given(directory)}; it takes a directory with Terraform files.")
    one_of("scope", scope, "test", "session")
    for name, value in given_variables.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise UsageError(f"The variable {name} is {given(value)}; Terraform takes what JSON has.") from error


def service(session: boto3.Session, value: object) -> None:
    """Raise UsageError for what is no service of AWS, with the one that was meant."""
    known = session.get_available_services()
    if value not in known:
        raise UsageError(f"There is no service {value!r}: {meant(str(value), known, 'such as lambda.')}")


def given(value: object) -> str:
    """Return what was given, in one line of readable length."""
    return shortened(" ".join(repr(value).split()))


def meant(wrong: str, known: Iterable[Any], otherwise: str) -> str:
    """Return the end of a sentence: what was meant among what is known, or something else to do."""
    near = get_close_matches(wrong, list(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise
