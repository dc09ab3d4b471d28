"""Invoke, which the endpoint answers itself. All other requests are moto's."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from async_lab.endpoint import denials
from async_lab.endpoint.functions import ResolvedFunction
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import REQUEST_ID, Refused, Response
from async_lab.endpoint.invocation import invoke_request
from async_lab.endpoint.invocation.invocations import LambdaRegion
from async_lab.endpoint.invocation.invoke_request import DRY_RUN, EVENT, Invocation
from async_lab.endpoint.one_at_a_time import aside
from async_lab.endpoint.sandbox import DURATION_HEADER

_INVOKE = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations/?")
_INVOKE_ASYNC = re.compile(r"/2014-11-13/functions/(?P<name>[^/]+)/invoke-async/?")


class InvokeMiddleware:
    """WSGI middleware before moto's application."""

    def __init__(
        self,
        app: WsgiApp,
        region: Callable[[str], LambdaRegion],
        advance_to: Callable[[float], None],
    ) -> None:
        self._app, self._region, self._advance_to = app, region, advance_to

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or pass on to moto."""
        path, is_post = environ["PATH_INFO"], environ["REQUEST_METHOD"] == "POST"
        if is_post and (match := _INVOKE.fullmatch(path)):
            response = self._answer(environ, unquote(match["name"]))
        elif is_post and (match := _INVOKE_ASYNC.fullmatch(path)):  # deprecated, and the same as an Event
            response = self._answer(environ | {"HTTP_X_AMZ_INVOCATION_TYPE": EVENT}, unquote(match["name"]))
        else:
            return self._app(environ, start_response)
        return response.sent(start_response)

    def _answer(self, environ: dict[str, Any], name: str) -> Response:
        denials.check(environ.get("HTTP_AUTHORIZATION", ""), "InvokeFunction")
        try:
            invocation = invoke_request.read(environ, name)
            region = self._region(invocation.region)
            deployed = invoke_request.check(region.account_id, invocation)
            response = self._invoke(region, invocation, deployed)
        except Refused as refused:
            response = refused.response
        if REQUEST_ID in dict(response.headers):
            return response
        return replace(response, headers=(*response.headers, (REQUEST_ID, str(uuid.uuid4()))))

    def _invoke(self, region: LambdaRegion, invocation: Invocation, deployed: ResolvedFunction) -> Response:
        if invocation.kind == DRY_RUN:
            return Response(HTTPStatus.NO_CONTENT)
        if invocation.kind == EVENT:
            request_id = region.accept(invocation.target, invocation.payload)
            return Response(HTTPStatus.ACCEPTED, headers=((REQUEST_ID, request_id),))
        with aside():  # the handler calls the endpoint while it runs
            ran = region.invoke(invocation.target, invocation.payload, invocation.client_context)
        if ran is None:
            raise invoke_request.throttled(deployed.reserved_concurrency)
        headers = [
            (REQUEST_ID, ran.execution.request_id),
            ("X-Amz-Executed-Version", ran.deployed.version),
            (DURATION_HEADER, str(ran.outcome.occupied_seconds)),
        ]
        if ran.result.function_error:
            headers.append(("X-Amz-Function-Error", ran.result.function_error))
        if invocation.wants_log:
            headers.append(("X-Amz-Log-Result", base64.b64encode(ran.log_tail()).decode()))
        with aside():
            self._advance_to(ran.ends_at)
        return Response(HTTPStatus.OK, ran.result.payload, (("Content-Type", "application/json"), *headers))
