"""Functions to run in a sandbox, written where they are tested."""

from __future__ import annotations

import hashlib
import io
import json
import textwrap
import zipfile
from dataclasses import dataclass
from typing import Any

from async_lab.endpoint.sandbox import Deployment, HandlerCall, Result, Sandbox

REQUEST_ID = "6f7f0961-f834-42c2-b94c-8b1b2a3e4d5c"
AT = 1_790_000_000.0


def zipped(files: dict[str, str]) -> bytes:
    """Return a zip of text files, by path."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, textwrap.dedent(text))
    return buffer.getvalue()


@dataclass
class Function:
    """A deployed function; each has environment ids of its own."""

    sandbox: Sandbox
    deployment: Deployment
    prefix: str

    def __call__(self, event: Any = None, *, at: float = AT, environment: str = "e", **changes: Any) -> Result:
        """Run it once in the environment of that name."""
        execution = {
            "environment_id": f"{self.prefix}/{environment}",
            "request_id": REQUEST_ID,
            "payload": json.dumps(event).encode(),
            "at": at,
            "log_stream": "2026/09/21/[$LATEST]0123",
            **changes,
        }
        return self.sandbox.run(self.deployment, HandlerCall(**execution))

    def returns(self, event: Any = None, **how: Any) -> Any:
        """Run it once and return its decoded result; it must succeed."""
        result = self(event, **how)
        assert result.function_error is None, result
        return json.loads(result.payload)


def deployment(source: str | dict[str, str], **changes: Any) -> Deployment:
    """Return a function whose handler is ``handler`` in ``app.py``."""
    package = zipped(source if isinstance(source, dict) else {"app.py": source})
    configuration = {
        "function_name": "worker",
        "function_version": "$LATEST",
        "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:worker:live",
        "handler": "app.handler",
        "runtime": "python3.13",
        "timeout_seconds": 100,
        "memory_size_mb": 128,
        "environment": (),
        "package": package,
        "package_sha256": hashlib.sha256(package).hexdigest(),
        "region": "eu-west-1",
        "log_group": "/aws/lambda/worker",
        **changes,
    }
    return Deployment(**configuration)


def texts(result: Result) -> list[str]:
    """Return the text of every line that was logged."""
    return [line.text for line in result.output]


def error(result: Result) -> dict[str, Any]:
    """Return the error object; the execution must have failed."""
    assert result.function_error == "Unhandled", result
    return json.loads(result.payload)
