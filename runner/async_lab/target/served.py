"""An embedded endpoint that another process serves, as a target: ``async-lab local`` in another terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from async_lab.errors import EnvironmentFailure
from async_lab.observation.events import Event
from async_lab.target.base import Target
from async_lab.target.environment import (
    LOOPBACK_NAMES,
    endpoint_variables,
    local_environment,
    session_without_users_settings,
)

_CLOCK_PATH = "/_async-lab/clock"
_ANSWER_SECONDS = 10
"""How long it may take to say its time."""


class ServedTarget(Target):
    """One region of it, in its own time."""

    name = "local"
    is_disposable = False
    data_point_delay_seconds = 0.0
    watch_step_seconds = 60.0

    def __init__(self, url: str, region: str) -> None:
        self._url, self.region = url.rstrip("/"), region
        self.environment = local_environment(self._url, region)
        self.variables = endpoint_variables(self._url, region)
        self.session = session_without_users_settings(region)
        self.account_id = self.client("sts").get_caller_identity()["Account"]

    def now(self) -> float:
        """Return the endpoint's time, in epoch seconds."""
        return clock(self._url)

    def wait(self, seconds: float) -> None:
        """Move the endpoint's clock."""
        clock(self._url, seconds)

    def begin(self, seed: int) -> None:
        """Do nothing: its seed is whose it is that serves it."""

    def limit_account(self, concurrency: int | None) -> None:
        """Do nothing: the account is whose endpoint it is."""

    def events(self, function_name: str, since: float) -> tuple[Event, ...] | None:
        """Return None: it isn't asked for single events."""

    def settle(self) -> int:
        """Do nothing: whose endpoint it is waits."""
        return 0

    @property
    def remark(self) -> None:
        """Nothing: who serves it is told."""
        return

    def _client(self, service: str, config: Any) -> Any:
        from botocore.config import Config

        make: Callable[..., Any] = self.session.client
        return make(service, endpoint_url=self._url, config=config.merge(Config(proxies={})))


def is_served(url: str) -> bool:
    """Whether an embedded endpoint answers at a URL of this machine's."""
    if urlsplit(url).hostname not in LOOPBACK_NAMES:
        return False
    try:
        clock(url.rstrip("/"))
    except EnvironmentFailure:
        return False
    return True


def clock(url: str, seconds: float | None = None) -> float:
    """Return an endpoint's time in epoch seconds, after it has moved on by ``seconds``.

    That takes as long as all handlers do that run on the way. Raises EnvironmentFailure when no embedded endpoint
    answers there.
    """
    body = None if seconds is None else b"seconds=%f" % seconds
    direct = build_opener(ProxyHandler({}))  # a user's proxy knows nothing of this machine
    try:
        with direct.open(f"{url}{_CLOCK_PATH}", body, _ANSWER_SECONDS if body is None else None) as answer:
            return float(json.load(answer)["now"])
    except (URLError, OSError, ValueError, KeyError, TypeError) as error:
        raise EnvironmentFailure(
            f"No embedded endpoint answers at {url} ({error}): start one with async-lab local."
        ) from error
