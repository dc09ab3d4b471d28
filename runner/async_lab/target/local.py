"""The embedded endpoint as a target."""

from __future__ import annotations

import gc
import resource
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.observation.events import Event
from async_lab.target.base import MINUTE_SECONDS, SETTLE_SECONDS, Target
from async_lab.target.environment import (
    endpoint_variables,
    local_environment,
    session_without_users_settings,
    without_users_settings,
)
from async_lab.wording import shortened

if TYPE_CHECKING:
    from async_lab.endpoint.embedded import Endpoint

_NEEDED_FILES = 256
_WANTED_FILES = 1_024  # Lambda's own limit, which handlers get with ours
_REST_SECONDS = 600.0


class LocalTarget(Target):
    """The embedded endpoint, in virtual time."""

    name = "local"
    is_disposable = True
    data_point_delay_seconds = 0.0
    watch_step_seconds = 60.0

    def __init__(self, endpoint: Endpoint, region: str) -> None:
        self._endpoint = endpoint
        self.account_id, self.region = endpoint.account_id, region
        self.environment = local_environment(endpoint.url, region)
        self.variables = endpoint_variables(endpoint.url, region)
        self.session = session_without_users_settings(region)

    def now(self) -> float:
        """Return the endpoint's virtual time, in epoch seconds."""
        return self._endpoint.clock.now()

    def wait(self, seconds: float) -> None:
        """Move the endpoint's clock; all that is due on the way happens.

        Raises what kept a handler from running and was not its own doing, at that instant: nothing can be concluded
        from such a run.
        """
        self._endpoint.wait_or_raise(seconds)

    def events(self, function_name: str, since: float) -> tuple[Event, ...]:
        """Return what became of each event, as the endpoint saw it."""
        return tuple(
            event
            for event in self._endpoint.region(self.region).events()
            if event.function == function_name and event.accepted_at >= since
        )

    def limit_account(self, concurrency: int | None) -> None:
        """Have the endpoint's account this limit from now on."""
        self._endpoint.limit_account(concurrency)

    def settle(self) -> int:
        """Settle the queue, then let ten virtual minutes pass, more than any of the lab's alarms looks back."""
        until, purged = self.now() + SETTLE_SECONDS, 0
        while not self._endpoint.is_settled:
            if self.now() >= until:
                purged += self._endpoint.purge()  # and again, when what runs now has failed
            self.wait(MINUTE_SECONDS)
        self.wait(_REST_SECONDS)
        return purged

    @property
    def remark(self) -> str | None:
        """How handlers are kept apart, where that is less than on Lambda."""
        return self._endpoint.remark

    def begin(self, seed: int) -> None:
        """Start the endpoint's random numbers again."""
        self._endpoint.reseed(seed)

    def _client(self, service: str, config: Any) -> Any:
        from botocore.config import Config

        make: Callable[..., Any] = self.session.client
        direct = config.merge(Config(proxies={}))  # a user's proxy knows nothing of this machine
        return make(service, endpoint_url=self._endpoint.url, config=direct)


@contextmanager
def open_local(region: str, seed: int) -> Iterator[LocalTarget]:
    """Serve the embedded endpoint for as long as the block runs."""
    check_region(region)
    endpoint_class = embedded_endpoint()
    allow_open_files()
    gc.freeze()  # what is imported stays: looking through all of it again takes a tenth of a second each time
    with (
        without_users_settings(),
        endpoint_class(seed=seed) as endpoint,
        closing(LocalTarget(endpoint, region)) as target,
    ):
        yield target


def embedded_endpoint() -> type[Endpoint]:
    """Import the endpoint: without the user's settings, which moto reads already then, and without looking for garbage.

    All that is imported stays; to look through it again and again would take a seventh of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with without_users_settings():
            from async_lab.endpoint.embedded import Endpoint
    finally:
        if was_enabled:
            gc.enable()
    return Endpoint


def allow_open_files() -> None:
    """Raise the limit of open files to what the endpoint needs. Raises EnvironmentFailure when it can't be.

    Without them it would be the functions that fail, and look as if they were wrong.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _WANTED_FILES:
        return
    allowed = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
    if allowed < _NEEDED_FILES:
        raise EnvironmentFailure(
            f"This machine allows {allowed} open files, and the lab needs {_NEEDED_FILES}: allow more (ulimit -n)."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def check_region(region: str, what: str = "--region") -> None:
    """Raise UsageError for what is no region of AWS, with the one that was meant; ``what`` names where it was given."""
    session = session_without_users_settings("us-east-1")
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("lambda", partition)
    ]
    if region not in known:
        near = get_close_matches(str(region), known, n=1)
        hint = f"did you mean {near[0]}?" if near else "such as eu-west-1."
        raise UsageError(f'{what} is "{shortened(str(region))}"; it must be a region of AWS, {hint}')
