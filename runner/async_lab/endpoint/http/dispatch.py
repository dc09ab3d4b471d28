"""moto's application: how it finds the service and the region of a request, and what it says when it has neither."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from moto import backends
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.routing import Rule

from async_lab.endpoint import object_versions, policies
from async_lab.endpoint.http import outgoing
from async_lab.endpoint.http.server import WsgiApp
from async_lab.endpoint.http.wire import collected
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.one_at_a_time import LOCK

_ASKED_FIRST: tuple[backends.SERVICE_NAMES, ...] = ("awslambda", "sts", "iam", "cloudwatch", "logs")
_backend_of = AccountSpecificBackend.__getitem__
_compile = Rule.compile
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


def _compile_alone(rule: Rule) -> None:
    """Compile a URL rule while no other is compiled.

    Werkzeug compiles a rule by way of Python's syntax tree, and CPython counts the depth of all trees under way in one
    number: when garbage collection lets another thread in between, both can end in "AST constructor recursion depth
    mismatch" (python/cpython#106905; seen on 3.11). moto makes a service's rules on the threads that ask for it first,
    which are as many as Terraform has.
    """
    with _compiling:
        _compile(rule)


def install() -> None:
    """Have regions that moto doesn't know named, and rules compiled one at a time; again is no harm."""
    replace(AccountSpecificBackend, "__getitem__", _backend)
    replace(Rule, "compile", _compile_alone)


def moto_application() -> DomainDispatcherApplication:
    """Return moto's application with nothing of an earlier one's state in it."""
    # moto lists its modules from disk at every request; they don't change while we run.
    modules = backends.list_of_moto_modules()
    known = frozenset(modules)
    replace(backends, "list_of_moto_modules", lambda: known)
    policies.install()
    object_versions.install()
    outgoing.install()
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
