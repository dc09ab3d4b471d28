"""What a request may call a function: a name, a partial ARN or an ARN, each with or without a qualifier."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CALLED = re.compile(  # botocore's NamespacedFunctionName, its parts named; a test holds the two together
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?"
    r"((?P<region>(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}):)?"
    r"(\d{12}:)?(function:)?(?P<name>[a-zA-Z0-9-_\.]+)"
    r"(:(?P<qualifier>\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class FunctionName:
    """Whom a request calls."""

    name: str
    qualifier: str | None
    region: str | None
    """None where the name says none."""


def read(called: str) -> FunctionName | None:
    """Return the parts of what a request calls a function; None for what can be none's name."""
    match = _CALLED.fullmatch(called)
    return FunctionName(match["name"], match["qualifier"], match["region"]) if match else None
