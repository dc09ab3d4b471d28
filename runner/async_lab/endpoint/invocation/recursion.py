"""Whether Lambda stops a function that triggers itself: yes, unless the function says otherwise."""

from __future__ import annotations

from typing import Any

from moto.awslambda import urls
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.sqs.models import Message, Queue

from async_lab.endpoint.functions.requests import Answer, Requests, answer
from async_lab.endpoint.functions.responses import FunctionsResponse
from async_lab.endpoint.invocation import lineage
from async_lab.endpoint.moto_patches import add_route, replace

ALLOW, TERMINATE = "Allow", "Terminate"

_PATH = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[^/]+)/recursion-config/?$"
_add_message = Queue.add_message


class RecursionRequests(Requests):
    """Requests about a function's recursion config."""

    def get_function_recursion_config(self) -> Answer:
        """Return it."""
        return answer(200, {"RecursiveLoop": _wanted(self._function())})

    def put_function_recursion_config(self) -> Answer:
        """Set it."""
        self._function().recursive_loop = self._get_param("RecursiveLoop")
        return self.get_function_recursion_config()


def install() -> None:
    """Let functions have a recursion config, and messages remember what led to them; again is no harm."""
    for name in ("get_function_recursion_config", "put_function_recursion_config"):
        setattr(FunctionsResponse, name, getattr(RecursionRequests, name))
    add_route(urls.url_paths, _PATH, FunctionsResponse.dispatch)
    replace(Queue, "add_message", _remember)


def is_stopped(account_id: str, region: str, name: str) -> bool:
    """Return whether a function that triggers itself is stopped."""
    try:
        return _wanted(lambda_backends[account_id][region].get_function(name)) == TERMINATE
    except UnknownFunctionException:
        return False


def _wanted(function: Any) -> str:
    wanted: str = getattr(function, "recursive_loop", TERMINATE)
    return wanted


def _remember(queue: Queue, message: Message) -> None:
    message.lineage = lineage.current()
    _add_message(queue, message)
