"""``async-lab local`` in a process of its own, for odd requests and odd handlers, and a check that it is well."""

from __future__ import annotations

import io
import json
import signal
import socket
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from async_lab.testing.base import TRUST
from tools.campaign.checkout import Checkout

ANSWER_SECONDS = 60.0
"""So long that only what hangs takes longer, also on a busy machine."""
_GOOD = "def handler(event, context):\n    return {'well': event}\n"


@dataclass(frozen=True, slots=True)
class Served:
    """An endpoint that answers at a port of this machine, and the checkout that its process belongs to."""

    port: int
    checkout: Checkout
    role: str
    """The ARN of a role that functions can have."""

    def client(self, service: str) -> Any:
        """Return a boto3 client that asks once and not for ever."""
        return _client(service, self.port)

    def deploy(self, name: str, source: str, **settings: Any) -> None:
        """Make a function of a source, in place of one of that name."""
        client = self.client("lambda")
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_function(FunctionName=name)
        defaults = {"Role": self.role, "Runtime": "python3.13", "Handler": "app.handler", "Timeout": 5}
        client.create_function(FunctionName=name, Code={"ZipFile": _package(source)}, **(defaults | settings))

    def broken(self) -> Iterator[str]:
        """Yield why nobody can go on working with it; nothing when a good function answers and its clock moves."""
        try:
            self.deploy("good", _GOOD)
            answer = self.client("lambda").invoke(FunctionName="good", Payload=b"1")
            if json.load(answer["Payload"]) != {"well": 1}:
                yield "a good function gets a wrong answer afterward"
            clock = f"http://127.0.0.1:{self.port}/_async-lab/clock"
            with urllib.request.urlopen(clock, b"seconds=60", timeout=ANSWER_SECONDS) as moved:
                moved.read()
        except (OSError, ValueError, BotoCoreError, ClientError) as error:
            yield f"the endpoint is not well afterward: {error}"


@contextmanager
def served(checkout: Checkout) -> Iterator[Served]:
    """Serve an endpoint while the block runs. Raises RuntimeError when it does not come up, or does not end well."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = checkout.start("local", "--port", str(port))
    try:
        deadline = time.monotonic() + ANSWER_SECONDS
        while not _is_open(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the endpoint did not come up: {checkout.end(process, 1).last_words}")
            time.sleep(0.05)
        iam = _client("iam", port)
        role = iam.create_role(RoleName="campaign", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        yield Served(port, checkout, role)
    finally:
        process.send_signal(signal.SIGTERM)
        checkout.end(process)


def _client(service: str, port: int) -> Any:
    session: Any = boto3.Session("campaign", "campaign", region_name="us-east-1")
    once = Config(retries={"total_max_attempts": 1}, read_timeout=ANSWER_SECONDS, proxies={})
    return session.client(service, endpoint_url=f"http://127.0.0.1:{port}", config=once)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _package(source: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", source)
    return file.getvalue()
