"""Keeps the process of a test away from every AWS but the endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from async_lab.endpoint.http.loopback import is_loopback
from async_lab.errors import UsageError


@contextmanager
def nothing_reaches_aws() -> Iterator[None]:
    """Refuse what botocore sends to anywhere but this machine, and forget boto3's default session for the block.

    A client that was made before the block has the user's own credentials and AWS's own address.
    """
    import boto3
    from botocore.httpsession import URLLib3Session

    send = URLLib3Session.send

    def send_here(session: Any, request: Any) -> Any:
        if not is_loopback(urlsplit(request.url).hostname or ""):
            raise UsageError(
                f"A boto3 client from outside the lab would have sent {request.method} to "
                f"{urlsplit(request.url).hostname}: make clients inside the handler or the test, or reload the module "
                "that makes them, so that they see the lab's AWS_ variables."
            )
        return send(session, request)

    default, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, None
    URLLib3Session.send = send_here  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        URLLib3Session.send = send  # type: ignore[method-assign]
        boto3.DEFAULT_SESSION = default
