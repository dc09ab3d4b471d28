"""An error in the form that a service's SDKs read, whichever protocol the request speaks."""

from __future__ import annotations

import json
import struct
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from async_lab.endpoint.http.wire import Response, signed_service

_CBOR = "application/cbor"
_FORM = "application/x-www-form-urlencoded"
_S3 = "<Error><Code>{code}</Code><Message>{message}</Message></Error>"
_EC2 = "<Response><Errors>" + _S3 + "</Errors></Response>"
_QUERY = "<ErrorResponse>" + _S3 + "</ErrorResponse>"
_CBOR_MAP_OF_TWO, _CBOR_TEXT = b"\xa2", 0x7A  # RFC 8949: a text string with a length of four bytes


def response(environ: dict[str, Any], status: HTTPStatus, code: str, message: str) -> Response:
    """Return the answer to a request."""
    content_type, body = _content(environ, code, message)
    headers = [("Content-Type", content_type), ("x-amzn-ErrorType", code)]
    if content_type == _CBOR:
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return Response(status, b"" if environ["REQUEST_METHOD"] == "HEAD" else body, tuple(headers))


def _content(environ: dict[str, Any], code: str, message: str) -> tuple[str, bytes]:
    service, sent = signed_service(environ), environ.get("CONTENT_TYPE", "")
    if sent.startswith(_CBOR) or environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return _CBOR, _CBOR_MAP_OF_TWO + b"".join(map(_cbor_text, ("__type", code, "message", message)))
    if service == "s3" or sent.startswith(_FORM):
        form = {"s3": _S3, "ec2": _EC2}.get(service, _QUERY)
        return "text/xml", form.format(code=code, message=escape(message)).encode()
    return "application/json", json.dumps({"__type": code, "message": message}).encode()


def _cbor_text(text: str) -> bytes:
    return struct.pack(">BI", _CBOR_TEXT, len(text.encode())) + text.encode()
