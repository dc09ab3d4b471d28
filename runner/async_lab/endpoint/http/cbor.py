"""RPC v2 CBOR, which newer SDKs speak with CloudWatch: translated to JSON on the way in, and back on the way out.

botocore has both halves: its parser reads what its serializer writes (Smithy 2.0, "Smithy RPC v2 CBOR protocol").
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from botocore.parsers import ResponseParserError, RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from moto.core.model import OperationModel, Shape
from moto.core.utils import get_service_model

from async_lab.endpoint.http import wire
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import CBOR_PROTOCOL, Response, error_response, missing

_PATH = re.compile(r"/service/(?P<target>[^/]+)/operation/(?P<operation>[^/]+)/?")
_MODELS = {"monitoring": "cloudwatch"}
"""botocore's names of the services that speak it here, by the names that requests are signed for."""
_JSON = "application/x-amz-json-1.0"


class CborTranslation:
    """WSGI middleware that lets a JSON service be spoken with in CBOR."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Translate, or pass on what isn't CBOR."""
        if environ.get("HTTP_SMITHY_PROTOCOL") != CBOR_PROTOCOL:
            return self._app(environ, start_response)
        return self._answer(environ).sent(start_response)

    def _answer(self, environ: dict[str, Any]) -> Response:
        operation = _operation(environ)
        if operation is None:
            return missing(environ, environ["PATH_INFO"])
        try:
            content = _asked(environ)
        except (ResponseParserError, OSError, EOFError, ValueError, RecursionError) as error:
            return error_response(environ, HTTPStatus.BAD_REQUEST, "SerializationException", f"No CBOR: {error}")
        started: list[tuple[str, list[tuple[str, str]]]] = []
        answered = b"".join(
            self._app(
                environ
                | {
                    "PATH_INFO": "/",
                    "CONTENT_TYPE": _JSON,
                    "CONTENT_LENGTH": str(len(content)),
                    "HTTP_CONTENT_ENCODING": "",
                    "HTTP_SMITHY_PROTOCOL": "",
                    "HTTP_X_AMZ_TARGET": f"{operation.service_model.metadata['targetPrefix']}.{operation.name}",
                    "wsgi.input": io.BytesIO(content),
                },
                lambda status, headers, _error=None: started.append((status, headers)),
            )
        )
        status = HTTPStatus(int(started[-1][0].partition(" ")[0]))
        if status >= HTTPStatus.BAD_REQUEST:
            headers = {name.lower(): value for name, value in started[-1][1]}
            said = json.loads(answered)
            code = headers.get("x-amzn-query-error", said["__type"]).partition(";")[0]
            return error_response(environ, status, code, said.get("message", ""))
        return wire.cbor_response(environ, status, _written(operation.output_shape, answered))


def _operation(environ: dict[str, Any]) -> OperationModel | None:
    match = _PATH.fullmatch(environ["PATH_INFO"])
    service = _MODELS.get(wire.signed_service(environ))
    if match is None or service is None:
        return None
    model = get_service_model(service)
    known = match["target"] == model.metadata["targetPrefix"] and match["operation"] in model.operation_names
    return model.operation_model(match["operation"]) if known else None


def _asked(environ: dict[str, Any]) -> bytes:
    """Return a request's body as JSON."""
    content = wire.body(environ)
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        content = gzip.decompress(content)
    parser = RpcV2CBORParser()
    given = parser.parse_data_item(parser.get_peekable_stream_from_bytes(content)) if content else {}
    return json.dumps(given, default=_json).encode()


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.decode()  # a blob, of which CloudWatch has none


def _written(shape: Shape | None, answered: bytes) -> bytes:
    """Return a JSON answer as CBOR."""
    if shape is None:
        return b""
    written = bytearray()
    serializer: Any = RpcV2CBORSerializer()  # writes a value by its shape, in a method that its stubs leave out
    serializer._serialize_data_item(written, _by_shape(shape, json.loads(answered or b"{}")), shape)  # noqa: SLF001
    return bytes(written)


def _by_shape(shape: Shape, value: Any) -> Any:
    """Return a JSON value in the types that the model says, without what it doesn't know."""
    match shape.type_name:
        case "structure":
            known: Mapping[str, Shape] = shape.members
            given = {name: below for name, below in value.items() if name in known and below is not None}
            found: Any = {name: _by_shape(known[name], below) for name, below in given.items()}
        case "list":
            found = [_by_shape(shape.member, item) for item in value]
        case "map":
            found = {key: _by_shape(shape.value, below) for key, below in value.items()}
        case "timestamp":
            found = datetime.fromtimestamp(value, UTC)
        case "double" | "float":
            found = float(value)
        case _:
            found = value
    return found
