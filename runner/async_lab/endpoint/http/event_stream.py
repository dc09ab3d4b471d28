"""A function's answer as a stream of events, as InvokeWithResponseStream gives it.

A handler of Python's can't stream, on Lambda neither, so that all of its payload is one event. The format of events is
that of AWS's SDKs (Amazon Transcribe developer guide, "Event stream encoding").
"""

from __future__ import annotations

import json
import struct
from binascii import crc32
from http import HTTPStatus

from async_lab.endpoint.http.wire import Response

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_LOG_RESULT, _FUNCTION_ERROR = "X-Amz-Log-Result", "X-Amz-Function-Error"
_TEXT = 7  # the kind of a header's value


def streamed(invoked: Response) -> Response:
    """Return the answer to Invoke as a stream; one that invoked nothing stays as it is."""
    if invoked.status != HTTPStatus.OK:
        return invoked
    headers = dict(invoked.headers)
    complete = {}
    if _LOG_RESULT in headers:
        complete["LogResult"] = headers.pop(_LOG_RESULT)
    chunks = [_event("PayloadChunk", "application/octet-stream", invoked.body)]
    if error := headers.pop(_FUNCTION_ERROR, None):
        complete |= {"ErrorCode": error, "ErrorDetails": invoked.body.decode(errors="replace")}
        chunks = []
    chunks.append(_event("InvokeComplete", "application/json", json.dumps(complete).encode()))
    return Response(invoked.status, b"".join(chunks), tuple((headers | {"Content-Type": CONTENT_TYPE}).items()))


def _event(kind: str, content_type: str, payload: bytes) -> bytes:
    """Return one message: its lengths and their checksum, headers, payload, and the checksum of it all."""
    said = {":event-type": kind, ":content-type": content_type, ":message-type": "event"}
    headers = b"".join(_header(name, value) for name, value in said.items())
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def _header(name: str, value: str) -> bytes:
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", _TEXT, len(value)) + value.encode()
