"""Where the lab runs. Targets differ in endpoint, credentials and clock, in nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from math import floor
from typing import TYPE_CHECKING, Any

from async_lab.observation.events import Event

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient

START_SECOND = 45
"""A run begins at this second of a minute, so that its minutes are those of the sample's pictures."""
MINUTE_SECONDS = 60
SETTLE_SECONDS = 6 * 3_600
"""How long a local run's queue may take to settle after the run: as old as an event may get."""


class Target(ABC):
    """One account in one region, and its time."""

    name: str
    account_id: str
    region: str
    session: boto3.Session
    environment: Mapping[str, str]
    """What Terraform is run with, so that its provider works on the same account and region."""
    variables: Mapping[str, str]
    """Of these, the ones that point other tools at it."""

    @property
    @abstractmethod
    def is_disposable(self) -> bool:
        """Whether everything made here goes with the target itself."""

    @abstractmethod
    def now(self) -> float:
        """Return the target's time, in epoch seconds."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Let time pass: on AWS by sleeping, on the embedded endpoint by moving its clock."""

    @abstractmethod
    def events(self, function_name: str, since: float) -> tuple[Event, ...] | None:
        """Return what became of each event that a function got since then (epoch seconds), in order of acceptance.

        None where the target doesn't tell of single events.
        """

    @abstractmethod
    def limit_account(self, concurrency: int | None) -> None:
        """Have the account this limit of concurrent executions, where it can be chosen; None for its own."""

    @abstractmethod
    def begin(self, seed: int) -> None:
        """Start the random numbers again where there are any."""

    @property
    @abstractmethod
    def data_point_delay_seconds(self) -> float:
        """How long after a minute CloudWatch may take to show it."""

    @property
    @abstractmethod
    def watch_step_seconds(self) -> float:
        """How long to wait before CloudWatch is looked at again while events are pending."""

    def client(self, service: str) -> Any:
        """Return the client of a service, with adaptive retries."""
        return self._kept(service, {"mode": "adaptive", "max_attempts": 8})

    def invoking_client(self) -> LambdaClient:
        """Return the client that sends once: an event whose answer was lost may have been accepted."""
        client: LambdaClient = self.client_that_sends_once("lambda")
        return client

    def client_that_sends_once(self, service: str) -> Any:
        """Return the client of a service that doesn't retry, for what has an event as its effect."""
        return self._kept(service, {"total_max_attempts": 1})

    def cloudwatch(self) -> CloudWatchClient:
        """Return the client that metrics are asked of."""
        client: CloudWatchClient = self.client("cloudwatch")
        return client

    @abstractmethod
    def settle(self) -> int:
        """Let queue and alarms come to rest after a run, where waiting costs nothing: the next one begins on its own.

        Returns how many events still waited after ``SETTLE_SECONDS`` and were taken out of the queue.
        """

    @property
    @abstractmethod
    def remark(self) -> str | None:
        """What the user should know of where functions run; None if there is nothing, or not yet."""

    def align(self) -> None:
        """Wait for the second of a later minute at which runs begin, so that no minute holds two runs."""
        now = self.now()
        next_minute = (floor(now / MINUTE_SECONDS) + 1) * MINUTE_SECONDS
        self.wait(next_minute + START_SECOND - now)

    def close(self) -> None:
        """Close the connections of its clients."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _kept(self, service: str, retries: Any) -> Any:
        """Return a client that is made once: that takes longer than a call."""
        from botocore.config import Config

        key = service, *retries
        if key not in self._clients:
            self._clients[key] = self._client(service, Config(retries=retries))
        return self._clients[key]

    @cached_property
    def _clients(self) -> dict[tuple[str, ...], Any]:
        """By service, and by how they retry."""
        return {}

    @abstractmethod
    def _client(self, service: str, config: Any) -> Any: ...
