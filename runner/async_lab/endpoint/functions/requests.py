"""What all of our requests share: whom they call, in which of a name's forms, and how they answer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from moto.awslambda.responses import LambdaResponse

from async_lab.endpoint.access import denials
from async_lab.endpoint.functions.model import Function
from async_lab.endpoint.functions.refusals import conflict, invalid_value, not_found
from async_lab.endpoint.state import aside

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


def read_name(called: str) -> FunctionName | None:
    """Return the parts of what a request calls a function; None for what can be none's name."""
    match = _CALLED.fullmatch(called)
    return FunctionName(match["name"], match["qualifier"], match["region"]) if match else None


LATEST = "$LATEST"
Answer = tuple[int, dict[str, str], str]


class Requests(LambdaResponse):
    """A request about one function, which its path names."""

    now: Callable[[], float]
    path: str
    querystring: dict[str, Any]

    def setup_class(self, *args: Any, **options: Any) -> None:
        """Read the request; whatever calls the function, its path ends up with the name, its query with the rest."""
        super().setup_class(*args, **options)
        self.response_headers["Content-Type"] = "application/json"
        before, functions, rest = self.path.partition("/functions/")
        called, slash, after = rest.partition("/")
        if not functions or (function := read_name(unquote(called))) is None:
            return
        self.path = f"{before}{functions}{quote(function.name)}{slash}{after}"
        qualifier = (self.querystring.get("Qualifier") or [None])[0]
        if function.qualifier and qualifier not in {None, function.qualifier}:
            raise invalid_value("The derived qualifier from the function name does not match the specified qualifier.")
        if function.region not in {None, self.region}:
            raise not_found(f"Functions from '{function.region}' are not reachable in this region ('{self.region}')")
        if function.qualifier:
            self.querystring = {**self.querystring, "Qualifier": [function.qualifier]}

    def _named(self) -> tuple[str, str | None]:
        """Return the function's name and the qualifier, from the name or from the query."""
        name = unquote(self.path.split("/functions/")[1].split("/")[0])
        return name, (self.querystring.get("Qualifier") or [None])[0]

    def _function(self) -> Function:
        """Return the function itself, which all its versions share their settings with."""
        function: Function = self.backend.get_function(self._named()[0])
        return function

    def _at(self) -> float:
        return type(self).now()


def qualified_arn(function: Function, qualifier: str) -> str:
    """Return the ARN of a version, an alias or ``$LATEST``."""
    return f"{function.function_arn}:{qualifier}"


def answer(status: int, body: dict[str, Any]) -> Answer:
    """Return a response with a JSON body."""
    return status, {"status": str(status)}, json.dumps(body)


NO_CONTENT: Answer = (204, {"status": "204"}, "")


CHANGE_SECONDS = 0.1
"""How long a change of a function takes, in real seconds: another one meanwhile is a conflict, as on AWS.

AWS publishes none; its own changes take some tenths of a second (assumed). Virtual time stands still while requests
come in, so "the same moment" can only be the wall's. Terraform writes what doesn't depend on each other within
milliseconds, so that two event-invoke configs of one function without ``depends_on`` meet here as they do on AWS. No
number of the lab depends on it, only whether such a request is refused.
"""

_under_way: set[str] = set()


@contextmanager
def changing(function_arn: str, authorization: str) -> Iterator[None]:
    """Hold the function while it is changed. Raises a Refusal (409) when somebody else does at this moment.

    A test's own client, by its request's Authorization header, makes one change after the other and isn't kept waiting.
    """
    if function_arn in _under_way:
        raise conflict("The function could not be updated due to a concurrent update operation.")
    _under_way.add(function_arn)
    try:
        yield
        if not denials.is_testers(authorization):
            with aside():
                time.sleep(CHANGE_SECONDS)
    finally:
        _under_way.discard(function_arn)
