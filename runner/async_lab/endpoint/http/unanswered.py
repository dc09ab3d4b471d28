"""What moto doesn't have, and where it fails, said once and clearly, as AWS says errors.

moto answers an unknown path with a page of HTML, and an unknown action with a traceback and a 500. SDKs and Terraform
try a 500 again and again, for many minutes; what fails here would fail each time, so that all of it is a 501.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from xml.parsers.expat import ExpatError

from async_lab.endpoint import trouble
from async_lab.endpoint.access.denials import Denied
from async_lab.endpoint.http.dispatch import UnknownRegion
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import Response, collected, error_response, missing, signed_service

_LOG = logging.getLogger(__name__)
_ACTION = re.compile(r"The (?P<name>\w+) action has not been implemented")
_NOT_HERE = tuple(f"{status.value} " for status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED))
"""What Werkzeug says of a path that no service has, and of a method that a path has not."""
_FORBIDDEN = f"{HTTPStatus.FORBIDDEN.value} "
"""What moto says without a word where a bucket's policy denies an object."""
_MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"
_PAGE = b"<!doctype html>"
_SERVERS_OWN = str(HTTPStatus.INTERNAL_SERVER_ERROR.value)


class ErrorMiddleware:
    """WSGI middleware around everything that answers."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer what is answered, or say why nothing is."""
        try:
            status, headers, body = _whole(self._app, environ)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            return _why(environ, error).sent(start_response)
        if dict(headers).get("Content-Type", "").startswith("text/html"):  # moto's own unless it says otherwise
            if status.startswith(_NOT_HERE) and _is_werkzeugs(body):
                what = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
                return missing(environ, what).sent(start_response)
            if status.startswith(_SERVERS_OWN):
                _LOG.error("%s %s: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], status)
                return _failed(environ, status).sent(start_response)
        if status.startswith(_FORBIDDEN) and not any(body) and signed_service(environ) == "s3":
            return error_response(environ, HTTPStatus.FORBIDDEN, "AccessDenied", "Access Denied").sent(start_response)
        start_response(status, headers)
        return body


def _is_werkzeugs(body: list[bytes]) -> bool:
    """Whether an answer is a page of Werkzeug's, and not what moto found missing: a bucket, an object, a mapping."""
    return b"".join(body).startswith(_PAGE)


def _whole(app: WsgiApp, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], list[bytes]]:
    """Return an answer that is complete: what fails in the middle of its body has not begun to be sent."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body = collected(app(environ, lambda status, headers, _error=None: started.append((status, headers))))
    return *started[-1], body


def _why(environ: dict[str, Any], error: Exception) -> Response:
    match error:
        case NotImplementedError():
            return missing(environ, _action(error))
        case ModuleNotFoundError():  # moto's for this service, which the lab doesn't install
            return missing(environ, f"any action, for want of {error.name},")
        case ExpatError() if signed_service(environ) == "s3":
            return error_response(environ, HTTPStatus.BAD_REQUEST, "MalformedXML", _MALFORMED)
        case Denied():
            code = "AccessDenied" if signed_service(environ) == "s3" else "AccessDeniedException"
            return error_response(environ, HTTPStatus.FORBIDDEN, code, error.sentence)
        case UnknownRegion():
            return error_response(environ, HTTPStatus.BAD_REQUEST, "InvalidParameterValue", error.sentence)
        case _:
            trouble.log(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", error)
            return _failed(environ, f"{type(error).__name__}: {error}")


def _action(error: NotImplementedError) -> str:
    match = _ACTION.search(str(error))
    return match["name"].title().replace("_", "") if match else str(error)


def _failed(environ: dict[str, Any], what: str) -> Response:
    message = f"The embedded endpoint failed: {what}"
    return error_response(environ, HTTPStatus.NOT_IMPLEMENTED, "InternalFailure", message)
