"""How moto finds the service and the region of a request, and what it says when it has neither."""

from __future__ import annotations

from typing import Any

from moto import backends
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

_backend_of = AccountSpecificBackend.__getitem__


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


def install() -> None:
    """Let moto say which region it doesn't know; again is no harm."""
    AccountSpecificBackend.__getitem__ = _backend


def _backend(backends: Any, region: str) -> Any:
    try:
        return _backend_of(backends, region)
    except UnknownRegion:
        raise
    except KeyError:
        raise UnknownRegion(backends.service_name, region) from None
