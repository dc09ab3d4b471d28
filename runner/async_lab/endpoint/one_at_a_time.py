"""Whoever reads or changes what AWS holds on the endpoint does so alone: requests, time, and tests in this process.

moto's backends are plain dictionaries that it walks through while it answers, and its checks and changes are two steps:
two requests of Terraform's at the same moment ended in "dictionary changed size during iteration", and could make one
thing twice. Under Python's own lock nothing is lost by it; whatever waits for somebody outside says so by ``aside``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOCK = threading.RLock()
"""Taken before any other lock of the endpoint's but the timeline's, which is taken before it."""


@contextmanager
def aside() -> Iterator[None]:
    """Let others in while the block waits: for a handler, a subscriber, a message, or for the wall's clock."""
    held = 0
    with suppress(RuntimeError):  # where it isn't this thread's any more
        while True:
            LOCK.release()
            held += 1
    try:
        yield
    finally:
        for _ in range(held):
            LOCK.acquire()
