"""How many events a second the endpoint accepts and carries through with the real handler, beside ministack.

    .venv/bin/python benchmarks/endpoint_throughput.py [--alone] [EVENTS] [ROUNDS]

Both servers run in a process of their own on loopback and get the same handler and the same requests, one after the
other in each round. ministack (PyPI) is installed in a throw-away virtual environment. The client writes raw HTTP on
connections it keeps, so that what is measured is the server. The handler sends a byte to a socket of ours: their number
says how many events are through.
"""

from __future__ import annotations

import http.client
import io
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import boto3

CONNECTIONS = 4
PATIENCE_SECONDS = 120.0
DEFAULTS = [2_000, 3]
TRUST = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"""
HANDLER = """
import os, socket
through = socket.create_connection(("127.0.0.1", int(os.environ["THROUGH"])))
def handler(event, context):
    through.sendall(b".")
    return event
"""
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
)
HEADERS = {"X-Amz-Invocation-Type": "Event", "Authorization": AUTHORIZATION}


@dataclass(frozen=True, slots=True)
class Rates:
    """Events a second."""

    accepted: float
    carried_through: float


@dataclass(frozen=True, slots=True)
class Server:
    """A program that serves Lambda on a port."""

    name: str
    command: Callable[[int], list[str]]
    environment: Callable[[int], dict[str, str]]


OURS = Server(
    "async-lab",
    lambda port: [sys.executable, "-m", "async_lab", "local", "--clock", "real", "--port", str(port)],
    lambda _: {},
)


def ministack(directory: Path) -> Server:
    """Return ministack, installed in ``directory``."""
    venv.create(directory, with_pip=True)
    install = [str(directory / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "ministack"]
    subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    program = str(directory / "bin" / "ministack")
    return Server(
        "ministack",
        lambda _: [program],
        lambda port: {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"},
    )


@contextmanager
def serving(server: Server) -> Iterator[int]:
    """Run a server while the block runs; yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        server.command(port),
        env=os.environ | server.environment(port),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: is_open(port))
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def is_open(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll a condition; give up after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("the server did not get there in time")
        time.sleep(0.002)


class Through:
    """Counts the bytes that handlers send to ``port``."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._server.accept()
            threading.Thread(target=self._receive, args=(connection,), daemon=True).start()

    def _receive(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):  # an environment that ends may not say goodbye
            while received := connection.recv(4_096):
                with self._lock:
                    self.count += len(received)


def deploy(port: int, through: Through) -> None:
    """Make the function."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", HANDLER)
    session = boto3.Session("local", "local", region_name="us-east-1")
    client = session.client("lambda", endpoint_url=f"http://127.0.0.1:{port}")
    iam = session.client("iam", endpoint_url=f"http://127.0.0.1:{port}")
    role = iam.create_role(RoleName="benchmark", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client.create_function(
        FunctionName="benchmark",
        Role=role,
        Runtime="python3.11",
        Handler="app.handler",
        Timeout=30,
        Code={"ZipFile": package.getvalue()},
        Environment={"Variables": {"THROUGH": str(through.port)}},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="benchmark")


def send(port: int, events: int) -> None:
    """Invoke asynchronously, ``events`` times on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(events):
        connection.request("POST", "/2015-03-31/functions/benchmark/invocations", b'{"a": 1}', HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.ACCEPTED:
            sys.exit(f"refused: {answer.status}")
    connection.close()


def measure(server: Server, events: int) -> Rates:
    """Send events and wait until the handler has run for each."""
    through = Through()
    with serving(server) as port:
        deploy(port, through)
        send(port, 1)
        wait_until(lambda: through.count == 1)  # the cold start is not what is measured
        started = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as clients:
            list(clients.map(lambda _: send(port, events // CONNECTIONS), range(CONNECTIONS)))
        accepted = time.perf_counter() - started
        wait_until(lambda: through.count >= 1 + events)
        return Rates(events / accepted, events / (time.perf_counter() - started))


def main() -> None:
    """Print each round, the medians and their ratios; with ``--alone`` our own rounds, without a download."""
    is_alone = "--alone" in sys.argv
    asked = [int(argument) for argument in sys.argv[1:] if argument != "--alone"]
    events, rounds = asked + DEFAULTS[len(asked) :]
    events -= events % CONNECTIONS
    with tempfile.TemporaryDirectory() as directory:
        servers = (OURS,) if is_alone else (OURS, ministack(Path(directory)))
        rates: dict[str, list[Rates]] = {server.name: [] for server in servers}
        for number in range(1, rounds + 1):
            for server in servers:
                rates[server.name].append(measured := measure(server, events))
                print(
                    f"round {number}: {server.name:10} {measured.accepted:7.0f} accepted/s "
                    f"{measured.carried_through:7.0f} carried through/s",
                    flush=True,
                )
    if is_alone:
        return
    ours, theirs = (rates[server.name] for server in servers)
    for what, target in (("accepted", 3.0), ("carried_through", 2.0)):
        median_ours, median_theirs = (
            statistics.median(getattr(rate, what) for rate in each) for each in (ours, theirs)
        )
        print(f"{what}: {median_ours / median_theirs:.1f} times ministack (target: at least {target:.0f})")


if __name__ == "__main__":
    main()
