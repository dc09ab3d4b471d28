"""What moto would send into the world stays on this machine: notifications by HTTP, API destinations, integrations.

All of it goes through ``requests``, but for containers, which a Docker that is installed would load and run. A test
looks through moto for other ways.
"""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit

from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend
from moto.utilities.docker_utilities import DockerModel
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as NotReached

from async_lab.endpoint.http.loopback import is_loopback
from async_lab.endpoint.moto_patches import replace
from async_lab.endpoint.one_at_a_time import aside

_BY_HTTP = {"http", "https"}
_SECONDS = 15  # doc: how long SNS waits for a subscriber
_send = HTTPAdapter.send
_subscribe = SNSBackend.subscribe


def install() -> None:
    """Make it so in the whole process, for moto alone; again is no harm."""
    replace(HTTPAdapter, "send", _send_here)
    replace(SNSBackend, "subscribe", _subscribe_here)
    replace(DockerModel, "docker_client", property(_no_containers))


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
    if protocol in _BY_HTTP:
        if not _stays_here(endpoint):
            raise SNSInvalidParameter(
                f"Invalid parameter: Endpoint Reason: the embedded endpoint sends nothing to {endpoint}, "
                "which is not this machine"
            )
        if urlsplit(endpoint).scheme != protocol:
            raise SNSInvalidParameter("Invalid parameter: Endpoint must match the specified protocol")
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
