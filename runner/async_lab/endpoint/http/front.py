"""The requests that the endpoint answers itself: Invoke, and its own clock. All others are moto's."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from math import isfinite
from typing import Any
from urllib.parse import parse_qs, unquote

from async_lab.endpoint.functions import ResolvedFunction
from async_lab.endpoint.http import wire
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import REQUEST_ID, Refused, Response
from async_lab.endpoint.invocation import invoke_request
from async_lab.endpoint.invocation.invocations import LambdaRegion
from async_lab.endpoint.invocation.invoke_request import DRY_RUN, EVENT, Invocation
from async_lab.endpoint.sandbox import DURATION_HEADER

CLOCK_PATH = "/_async-lab/clock"
MOST_SECONDS = 31 * 24 * 3_600
"""That the clock moves in one request: every minute of it is lived through."""

_INVOKE = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations/?")
_INVOKE_ASYNC = re.compile(r"/2014-11-13/functions/(?P<name>[^/]+)/invoke-async/?")


class InvokeMiddleware:
    """WSGI middleware before moto's application."""

    def __init__(
        self,
        app: WsgiApp,
        region: Callable[[str], LambdaRegion],
        now: Callable[[], float],
        advance: Callable[[float], None],
        advance_to: Callable[[float], None],
    ) -> None:
        self._app, self._region, self._now = app, region, now
        self._advance, self._advance_to = advance, advance_to

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or pass on to moto."""
        path, is_post = environ["PATH_INFO"], environ["REQUEST_METHOD"] == "POST"
        if path == CLOCK_PATH:
            response = self._clock(environ)
        elif is_post and (match := _INVOKE.fullmatch(path)):
            response = self._answer(environ, unquote(match["name"]))
        elif is_post and (match := _INVOKE_ASYNC.fullmatch(path)):  # deprecated, and the same as an Event
            response = self._answer(environ | {"HTTP_X_AMZ_INVOCATION_TYPE": EVENT}, unquote(match["name"]))
        else:
            return self._app(environ, start_response)
        return response.sent(start_response)

    def _answer(self, environ: dict[str, Any], name: str) -> Response:
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
        self._advance_to(ran.ends_at)
        return Response(HTTPStatus.OK, ran.result.payload, (("Content-Type", "application/json"), *headers))

    def _clock(self, environ: dict[str, Any]) -> Response:
        if environ["REQUEST_METHOD"] == "POST":
            try:
                seconds = float(parse_qs(wire.body(environ).decode())["seconds"][0])
                if not (isfinite(seconds) and 0 <= seconds <= MOST_SECONDS):
                    raise ValueError(seconds)  # noqa: TRY301 - refused like what is no number
            except (KeyError, ValueError):
                return Response(
                    HTTPStatus.BAD_REQUEST,
                    b'{"message": "POST seconds=N, a number of seconds to let pass, at most %d (31 days)."}\n'
                    % MOST_SECONDS,
                )
            self._advance(seconds)
        return Response(HTTPStatus.OK, json.dumps({"now": self._now()}).encode() + b"\n")
