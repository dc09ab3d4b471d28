"""Holds each request against botocore's model before anybody acts on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from async_lab.endpoint.http import api_call, members
from async_lab.endpoint.http.api_call import Malformed
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import Response, error_response, missing

_OURS = {"lambda", "cloudwatch"}
"""Of these an operation that has no table is none that anybody acts on, whatever moto makes of it."""


_NEVER_ACTS = {"AnyScaleFrontendService.RegisterScalableTarget": "scale anything, such as provisioned concurrency,"}
"""What moto would keep and nobody acts on, by the target that a request names."""


class ModelCheck:
    """WSGI middleware that refuses what nobody would act on."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass on, or say what is wrong."""
        refused = _refusal(environ)
        return refused.sent(start_response) if refused else self._app(environ, start_response)


def _refusal(environ: dict[str, Any]) -> Response | None:
    if never := _NEVER_ACTS.get(environ.get("HTTP_X_AMZ_TARGET", "")):
        message = f"async-lab doesn't {never} yet: leave it out, or use AWS."
        return error_response(environ, HTTPStatus.BAD_REQUEST, "ValidationException", message)
    try:
        call = api_call.read(environ)
    except Malformed as error:
        return error_response(environ, HTTPStatus.BAD_REQUEST, "SerializationException", str(error))
    if call is None:
        return None
    if call.service in _OURS and not members.models(call):
        return missing(environ, call.operation.name)
    if member := members.unmodelled(call):
        message = f"async-lab doesn't model {member} of {call.operation.name} yet: leave it out, or use AWS."
        return error_response(environ, HTTPStatus.BAD_REQUEST, "ValidationException", message)
    return None
