"""Invoke, which the endpoint answers itself, in the words that public issues quote. All other requests are moto's."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from async_lab.endpoint import json_text
from async_lab.endpoint.access import denials
from async_lab.endpoint.functions import FunctionNotFound, ResolvedFunction, find, requests
from async_lab.endpoint.functions.requests import LATEST
from async_lab.endpoint.http import wire
from async_lab.endpoint.http.event_stream import streamed
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import REQUEST_ID, Refused, Response
from async_lab.endpoint.invocation.invocations import LambdaRegion
from async_lab.endpoint.sandbox import DURATION_HEADER, UnsupportedRuntime, python_version
from async_lab.endpoint.state import aside
from async_lab.twin import FunctionRef

ASYNCHRONOUS_PAYLOAD_LIMIT = 1024 * 1024  # doc: 1 MB since October 2025
SYNCHRONOUS_PAYLOAD_LIMIT = 6 * 1024 * 1024  # doc

EVENT, REQUEST_RESPONSE, DRY_RUN = "Event", "RequestResponse", "DryRun"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What an Invoke request asks for."""

    region: str
    target: FunctionRef
    kind: str
    payload: bytes
    wants_log: bool = False
    client_context: str | None = None
    """JSON; for synchronous calls alone, an event's is ignored (capture)."""


def read(environ: dict[str, Any], called: str) -> Invocation:
    """Return what an Invoke request asks for; ``called`` is what its path calls the function. Raises Refused."""
    kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", REQUEST_RESPONSE)
    region, query = wire.signed_region(environ), parse_qs(environ.get("QUERY_STRING", ""))
    return Invocation(
        region=region,
        target=target(called, query.get("Qualifier", [""])[0], region),
        kind=kind,
        payload=wire.body(environ),
        wants_log=environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail",
        client_context=_client_context(environ),
    )


def target(called: str, qualifier: str, region: str) -> FunctionRef:
    """Return whom a request is for, by the function's name, ARN or partial ARN and the qualifier beside it."""
    function = requests.read_name(called)
    if function is None:
        raise _invalid(
            "ValidationException",
            f"1 validation error detected: Value '{called}' at 'functionName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern for a function's name or ARN",
        )
    named = function.qualifier or ""
    if named and qualifier and named != qualifier:
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise _invalid("InvalidParameterValueException", message)
    if (function.region or region) != region:
        raise _not_found(f"Functions from '{function.region}' are not reachable in this region ('{region}')")
    return FunctionRef(function.name, qualifier or named)


def check(account_id: str, invocation: Invocation) -> ResolvedFunction:
    """Return the function that is asked for, or refuse what Lambda does: nobody there, a payload it doesn't take."""
    called = invocation.target
    try:
        deployed = find(account_id, invocation.region, called.function, called.qualifier or None)
    except FunctionNotFound as error:
        raise _not_found(str(error) if called.qualifier else f"{error}:{LATEST}") from error
    _check_payload(invocation)
    _check_function(deployed)
    return deployed


def throttled(reserved_concurrency: int | None) -> Refused:
    """Return the answer to a synchronous call that finds no concurrency left (snapshot; the account's reason: doc)."""
    whose = "" if reserved_concurrency is None else "ReservedFunction"
    return Refused(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TooManyRequestsException",
        "Rate Exceeded.",
        Reason=f"{whose}ConcurrentInvocationLimitExceeded",
    )


def _check_payload(invocation: Invocation) -> None:
    limit = ASYNCHRONOUS_PAYLOAD_LIMIT if invocation.kind == EVENT else SYNCHRONOUS_PAYLOAD_LIMIT
    if len(invocation.payload) > limit:
        message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestTooLargeException", message)
    try:
        json_text.read(invocation.payload or b"{}")
    except ValueError as error:
        raise _invalid("InvalidRequestContentException", f"Could not parse request body into json: {error}") from error


def _check_function(deployed: ResolvedFunction) -> None:
    try:
        python_version(deployed.deployment.runtime)
    except UnsupportedRuntime as error:
        raise _invalid("InvalidRuntimeException", str(error)) from error
    if deployed.state != "Active":
        raise Refused(
            HTTPStatus.CONFLICT,
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: "
            f"{deployed.state}",
        )


def _client_context(environ: Mapping[str, Any]) -> str | None:
    """Decode the header that carries it (API reference, Invoke)."""
    encoded = environ.get("HTTP_X_AMZ_CLIENT_CONTEXT")
    if not encoded:
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError as error:
        raise _invalid(
            "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON."
        ) from error


def _invalid(code: str, message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, code, message)


def _not_found(message: str) -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", message)


_INVOKE = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations/?")
_INVOKE_STREAM = re.compile(r"/2021-11-15/functions/(?P<name>[^/]+)/response-streaming-invocations/?")
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
        elif is_post and (match := _INVOKE_STREAM.fullmatch(path)):
            response = streamed(self._answer(environ, unquote(match["name"])))
        elif is_post and (match := _INVOKE_ASYNC.fullmatch(path)):  # deprecated, and the same as an Event
            response = self._answer(environ | {"HTTP_X_AMZ_INVOCATION_TYPE": EVENT}, unquote(match["name"]))
        else:
            return self._app(environ, start_response)
        return response.sent(start_response)

    def _answer(self, environ: dict[str, Any], name: str) -> Response:
        denials.check(environ.get("HTTP_AUTHORIZATION", ""), "InvokeFunction")
        try:
            invocation = read(environ, name)
            region = self._region(invocation.region)
            deployed = check(region.account_id, invocation)
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
            raise throttled(deployed.reserved_concurrency)
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
