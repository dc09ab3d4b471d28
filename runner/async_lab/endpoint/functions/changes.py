"""Two changes of one function at the same moment: the second is refused, as AWS does.

Virtual time stands still while requests come in, so "the same moment" can only be the wall's: a change takes
``CHANGE_SECONDS``, and whoever asks for another one meanwhile gets a conflict. Terraform writes what doesn't depend on
each other within milliseconds, so that two event-invoke configs of one function without ``depends_on`` meet here as
they do on AWS. No number of the lab depends on it, only whether such a request is refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from async_lab.endpoint import denials
from async_lab.endpoint.functions.refusals import conflict

CHANGE_SECONDS = 0.1
"""Real seconds. AWS publishes none; its own changes take some tenths of a second (assumed)."""

_under_way: set[str] = set()
_lock = threading.Lock()


@contextmanager
def changing(function_arn: str, authorization: str) -> Iterator[None]:
    """Hold the function while it is changed. Raises a Refusal (409) when somebody else does at this moment.

    A test's own client, by its request's Authorization header, makes one change after the other and isn't kept waiting.
    """
    with _lock:
        if function_arn in _under_way:
            raise conflict("The function could not be updated due to a concurrent update operation.")
        _under_way.add(function_arn)
    try:
        yield
        if not denials.is_testers(authorization):
            time.sleep(CHANGE_SECONDS)
    finally:
        with _lock:
            _under_way.discard(function_arn)
