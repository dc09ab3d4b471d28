"""What all of our requests share: whom they are about, and how they answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse

from async_lab.endpoint.functions.model import Function

LATEST = "$LATEST"
Answer = tuple[int, dict[str, str], str]

_NAME = re.compile(  # API reference, FunctionName: a name, a partial ARN or an ARN, each with or without a qualifier
    r"(arn:[^:]+:lambda:[^:]*:)?(\d{12}:)?(function:)?(?P<name>[^:]+)(:(?P<qualifier>[^:]+))?"
)


class Requests(LambdaResponse):
    """A request about one function, which its path names."""

    now: Callable[[], float]

    def _named(self) -> tuple[str, str | None]:
        """Return the function's name and the qualifier, from the name or from the query."""
        called = unquote(self.path.split("/functions/")[1].split("/")[0])
        match = _NAME.fullmatch(called)
        if match is None:
            return called, None  # which moto doesn't find either
        return match["name"], match["qualifier"] or (self.querystring.get("Qualifier") or [None])[0]

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
    return status, {"Content-Type": "application/json"}, json.dumps(body)


NO_CONTENT: Answer = (204, {}, "")
