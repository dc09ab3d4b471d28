"""The embedded endpoint in the foreground, for people who drive it with their own tools."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from async_lab.checkout import program
from async_lab.process.interrupts import Interrupts
from async_lab.target.environment import endpoint_variables, local_environment, without_users_settings
from async_lab.target.local import allow_open_files, embedded_endpoint
from async_lab.testing.terraform import Workspaces, check

if TYPE_CHECKING:
    from async_lab.endpoint.embedded import Endpoint

_SLEEP_SECONDS = 0.5  # no pause(): it misses a signal that comes just before it


@dataclass(frozen=True, slots=True)
class AllowedCallers:
    """Who may ask besides the programs of this machine."""

    hosts: tuple[str, ...] = ()
    """Names that a request's ``Host`` may have."""
    origins: tuple[str, ...] = ()
    """Origins of web pages, such as ``http://localhost:3000``."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is done and said as soon as it answers."""

    region: str
    form: program.Format
    terraform: Path | None
    """A directory to apply."""

    def variables(self, url: str) -> str:
        """Return what points the AWS CLI, Terraform and any SDK at the endpoint."""
        return program.printed(endpoint_variables(url, self.region), self.form)

    def apply(self, url: str, resources: ExitStack, say: Callable[[str], object]) -> None:
        """Apply the directory. Raises UsageError when there is no Terraform in it, EnvironmentFailure when it fails."""
        if self.terraform is None:
            return
        say(f"Applying {self.terraform} …")
        workspace = Workspaces(local_environment(url, self.region), resources).of(self.terraform)
        outputs = workspace.apply({})
        say(f"Applied. Its outputs: {json.dumps(outputs, ensure_ascii=True)}\n")


def serve(
    port: int,
    speed: float | None,
    seed: int,
    callers: AllowedCallers,
    opening: Opening,
    say: Callable[[str], object],
    *,
    enforce_roles: bool = True,
) -> None:
    """Serve until Ctrl-C. Raises EnvironmentFailure when the port is taken, UsageError for a wrong directory."""
    if opening.terraform is not None:
        check(opening.terraform)
    endpoint_class = embedded_endpoint()
    from async_lab.endpoint.http.own import CLOCK_PATH

    allow_open_files()
    with (
        Interrupts() as interrupts,
        without_users_settings(),
        ExitStack() as resources,
        endpoint_class(
            port=port,
            seed=seed,
            speed=speed,
            enforce_roles=enforce_roles,
            allowed_hosts=callers.hosts,
            allowed_origins=callers.origins,
        ) as endpoint,
    ):
        opening.apply(endpoint.url, resources, say)
        say(f"Serving AWS at {endpoint.url}. In another terminal:\n")
        say(opening.variables(endpoint.url))
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
    news = endpoint.remarks
    if endpoint.failure is not None:
        news.append(f"A handler could not be run, and that is not its own doing: {endpoint.failure}")
    return news
