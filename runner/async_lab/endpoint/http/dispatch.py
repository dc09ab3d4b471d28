"""moto's application as the endpoint serves it: how it finds a request's service and region, and what is replaced.

It lists object versions with their keys encoded, and sends nothing into the world: notifications by HTTP, API
destinations and integrations stay on this machine. All of that goes through ``requests``, but for containers, which a
Docker that is installed would load and run. A test looks through moto for other ways.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from moto import backends
from moto.core.base_backend import AccountSpecificBackend
from moto.core.responses import ActionResult
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.responses import S3Response
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend
from moto.utilities.docker_utilities import DockerModel
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as NotReached
from werkzeug.routing import Rule

from async_lab.endpoint.access import identity_policies, resource_policies
from async_lab.endpoint.http import tag_limits
from async_lab.endpoint.http.loopback import is_loopback
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import collected
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.state import LOCK, aside

_ASKED_FIRST: tuple[backends.SERVICE_NAMES, ...] = ("awslambda", "sts", "iam", "cloudwatch", "logs")
_backend_of = AccountSpecificBackend.__getitem__
_compile_builder = Rule._compile_builder  # noqa: SLF001 - werkzeug's, see below
_compiling = threading.Lock()


class OneAtATime:
    """WSGI middleware before all that reads or changes what AWS holds."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass on while no other request is answered."""
        with LOCK:
            return collected(self._app(environ, start_response))


class UnknownRegion(KeyError):
    """A service isn't there in a region, as far as the SDK's own list knows."""

    def __init__(self, service: str, region: str) -> None:
        super().__init__(region)
        self.sentence = f"There is no {service} in the region '{region}'."


class Dispatcher(DomainDispatcherApplication):
    """moto's choice of a service, which says by name what it doesn't have; moto prints and fails."""

    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the service's name."""
        if host is None or host in backends.list_of_moto_modules():
            return host
        for backend, pattern in self.backend_url_patterns:
            if pattern.match(f"http://{host}"):
                return backend
        raise NotImplementedError("any action")


def _backend(backends: Any, region: str) -> Any:
    try:
        return _backend_of(backends, region)
    except UnknownRegion:
        raise
    except KeyError:
        raise UnknownRegion(backends.service_name, region) from None


def _builder_when_asked(rule: Rule, append_unknown: bool = True) -> Callable[..., Any]:
    """Return what builds URLs by a rule, and is compiled when the first is built: moto only reads them.

    Werkzeug compiles it by way of Python's syntax tree, and CPython counts the depth of all trees under way in one
    number: when garbage collection lets another thread in between, both can end in "AST constructor recursion depth
    mismatch" (python/cpython#106905; seen on 3.11). moto makes a service's rules on the threads that ask for it first,
    while whoever uses the endpoint imports a module, say, that pytest rewrites.
    """

    @cache
    def builder() -> Callable[..., Any]:
        with _compiling:
            return _compile_builder(rule, append_unknown)

    def build(itself: Rule, **values: Any) -> Any:
        return builder()(itself, **values)

    return build


def install() -> None:
    """Replace in the whole process what this module replaces of moto and of what it stands on; again is no harm."""
    replace(AccountSpecificBackend, "__getitem__", _backend)
    replace(Rule, "_compile_builder", _builder_when_asked)
    replace(S3Response, "list_object_versions", _listed)
    replace(HTTPAdapter, "send", _send_here)
    replace(SNSBackend, "subscribe", _subscribe_here)
    replace(DockerModel, "docker_client", property(_no_containers))


def moto_application() -> DomainDispatcherApplication:
    """Return moto's application with nothing of an earlier one's state in it."""
    # moto lists its modules from disk at every request; they don't change while we run.
    modules = backends.list_of_moto_modules()
    known = frozenset(modules)
    replace(backends, "list_of_moto_modules", lambda: known)
    identity_policies.install()
    resource_policies.install()
    tag_limits.install()
    install()
    moto_api_backend.reset()
    return Dispatcher(_service_application)


def preload(application: DomainDispatcherApplication) -> None:
    """Import what is asked first while its callers still start: moto does it at a service's first request."""
    for service in _ASKED_FIRST:
        with suppress(Exception), application.lock:  # who asks for it is told
            if service not in application.app_instances:
                application.app_instances[service] = _service_application(service)


def _service_application(service: backends.SERVICE_NAMES) -> Any:
    """Return moto's application of one service, for paths as they come: S3's keys may have two slashes in a row."""
    application = create_backend_app(service)
    application.url_map.merge_slashes = False
    return application


_list_object_versions = S3Response.list_object_versions
_ENCODED = ("Prefix", "Delimiter", "KeyMarker", "NextKeyMarker")  # API reference, ListObjectVersions, EncodingType


def _listed(response: S3Response) -> Any:
    """List object versions with their keys encoded, as a client asks for that is to decode them.

    moto encodes them in its other listings alone: Terraform's provider would decode ``a+b.json`` to ``a b.json``,
    delete that, and find the bucket as full as before, for ever.
    """
    if (response.querystring.get("encoding-type") or [None])[0] == "url":
        serialized = response.serialized
        response.serialized = lambda answer: serialized(
            answer if isinstance(answer.result, Exception) else ActionResult(_encoded(answer.result))
        )
    return _list_object_versions(response)


def _encoded(listing: dict[str, Any]) -> dict[str, Any]:
    names = {name: quote(listing[name]) for name in _ENCODED if listing.get(name)}
    return {
        **listing,
        **names,
        "EncodingType": "url",
        "Versions": _with_keys(listing["Versions"], "Key"),
        "DeleteMarkers": _with_keys(listing["DeleteMarkers"], "Key"),
        "CommonPrefixes": _with_keys(listing.get("CommonPrefixes") or (), "Prefix"),
    }


def _with_keys(entries: Iterable[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [entry | {name: quote(entry[name])} for entry in entries]


_BY_HTTP = {"http", "https"}
_SECONDS = 15  # doc: how long SNS waits for a subscriber
_send = HTTPAdapter.send
_subscribe = SNSBackend.subscribe


def _send_here(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **options: Any) -> Response:
    """Send each request, redirected ones among them, without a proxy, and only to where it may go."""
    if not _is_motos():
        return _send(adapter, request, *args, **options)
    if not _stays_here(request.url or ""):
        raise NotReached(f"the embedded endpoint sends nothing to {request.url}, which is not this machine")
    here = options | {"proxies": {}, "timeout": options.get("timeout") or _SECONDS}
    with aside():  # who is called may call the endpoint in turn
        return _send(adapter, request, *args, **here)


def _subscribe_here(backend: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Any:
    if protocol in _BY_HTTP and not _stays_here(endpoint):
        raise SNSInvalidParameter(
            f"Invalid parameter: Endpoint Reason: the embedded endpoint sends nothing to {endpoint}, "
            "which is not this machine"
        )
    return _subscribe(backend, topic_arn, endpoint, protocol)


def _no_containers(_model: DockerModel) -> None:
    raise NotImplementedError("containers, which moto would run")


def _stays_here(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in _BY_HTTP and is_loopback((parts.hostname or "").lower())
    except ValueError:
        return False


def _is_motos() -> bool:
    """Whether moto is among the callers."""
    frame = sys._getframe(1)  # noqa: SLF001 - CPython's, and moto's calls carry no other mark
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("moto."):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
