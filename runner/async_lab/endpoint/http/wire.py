"""HTTP as the endpoint's own answers need it, and Lambda's errors in their REST-JSON form."""

from __future__ import annotations

import io
import json
import re
import struct
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, runtime_checkable
from urllib.parse import unquote
from xml.sax.saxutils import escape

from moto.core.utils import get_service_model

DEFAULT_REGION = "us-east-1"
REQUEST_ID = "x-amzn-RequestId"

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")


@runtime_checkable
class _Closing(Protocol):
    def close(self) -> None: ...


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


def collected(answered: Iterable[bytes]) -> list[bytes]:
    """Return the body of what an application answered, which is then closed as WSGI asks."""
    try:
        return list(answered)
    finally:
        if isinstance(answered, _Closing):
            answered.close()


class Refused(Exception):
    """A request that Lambda answers with an error."""

    def __init__(self, status: HTTPStatus, code: str, message: str, **fields: str) -> None:
        super().__init__(message)
        body = json.dumps(lambda_error(code, message) | fields).encode()
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", code))
        self.response = Response(status, body, headers)


def lambda_error(code: str, message: str) -> dict[str, str]:
    """Return the body of an error of Lambda's: its model says whether ``message`` has a capital."""
    model = get_service_model("lambda")
    if code not in model.shape_names:  # what Lambda's front says before Lambda itself has a look
        return {"message": message}
    members = model.shape_for(code).members
    return {"Type": "User", "Message" if "Message" in members else "message": message}


def body(environ: dict[str, Any]) -> bytes:
    """Return a request's body."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    content: bytes = environ["wsgi.input"].read(length)
    return content


def peeked(environ: dict[str, Any]) -> bytes:
    """Return a request's body, and leave it to whoever reads it next."""
    content = body(environ)
    environ["wsgi.input"] = io.BytesIO(content)
    return content


def signed_region(environ: dict[str, Any]) -> str:
    """Return the region that a request's signature names."""
    match = _signed_for(environ)
    return match["region"] if match else DEFAULT_REGION


def signed_service(environ: dict[str, Any]) -> str:
    """Return the service that a request's signature names, as the SDKs sign for it: ``lambda``, ``monitoring``."""
    match = _signed_for(environ)
    return match["service"] if match else "an unsigned request"


def is_signed(environ: dict[str, Any]) -> bool:
    """Whether a request says who signed it, and for which service."""
    return _signed_for(environ) is not None


def _signed_for(environ: dict[str, Any]) -> re.Match[str] | None:
    """Look in the header, or in a presigned URL."""
    return _SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", "")))


CBOR, CBOR_PROTOCOL = "application/cbor", "rpc-v2-cbor"
_ONCE_QUERY = {"monitoring", "sqs"}
"""Services that spoke the query protocol first: their SDKs want that one's error codes, whichever is spoken."""
_FORM = "application/x-www-form-urlencoded"
_S3 = "<Error><Code>{code}</Code><Message>{message}</Message></Error>"
_EC2 = "<Response><Errors>" + _S3 + "</Errors></Response>"
_QUERY = "<ErrorResponse>" + _S3 + "</ErrorResponse>"
_CBOR_MAP_OF_TWO, _CBOR_TEXT = b"\xa2", 0x7A  # RFC 8949: a text string with a length of four bytes


def error_response(environ: dict[str, Any], status: HTTPStatus, code: str, message: str) -> Response:
    """Return the answer to a request."""
    content_type, body = _content(environ, code, message)
    headers = [("Content-Type", content_type), ("x-amzn-ErrorType", code), (REQUEST_ID, str(uuid.uuid4()))]
    if content_type == CBOR:
        headers.append(("smithy-protocol", CBOR_PROTOCOL))
    if signed_service(environ) in _ONCE_QUERY:
        headers.append(("x-amzn-query-error", f"{code};Sender"))
    return Response(status, b"" if environ["REQUEST_METHOD"] == "HEAD" else body, tuple(headers))


def cbor_response(environ: dict[str, Any], status: HTTPStatus, content: bytes) -> Response:
    """Return an answer in RPC v2 CBOR."""
    headers = (("Content-Type", CBOR), ("smithy-protocol", CBOR_PROTOCOL), (REQUEST_ID, str(uuid.uuid4())))
    return Response(status, b"" if environ["REQUEST_METHOD"] == "HEAD" else content, headers)


def missing(environ: dict[str, Any], what: str) -> Response:
    """Return the answer to a request for what the endpoint doesn't have."""
    message = f"The embedded endpoint doesn't know {what} of {signed_service(environ)}."
    return error_response(environ, HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", message)


def _content(environ: dict[str, Any], code: str, message: str) -> tuple[str, bytes]:
    service, sent = signed_service(environ), environ.get("CONTENT_TYPE", "")
    if sent.startswith(CBOR) or environ.get("HTTP_SMITHY_PROTOCOL") == CBOR_PROTOCOL:
        return CBOR, _CBOR_MAP_OF_TWO + b"".join(map(_cbor_text, ("__type", code, "message", message)))
    if service == "s3" or sent.startswith(_FORM):
        form = {"s3": _S3, "ec2": _EC2}.get(service, _QUERY)
        return "text/xml", form.format(code=code, message=escape(message)).encode()
    return "application/json", json.dumps({"__type": code, "message": message}).encode()


def _cbor_text(text: str) -> bytes:
    return struct.pack(">BI", _CBOR_TEXT, len(text.encode())) + text.encode()
