"""Which region and service a request is signed for. Signatures aren't checked, but moto goes by what they name.

What names no region of AWS, or can't be read, AWS refuses with a 400; moto would fail somewhere, or play S3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from moto.core.base_backend import AccountSpecificBackend

from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import Response, error_response

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
