"""Whether the endpoint grows or slows down: memory and time per 1,000 events, the first thousand against the last.

    .venv/bin/python benchmarks/soak.py [EVENTS] [FUNCTIONS]

One endpoint in this process, in virtual time: events go round the functions with the real handler, one in ten fails
and one in a hundred crashes, an alarm watches every tenth function, and 40 minutes pass after each thousand, in which
idle environments end. What stays on purpose (metrics by the minute, log lines and streams) is memory too; that nothing
else is kept of what is over is counted in ``tests/endpoint/test_time_goes_on.py``.
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from dataclasses import dataclass

import boto3
import psutil
from botocore.config import Config

from async_lab.endpoint.embedded import Endpoint
from async_lab.target.environment import without_users_settings
from async_lab.testing.base import TRUST
from async_lab.twin import Rules

REGION = "us-east-1"
DEFAULTS = [20_000, 200]
BATCH = 1_000
PAUSE_SECONDS = 2_400.0
FAILS_EVERY, CRASHES_EVERY, WATCHED_EVERY = 10, 100, 10
HANDLER = """
import os
def handler(event, context):
    if event.get("crash"):
        os._exit(1)
    if event.get("fail"):
        raise ValueError("asked to")
    return event
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One thousand events."""

    seconds: float
    memory_mb: float
    processes: int


def package() -> bytes:
    """Return the functions' zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", HANDLER)
    return file.getvalue()


class Soak:
    """An endpoint with its functions."""

    def __init__(self, endpoint: Endpoint, functions: int) -> None:
        self.endpoint = endpoint
        self.names = [f"soak-{number}" for number in range(functions)]
        session = boto3.Session("local", "local", region_name=REGION)
        config = Config(proxies={}, retries={"total_max_attempts": 1})
        self.lambda_ = session.client("lambda", endpoint_url=endpoint.url, config=config)
        cloudwatch = session.client("cloudwatch", endpoint_url=endpoint.url, config=config)
        iam = session.client("iam", endpoint_url=endpoint.url, config=config)
        role = iam.create_role(RoleName="soak", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        code = package()
        for number, name in enumerate(self.names):
            self.lambda_.create_function(
                FunctionName=name, Role=role, Runtime="python3.11", Handler="app.handler", Code={"ZipFile": code}
            )
            if number % WATCHED_EVERY == 0:
                cloudwatch.put_metric_alarm(
                    AlarmName=name,
                    Namespace="AWS/Lambda",
                    MetricName="Errors",
                    Dimensions=[{"Name": "FunctionName", "Value": name}],
                    Statistic="Sum",
                    Period=60,
                    EvaluationPeriods=1,
                    Threshold=0,
                    ComparisonOperator="GreaterThanThreshold",
                    TreatMissingData="notBreaching",
                )

    def batch(self, first: int, count: int) -> Measured:
        """Send events, let them be carried through, and measure."""
        started = time.perf_counter()
        for number in range(first, first + count):
            payload = {"fail": number % FAILS_EVERY == 0, "crash": number % CRASHES_EVERY == 1}
            name = self.names[number % len(self.names)]
            self.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(payload).encode())
        self.endpoint.wait(PAUSE_SECONDS)
        process = psutil.Process()
        return Measured(
            time.perf_counter() - started,
            process.memory_info().rss / 1024**2,
            len(process.children(recursive=True)),
        )


def main() -> None:
    """Print every thousand events, and the first of them against the last."""
    asked = [int(argument) for argument in sys.argv[1:]]
    events, functions = asked + DEFAULTS[len(asked) :]
    measured: list[Measured] = []
    with without_users_settings(), Endpoint(rules=Rules(duplicate_rate=0.01)) as endpoint:
        soak = Soak(endpoint, functions)
        for first in range(0, events, BATCH):
            measured.append(each := soak.batch(first, min(BATCH, events - first)))
            print(
                f"{first + BATCH:7,} events: {each.seconds:6.1f} s  {each.memory_mb:7.1f} MB  "
                f"{each.processes} processes",
                flush=True,
            )
        if not endpoint.is_settled:
            sys.exit("events are left in the queue")
    first_batch, last = measured[0], measured[-1]
    grown = (last.memory_mb - first_batch.memory_mb) / max(1, len(measured) - 1)
    print(f"time per 1,000 events: {first_batch.seconds:.1f} s first, {last.seconds:.1f} s last")
    print(
        f"memory: {first_batch.memory_mb:.1f} MB first, {last.memory_mb:.1f} MB last, {grown:.2f} MB per 1,000 events"
    )


if __name__ == "__main__":
    main()
