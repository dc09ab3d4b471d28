"""The requests that the endpoint answers itself: Invoke, and its own clock. All others are moto's."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from runner.endpoint.functions import FunctionNotFound, find
from runner.endpoint.invocations import Invocations
from runner.endpoint.sandbox import UnsupportedRuntime, python_version
from runner.endpoint.server import WsgiApp
from runner.twin import Target

ASYNCHRONOUS_PAYLOAD_LIMIT = 1024 * 1024  # doc: 1 MB since October 2025
SYNCHRONOUS_PAYLOAD_LIMIT = 6 * 1024 * 1024  # doc
CLOCK_PATH = "/_async-lab/clock"
DEFAULT_REGION = "us-east-1"

_INVOKE = re.compile(r"^/2015-03-31/functions/(?P<name>[^/]+)/invocations/?$")
_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/")
_ARN = re.compile(r"^arn:[^:]+:lambda:(?P<region>[^:]+):\d+:function:(?P<name>[^:]+)(:(?P<qualifier>[^:]+))?$")
_PARTIAL_ARN = re.compile(r"^(\d+:function:)?(?P<name>[^:]+)(:(?P<qualifier>[^:]+))?$")


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """A request that Lambda answers with an error, in its REST-JSON form."""

    def __init__(self, status: str, code: str, message: str, **fields: str) -> None:
        super().__init__(message)
        body = json.dumps({"Type": "User", **fields, "message": message}).encode()
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", code))
        self.response = Response(status, body, headers)


@dataclass(frozen=True, slots=True)
class Invocation:
    """What an Invoke request asks for."""

    region: str
    target: Target
    kind: str
    payload: bytes
    wants_log: bool


class Front:
    """WSGI middleware before moto's application."""

    def __init__(
        self,
        app: WsgiApp,
        region: Callable[[str], Invocations],
        now: Callable[[], float],
        advance: Callable[[float], None],
        advance_to: Callable[[float], None],
    ) -> None:
        self._app, self._region, self._now = app, region, now
        self._advance, self._advance_to = advance, advance_to

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or pass on to moto."""
        path = environ["PATH_INFO"]
        if path == CLOCK_PATH:
            response = self._clock(environ)
        elif environ["REQUEST_METHOD"] == "POST" and (match := _INVOKE.match(path)):
            response = self._answer(environ, unquote(match["name"]))
        else:
            return self._app(environ, start_response)
        start_response(response.status, [*response.headers, ("Content-Length", str(len(response.body)))])
        return [response.body]

    def _answer(self, environ: dict[str, Any], name: str) -> Response:
        try:
            invocation = read(environ, name)
            check(self._region(invocation.region).account_id, invocation)
            return self._invoke(invocation)
        except Refused as refused:
            return refused.response

    def _invoke(self, invocation: Invocation) -> Response:
        region = self._region(invocation.region)
        if invocation.kind == "DryRun":
            return Response("204 No Content")
        if invocation.kind == "Event":
            request_id = region.accept(invocation.target, invocation.payload)
            return Response("202 Accepted", headers=(("x-amzn-RequestId", request_id),))
        return self._synchronous(region, invocation)

    def _synchronous(self, region: Invocations, invocation: Invocation) -> Response:
        ran = region.invoke(invocation.target, invocation.payload)
        if ran is None:
            raise Refused(
                "429 Too Many Requests",
                "TooManyRequestsException",
                "Rate Exceeded.",
                Reason="ReservedFunctionConcurrentInvocationLimitExceeded",
            )  # snapshot
        headers = [("x-amzn-RequestId", ran.execution.request_id), ("X-Amz-Executed-Version", ran.deployed.version)]
        if ran.result.function_error:
            headers.append(("X-Amz-Function-Error", ran.result.function_error))
        if invocation.wants_log:
            headers.append(("X-Amz-Log-Result", base64.b64encode(ran.log_tail()).decode()))
        self._advance_to(ran.ends_at)
        return Response("200 OK", ran.result.payload, (("Content-Type", "application/json"), *headers))

    def _clock(self, environ: dict[str, Any]) -> Response:
        if environ["REQUEST_METHOD"] == "POST":
            try:
                seconds = float(parse_qs(_body(environ).decode())["seconds"][0])
            except (KeyError, ValueError):
                return Response("400 Bad Request", b'{"message": "POST seconds=N, a number of seconds to let pass"}\n')
            self._advance(seconds)
        return Response("200 OK", json.dumps({"now": self._now()}).encode() + b"\n")


def read(environ: dict[str, Any], name: str) -> Invocation:
    """Return what an Invoke request asks for; its function may be given by name, ARN or partial ARN."""
    match = _ARN.match(name) or _PARTIAL_ARN.match(name)
    if match is None:
        raise Refused("400 Bad Request", "InvalidParameterValueException", f"Invalid function name: {name}")
    query = parse_qs(environ.get("QUERY_STRING", ""))
    qualifier = query.get("Qualifier", [match["qualifier"] or ""])[0]
    return Invocation(
        region=signed_region(environ),
        target=Target(match["name"], qualifier),
        kind=environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse"),
        payload=_body(environ),
        wants_log=environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail",
    )


def check(account_id: str, invocation: Invocation) -> None:
    """Refuse what Lambda refuses at the door: no such function, a payload too large or not JSON."""
    target = invocation.target
    try:
        deployed = find(account_id, invocation.region, target.function, target.qualifier or None)
    except FunctionNotFound as error:
        raise Refused("404 Not Found", "ResourceNotFoundException", str(error)) from error
    try:
        python_version(deployed.deployment.runtime)
    except UnsupportedRuntime as error:
        raise Refused("400 Bad Request", "InvalidRuntimeException", str(error)) from error
    limit = ASYNCHRONOUS_PAYLOAD_LIMIT if invocation.kind == "Event" else SYNCHRONOUS_PAYLOAD_LIMIT
    if len(invocation.payload) > limit:
        message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        raise Refused("413 Request Entity Too Large", "RequestTooLargeException", message)
    try:
        json.loads(invocation.payload or b"{}")
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise Refused("400 Bad Request", "InvalidRequestContentException", message) from error
    if deployed.state != "Active":
        message = f"The operation cannot be performed at this time. The function is currently in state {deployed.state}"
        raise Refused("409 Conflict", "ResourceConflictException", message)


def signed_region(environ: dict[str, Any]) -> str:
    """Return the region that a request's signature names."""
    match = _SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION", ""))
    return match["region"] if match else DEFAULT_REGION


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length)
    return body
