"""What moto doesn't have, and where it fails, said once and clearly, as AWS says errors.

moto answers an unknown path with a page of HTML, and an unknown action with a traceback and a 500. SDKs and Terraform
try a 500 again and again, for many minutes; what fails here would fail each time, so that all of it is a 501.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from runner.endpoint.server import WsgiApp
from runner.endpoint.wire import Response, signed_service

_LOG = logging.getLogger(__name__)
_ACTION = re.compile(r"The (?P<name>\w+) action has not been implemented")
_NO_SUCH_PATH = f"{HTTPStatus.NOT_FOUND.value} "
_XML = "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


class Explained:
    """WSGI middleware around everything that answers."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer what moto answers, or say why it doesn't."""
        started: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            body = self._app(environ, lambda status, headers, _error=None: started.append((status, headers)))
        except NotImplementedError as error:
            response = _missing(environ, _action(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            _LOG.exception("%s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            response = _failed(environ, error)
        else:
            status, headers = started[-1]
            if not (status.startswith(_NO_SUCH_PATH) and dict(headers).get("Content-Type", "").startswith("text/html")):
                start_response(status, headers)
                return body
            response = _missing(environ, f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return response.sent(start_response)


def _action(error: NotImplementedError) -> str:
    match = _ACTION.search(str(error))
    return match["name"].title().replace("_", "") if match else str(error)


def _missing(environ: dict[str, Any], what: str) -> Response:
    message = f"The embedded endpoint doesn't know {what} of {signed_service(environ)}."
    return _error(environ, "NotImplemented", message)


def _failed(environ: dict[str, Any], error: Exception) -> Response:
    message = f"The embedded endpoint failed: {type(error).__name__}: {error}"
    return _error(environ, "InternalFailure", message)


def _error(environ: dict[str, Any], code: str, message: str) -> Response:
    """Return the error in the form that the service's SDKs read."""
    is_query = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if is_query or signed_service(environ) == "s3":
        body = _XML.format(code=code, message=escape(message)).encode()
        return Response(HTTPStatus.NOT_IMPLEMENTED, body, (("Content-Type", "text/xml"),))
    body = json.dumps({"__type": code, "message": message}).encode()
    return Response(
        HTTPStatus.NOT_IMPLEMENTED, body, (("Content-Type", "application/json"), ("x-amzn-ErrorType", code))
    )
