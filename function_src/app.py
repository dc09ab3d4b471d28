"""The lab's handler. One program for every scenario: what it does with an event is set by environment variables.

LAB_ACTION         succeed, sleep, fail, exhaust_memory or exit
LAB_SLEEP_SECONDS  how long it sleeps first, whatever the action; 0 when unset
LAB_MESSAGE        what it prints, or what the exception says
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

_MEMORY_BLOCK_BYTES = 16 * 1024 * 1024


def handler(event: Any, _context: object) -> dict[str, Any]:
    """Do with ``event`` what the function's environment says, and return the event with the message."""
    action = action_of(os.environ)
    print(f"Received {event!r}")
    time.sleep(float(os.environ.get("LAB_SLEEP_SECONDS", "0")))
    return {"message": action(os.environ.get("LAB_MESSAGE", "")), "event": event}


def action_of(environment: Mapping[str, str]) -> Callable[[str], str]:
    """Return what LAB_ACTION names. Raises ValueError for a name that isn't one."""
    name = environment.get("LAB_ACTION", "")
    if name not in ACTIONS:
        raise ValueError(f"LAB_ACTION is {name!r}; it must be one of {', '.join(ACTIONS)}")
    return ACTIONS[name]


def succeed(message: str) -> str:
    """Print the message and return it."""
    print(message)
    return message


def fail(message: str) -> NoReturn:
    """Raise an exception that nobody catches: a function error."""
    print("About to fail")
    raise Exception(message)  # noqa: TRY002 -- the type that AWS's sample raises


def exhaust_memory(_message: str) -> NoReturn:
    """Take memory until there is none left. The blocks are written to, since untouched pages cost nothing."""
    hoard = []
    while True:
        hoard.append(b"\1" * _MEMORY_BLOCK_BYTES)


def leave(_message: str) -> NoReturn:
    """End the runtime's process in the middle of the invocation."""
    os._exit(1)


ACTIONS: Mapping[str, Callable[[str], str]] = {
    "succeed": succeed,
    "sleep": succeed,
    "fail": fail,
    "exhaust_memory": exhaust_memory,
    "exit": leave,
}
