"""What moto doesn't have, and where it fails, said once and clearly, as AWS says errors.

moto answers an unknown path with a page of HTML, and an unknown action with a traceback and a 500. SDKs and Terraform
try a 500 again and again, for many minutes; what fails here would fail each time, so that all of it is a 501.

A wrong value fails in moto where it is used, as any Python does. Who sent it is told so, and gets no traceback: those
are for failures of the endpoint's own.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from xml.parsers.expat import ExpatError

from async_lab.endpoint import trouble
from async_lab.endpoint.access.denials import Denied
from async_lab.endpoint.http import api_call
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
                return _not_taken(environ, status).sent(start_response)
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
        case NotImplementedError() | ModuleNotFoundError():
            return missing(environ, _absent(error))
        case ExpatError() if signed_service(environ) == "s3":
            return error_response(environ, HTTPStatus.BAD_REQUEST, "MalformedXML", _MALFORMED)
        case Denied():
            code = "AccessDenied" if signed_service(environ) == "s3" else "AccessDeniedException"
            return error_response(environ, HTTPStatus.FORBIDDEN, code, error.sentence)
        case UnknownRegion():
            return error_response(environ, HTTPStatus.BAD_REQUEST, "InvalidParameterValue", error.sentence)
    if _is_motos(error):
        return _of_motos(environ, error)
    trouble.log(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", error)
    return _failed(environ, f"{type(error).__name__}: {error}")


def _absent(error: NotImplementedError | ModuleNotFoundError) -> str:
    if isinstance(error, ModuleNotFoundError):  # moto's for this service, which the lab doesn't install
        return f"any action, for want of {error.name},"
    match = _ACTION.search(str(error))
    return match["name"].title().replace("_", "") if match else str(error)


def _is_motos(error: Exception) -> bool:
    """Whether it was moto that failed, or what it called, and none of ours that moto called."""
    frames = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__))
    whose = [name.partition(".")[0] for name in frames]
    return next((name for name in reversed(whose) if name in {"async_lab", "moto"}), "") == "moto"


_NOT_FOUND = {"kms": "NotFoundException", "sns": "NotFound", "iam": "NoSuchEntity", "ssm": "DoesNotExistException"}
"""Codes of services for what isn't there; elsewhere it is ``ResourceNotFoundException``."""


def _of_motos(environ: dict[str, Any], error: Exception) -> Response:
    """Return the answer to a call that moto failed at: with the value at which it did, where the error has that."""
    _LOG.debug("%s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], exc_info=error)
    named = _named(environ, error)
    if named is None:
        return _not_taken(environ, f"{type(error).__name__}: {error}")
    member, value = named
    if isinstance(error, KeyError):
        code = _NOT_FOUND.get(signed_service(environ), "ResourceNotFoundException")
        sentence = f"{api_call.operation(environ)} finds no {value!r}, which is its {member}."
    else:
        code, sentence = "ValidationException", f"{api_call.operation(environ)} can't have {value!r} as {member}."
    return error_response(environ, HTTPStatus.BAD_REQUEST, code, sentence)


def _named(environ: dict[str, Any], error: Exception) -> tuple[str, str] | None:
    """Return the member of a request, and its value, that an error names; None where it names none."""
    call = api_call.asked(environ)
    given = call.parameters.items() if call else ()
    texts = ((member, value) for member, value in given if isinstance(value, str) and value)
    return next((each for each in texts if repr(each[1]) in str(error)), None)


def _not_taken(environ: dict[str, Any], why: str) -> Response:
    """Return the answer to a call that moto began and could not finish."""
    what = f"{api_call.operation(environ)} of {signed_service(environ)}"
    sentence = (
        f"The embedded endpoint couldn't do this call of {what}: a value in it may be wrong, "
        f"or one that it doesn't take ({why})."
    )
    _LOG.warning("%s", sentence)
    return error_response(environ, HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", sentence)


def _failed(environ: dict[str, Any], what: str) -> Response:
    message = f"The embedded endpoint failed: {what}"
    return error_response(environ, HTTPStatus.NOT_IMPLEMENTED, "InternalFailure", message)
