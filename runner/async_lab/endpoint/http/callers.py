"""Who may ask: programs of this machine and no web page, for a service in a region of AWS.

A page that a browser shows can send requests to loopback too, either to a name of its own that it lets point here (DNS
rebinding), which the ``Host`` header then has, or across origins, which ``Origin`` and ``Sec-Fetch-Site`` say. Many of
them need no preflight. Neither header can be set or left out by a page's own code.

Signatures aren't checked, but moto goes by what they name. What names no region of AWS, or can't be read, AWS refuses
with a 400; moto would fail somewhere, or play S3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from moto.core.base_backend import AccountSpecificBackend

from async_lab.endpoint.http.loopback import is_loopback
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import Response, error_response

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\s:\[\]/@,]+)(:\d{1,5})?")
_NO_OTHER_PAGE = {"same-origin", "none"}  # "none": typed into the address bar
_CORS = "access-control-"


class LocalCallers:
    """WSGI middleware that turns away whoever may not ask, before anything else looks at the request.

    ``hosts`` are names under which the endpoint may be addressed besides loopback's own, ``origins`` those of pages
    that may call it, such as ``http://localhost:3000``.
    """

    def __init__(self, app: WsgiApp, hosts: Collection[str] = (), origins: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origin.lower() for origin in origins)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass on, or answer 403."""
        page = environ.get("HTTP_ORIGIN", "")
        is_allowed_page = page.lower() in self._origins
        if why := self._refusal(environ, is_allowed_page=is_allowed_page):
            return Response(
                HTTPStatus.FORBIDDEN, f"{why}\n".encode(), (("Content-Type", "text/plain; charset=utf-8"),)
            ).sent(start_response)
        if is_allowed_page and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            return Response(HTTPStatus.NO_CONTENT, headers=_leave(page, environ)).sent(start_response)
        return self._app(environ, _with_cors(start_response, _leave(page, environ) if is_allowed_page else ()))

    def _refusal(self, environ: dict[str, Any], *, is_allowed_page: bool) -> str | None:
        host = environ.get("HTTP_HOST", "")
        if not self._is_ours(host):
            return (
                f"async-lab answers requests to this machine's loopback names only, and this one's Host is {host!r}: "
                "allow it with --allow-host."
            )
        origin = environ.get("HTTP_ORIGIN")
        if is_allowed_page:
            return None
        if origin is not None and not _is_same(origin, host, environ["wsgi.url_scheme"]):
            return f"async-lab answers no web page, and this is one of {origin!r}: allow it with --allow-origin."
        if environ.get("HTTP_SEC_FETCH_SITE", "none") not in _NO_OTHER_PAGE:
            return "async-lab answers no web page, and this is sent by one: allow its origin with --allow-origin."
        return None

    def _is_ours(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match["name"].lower().removesuffix(".")
        return name in self._hosts or is_loopback(name)


def _is_same(origin: str, host: str, scheme: str) -> bool:
    parts = urlsplit(origin.lower())
    return (parts.scheme, parts.netloc) == (scheme, host.lower())


def _leave(page: str, environ: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers with which a browser lets a page of that origin ask, and read the answer."""
    wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "*")
    return (
        ("Access-Control-Allow-Origin", page),
        ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("Access-Control-Allow-Headers", wanted),
        ("Access-Control-Expose-Headers", "*"),
        ("Vary", "Origin"),
    )


def _with_cors(start_response: Callable[..., Any], leave: tuple[tuple[str, str], ...]) -> Callable[..., Any]:
    """Put these headers in the place of moto's, which lets every page read every answer."""

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        others = [header for header in headers if not header[0].lower().startswith(_CORS)]
        return start_response(status, [*others, *leave], *more)

    return start


_SCOPE = re.compile(
    r"[^/\s,]+(/[^/\s,]+)*/\d{8}/(?P<region>[a-z0-9-]+)/(?P<service>[A-Za-z0-9][A-Za-z0-9._-]*)/aws4_request"
)
_SIGNED = re.compile(r"AWS4-HMAC-SHA256\s+(?:.*[\s,])?Credential=(?P<scope>[^\s,]*)")
_SIGNED_OTHERWISE = re.compile(r"AWS4-ECDSA-P256-SHA256\s+\S+.*|AWS\s+[^\s:]+:\S+")  # many regions; S3's version 2
_MOTOS_OWN = "/moto-api"


class Scoped:
    """WSGI middleware that lets requests for a service in a region through, signed or not."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass on, or say what is wrong."""
        refused = _closed(environ) or _refusal(environ)
        return refused.sent(start_response) if refused else self._app(environ, start_response)


def _closed(environ: dict[str, Any]) -> Response | None:
    """Return the answer to whoever asks for moto's own pages, which show, change and reset everything."""
    if not environ["PATH_INFO"].startswith(_MOTOS_OWN):
        return None
    sentence = b"async-lab closes moto's own pages: ask with an AWS SDK, the AWS CLI or Terraform.\n"
    return Response(HTTPStatus.NOT_FOUND, sentence, (("Content-Type", "text/plain; charset=utf-8"),))


def _refusal(environ: dict[str, Any]) -> Response | None:
    authorization = environ.get("HTTP_AUTHORIZATION", "").strip()
    if not authorization:
        named = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).get("X-Amz-Credential")
        return None if named is None else _refusal_of_scope(environ, named[0], presigned=True)
    if match := _SIGNED.match(authorization):
        return _refusal_of_scope(environ, match["scope"])
    if _SIGNED_OTHERWISE.fullmatch(authorization):
        return None
    return _refused(environ, "Authorization header requires a 'Credential' of 'AWS4-HMAC-SHA256'.")


def _refusal_of_scope(environ: dict[str, Any], scope: str, *, presigned: bool = False) -> Response | None:
    match = _SCOPE.fullmatch(scope)
    if match is None:
        sentence = f"Credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request, and is '{scope}'."
        return _refused(environ, sentence, is_presigned=presigned)
    if match["region"] not in _regions():
        sentence = f"Credential should be scoped to a valid region, not '{match['region']}'."
        return _refused(environ, sentence, is_presigned=presigned)
    return None


def _refused(environ: dict[str, Any], sentence: str, *, is_presigned: bool = False) -> Response:
    """Return AWS's error: S3 has codes of its own for it."""
    is_s3 = "/s3/" in environ.get("HTTP_AUTHORIZATION", "")
    code = "AuthorizationHeaderMalformed" if is_s3 else "IncompleteSignature"
    if is_presigned:
        code = "AuthorizationQueryParametersError"
    return error_response(environ, HTTPStatus.BAD_REQUEST, code, sentence)


@cache
def _regions() -> frozenset[str]:
    session = AccountSpecificBackend.get_session()
    partitions = session.get_available_partitions()
    return frozenset(name for each in partitions for name in session.get_available_regions("lambda", each))
