"""The embedded endpoint in the foreground, for people who drive it with their own tools."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from async_lab.checkout import program
from async_lab.process.interrupts import Interrupts
from async_lab.target.environment import endpoint_variables, without_users_settings
from async_lab.target.local import allow_open_files

if TYPE_CHECKING:
    from async_lab.endpoint.embedded import Endpoint

_SLEEP_SECONDS = 0.5  # no pause(): it misses a signal that comes just before it


def exports(port: int, region: str) -> str:
    """Return the shell's lines that point the AWS CLI, Terraform and any SDK at the endpoint."""
    variables = endpoint_variables(f"http://127.0.0.1:{port}", region)
    return "\n".join(program.export(name, value) for name, value in variables.items())


@dataclass(frozen=True, slots=True)
class AllowedCallers:
    """Who may ask besides the programs of this machine."""

    hosts: tuple[str, ...] = ()
    """Names that a request's ``Host`` may have."""
    origins: tuple[str, ...] = ()
    """Origins of web pages, such as ``http://localhost:3000``."""


def serve(
    port: int,
    speed: float | None,
    seed: int,
    region: str,
    callers: AllowedCallers,
    say: Callable[[str], object],
    *,
    enforce_roles: bool = True,
) -> None:
    """Serve until Ctrl-C. Raises EnvironmentFailure when the port is taken."""
    with without_users_settings():  # moto reads its own already when it is imported
        from async_lab.endpoint.embedded import Endpoint
        from async_lab.endpoint.http.front import CLOCK_PATH

    allow_open_files()
    with (
        Interrupts() as interrupts,
        without_users_settings(),
        Endpoint(
            port=port,
            seed=seed,
            speed=speed,
            enforce_roles=enforce_roles,
            allowed_hosts=callers.hosts,
            allowed_origins=callers.origins,
        ) as endpoint,
    ):
        say(f"Serving AWS at {endpoint.url}. In another terminal:\n")
        say(exports(port, region))
        if speed is None:
            now = datetime.fromtimestamp(endpoint.clock.now(), UTC).strftime("%Y-%m-%d %H:%M:%S")
            say(f"\nIts clock stands at {now} UTC. Let ten minutes pass with:")
            say(f"  curl -d seconds=600 {endpoint.url}{CLOCK_PATH}")
        else:
            say(f"\nIts clock runs {speed:g} times as fast as the wall's.")
        with interrupts.awaited():
            say("Ctrl-C ends it, and everything in it is gone.")
            told: set[str] = set()
            while True:
                for sentence in _news(endpoint):
                    if sentence not in told:
                        told.add(sentence)
                        say(sentence)
                time.sleep(_SLEEP_SECONDS)
        say("Ended.")


def _news(endpoint: Endpoint) -> list[str]:
    """Return what the user should know of how handlers are run."""
    news = [endpoint.remark] if endpoint.remark else []
    news += endpoint.runtime_remarks
    if endpoint.failure is not None:
        news.append(f"A handler could not be run, and that is not its own doing: {endpoint.failure}")
    return news
