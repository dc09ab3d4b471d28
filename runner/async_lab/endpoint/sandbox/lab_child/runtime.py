"""awslambdaric's loop, with a client that talks to our owner in place of the Runtime API's HTTP.

awslambdaric ships its own client as a native module for Linux only; with this one every platform runs the same code.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

sys.modules["runtime_client"] = None  # type: ignore[assignment]  # the native one: awslambdaric then does without

from awslambdaric import bootstrap  # noqa: E402
from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient, InvocationRequest  # noqa: E402
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller  # noqa: E402

from . import waits  # noqa: E402
from .clock import CLOCK, real_sleep  # noqa: E402
from .environment import Link  # noqa: E402
from .protocol import RESPONSE_LIMIT_BYTES, Kind  # noqa: E402

del sys.modules["runtime_client"]

_READ_AT_IMPORT = {"AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL"}


def serve(handler: str, link: Link) -> None:
    """Import the handler and run it for every event, until the owner closes the link."""
    if _READ_AT_IMPORT & os.environ.keys():
        importlib.reload(bootstrap)
    bootstrap.create_log_sink = lambda: LogSink(link)
    bootstrap.run(handler, Client(link))


class Client(BaseLambdaRuntimeClient):
    """The Runtime API's operations."""

    def __init__(self, link: Link) -> None:
        super().__init__(lambda_runtime_address="")
        self.marshaller = LambdaMarshaller()  # the class's own was made before this function's variables were known
        self._link = link
        self._is_ready = False

    def wait_next_invocation(self) -> Any:
        """Return the next event; end the process when there will be none."""
        if not self._is_ready:
            self._report(Kind.READY)
            self._is_ready = True
        invocation = self._link.receive()
        if invocation is None:
            os._exit(0)
        order, context = invocation.order, json.loads(invocation.context)
        CLOCK.begin(order.now_ns, order.deadline_ns)
        return InvocationRequest(
            invoke_id=context["request_id"],
            invoked_function_arn=context["function_arn"],
            deadline_time_in_ms=order.deadline_ns // 1_000_000,
            client_context=context["client_context"],
            event_body=invocation.event,
            content_type="application/json",
            x_amzn_trace_id=context["trace_id"],
            cognito_identity=None,
            tenant_id=None,
            invocation_id=None,
        )

    def post_invocation_result(
        self, _invoke_id: str, result_data: str | bytes, _content_type: str = "", _invocation_id: str | None = None
    ) -> None:
        """Report a success."""
        body = result_data if isinstance(result_data, bytes) else result_data.encode()
        if len(body) > RESPONSE_LIMIT_BYTES:
            self._report(Kind.TOO_LARGE)
        else:
            self._report(Kind.RESULT, body)

    def post_invocation_error(
        self, _invoke_id: str, error_response_data: str, _xray_fault: str, _invocation_id: str | None = None
    ) -> None:
        """Report an exception that left the handler."""
        self._report(Kind.ERROR, error_response_data.encode())

    def post_init_error(self, error_response_data: dict[str, Any], _error_type_override: str | None = None) -> None:
        """Report a handler that can't be imported or found."""
        self._report(Kind.INIT_ERROR, json.dumps(error_response_data).encode())

    def _report(self, kind: Kind, body: bytes = b"") -> None:
        CLOCK.freeze()
        waits.forget_looks()
        self._link.report(kind, body)


class LogSink(bootstrap.StandardLogSink):
    """Keeps a record of several lines one log event, as CloudWatch has it: carriage returns join the lines."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def log(self, msg: str, frame_type: bytes | None = None) -> None:  # noqa: ARG002 -- awslambdaric's signature
        """Write a record of the logging module."""
        sys.stdout.write(msg.rstrip("\n").replace("\n", "\r") + "\n")

    def log_error(self, message_lines: Sequence[str]) -> None:
        """Write an exception that nobody caught. Where memory ends our limit raises one, and Lambda kills."""
        if "MemoryError" in message_lines[0].split(":")[0]:
            self._link.report(Kind.OUT_OF_MEMORY)
            real_sleep(60)
        super().log_error([line.replace("\n", "\r") for line in message_lines])
