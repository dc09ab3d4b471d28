"""HTTP as the endpoint's own answers need it, and Lambda's errors in their REST-JSON form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

DEFAULT_REGION = "us-east-1"

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: HTTPStatus
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def sent(self, start_response: Callable[..., Any]) -> list[bytes]:
        """Send it as WSGI does: begin, and return the body."""
        status = f"{self.status.value} {self.status.phrase}"
        start_response(status, [*self.headers, ("Content-Length", str(len(self.body)))])
        return [self.body]


class Refused(Exception):
    """A request that Lambda answers with an error."""

    def __init__(self, status: HTTPStatus, code: str, message: str, **fields: str) -> None:
        super().__init__(message)
        body = json.dumps({"Type": "User", **fields, "message": message}).encode()
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", code))
        self.response = Response(status, body, headers)


def body(environ: dict[str, Any]) -> bytes:
    """Return a request's body."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    content: bytes = environ["wsgi.input"].read(length)
    return content


def signed_region(environ: dict[str, Any]) -> str:
    """Return the region that a request's signature names."""
    match = _signed_for(environ)
    return match["region"] if match else DEFAULT_REGION


def signed_service(environ: dict[str, Any]) -> str:
    """Return the service that a request's signature names, as the SDKs sign for it: ``lambda``, ``monitoring``."""
    match = _signed_for(environ)
    return match["service"] if match else "an unsigned request"


def _signed_for(environ: dict[str, Any]) -> re.Match[str] | None:
    """Look in the header, or in a presigned URL."""
    return _SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", "")))
