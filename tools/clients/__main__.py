"""Make the calls: ``python -m tools.clients``. Exit code 1 when one of them went wrong."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from async_lab.endpoint.embedded import Endpoint
from async_lab.testing.base import TRUST

ROOT = Path(__file__).parents[2]
CLI, NODE = ROOT / "build/clients/cli/bin/aws", ROOT / "build/clients/node"
ROLE = "arn:aws:iam::123456789012:role/client"
HANDLER = "def handler(event, context):\n    print('seen', event)\n    return event\n"
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Failed(Exception):
    """A call went wrong, and how."""


def main() -> int:
    """Call with each client that is installed; return the exit code."""
    if not CLI.exists():
        sys.stderr.write("The AWS CLI isn't there: `make test-clients` installs it.\n")
        return 3
    with Endpoint() as endpoint, tempfile.TemporaryDirectory() as folder:
        package = Path(folder, "package.zip")
        package.write_bytes(_packed())
        clients: dict[str, Callable[[Endpoint, Path], Iterator[str]]] = {"AWS CLI": _cli, "JavaScript SDK": _node}
        code = max(_called(name, calls(endpoint, package)) for name, calls in clients.items())
    sys.stdout.write("A call went wrong.\n" if code else "All calls were answered as expected.\n")
    return code


def _called(client: str, calls: Iterator[str]) -> int:
    try:
        for call in calls:
            sys.stdout.write(f"{client}: {call}\n")
    except Failed as failed:
        sys.stderr.write(f"{client}: failed: {failed}\n")
        return 1
    return 0


def _cli(endpoint: Endpoint, package: Path) -> Iterator[str]:
    def aws(*arguments: str) -> Any:
        """Run the AWS CLI; return its answer."""
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "eu-west-1"}
        settings = {"AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": "", **keys}
        ran = subprocess.run(
            [CLI, *arguments, "--output", "json", "--endpoint-url", endpoint.url],
            env={"PATH": os.environ["PATH"], "HOME": str(package.parent), **settings},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if ran.returncode:
            raise Failed(f"aws {' '.join(arguments)}: {ran.stderr.strip()}")
        return json.loads(ran.stdout) if ran.stdout.strip().startswith("{") else ran.stdout

    def expect(said: object, expected: object) -> None:
        if said != expected:
            raise Failed(f"{said!r} came, and {expected!r} was expected")

    aws("iam", "create-role", "--role-name", "client", "--assume-role-policy-document", json.dumps(TRUST))
    policy = ("--policy-name", "all", "--policy-document", json.dumps(ALL))
    aws("iam", "put-role-policy", "--role-name", "client", *policy)
    yield "iam create-role, put-role-policy"
    function = ("--function-name", "from-cli")
    code = ("--zip-file", f"fileb://{package}")
    made = aws(
        "lambda",
        "create-function",
        *function,
        "--runtime",
        "python3.13",
        "--handler",
        "app.handler",
        "--role",
        ROLE,
        *code,
    )
    expect(made["State"], "Pending")
    aws("lambda", "wait", "function-active-v2", *function)
    yield "lambda create-function, wait"
    aws("lambda", "put-function-event-invoke-config", *function, "--maximum-retry-attempts", "0")
    answer = package.parent / "answer"
    sent = aws("lambda", "invoke", *function, "--invocation-type", "Event", "--payload", '{"order": 1}', str(answer))
    expect(sent["StatusCode"], 202)
    endpoint.wait(120)
    yield "lambda put-function-event-invoke-config, invoke"
    now = endpoint.clock.now()
    counted = aws(
        *("cloudwatch", "get-metric-statistics", "--namespace", "AWS/Lambda", "--metric-name", "AsyncEventsReceived"),
        *("--dimensions", "Name=FunctionName,Value=from-cli", "--period", "60", "--statistics", "Sum"),
        *("--start-time", str(now - 600), "--end-time", str(now)),
    )
    expect([point["Sum"] for point in counted["Datapoints"]], [1.0])
    yield "cloudwatch get-metric-statistics"
    found = aws("logs", "filter-log-events", "--log-group-name", "/aws/lambda/from-cli", "--filter-pattern", "%^seen%")
    expect([event["message"].strip() for event in found["events"]], ["seen {'order': 1}"])
    yield "logs filter-log-events"
    queue = aws("sqs", "create-queue", "--queue-name", "from-cli")["QueueUrl"]
    aws("sqs", "send-message", "--queue-url", queue, "--message-body", "hello")
    received = aws("sqs", "receive-message", "--queue-url", queue)["Messages"]
    expect([message["Body"] for message in received], ["hello"])
    yield "sqs create-queue, send-message, receive-message"
    aws("s3", "mb", "s3://from-cli")
    aws("s3", "cp", str(package), "s3://from-cli/in/a b+c.zip")
    copy = package.parent / "copy.zip"
    aws("s3", "cp", "s3://from-cli/in/a b+c.zip", str(copy))
    expect(copy.read_bytes() == package.read_bytes(), True)
    aws("s3", "rb", "s3://from-cli", "--force")
    yield "s3 mb, cp, rb"


def _node(endpoint: Endpoint, package: Path) -> Iterator[str]:
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules").exists():
        sys.stderr.write("JavaScript SDK: left out, as Node.js isn't installed here\n")
        return
    shutil.copy(Path(__file__).parent / "calls.mjs", NODE)  # beside what it imports
    ran = subprocess.run(
        [node, "calls.mjs", endpoint.url, str(package), ROLE],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    yield from ran.stdout.splitlines()
    if ran.returncode:
        raise Failed(ran.stderr.strip())


def _packed() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", HANDLER)
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main())
