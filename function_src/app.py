"""The lab's handler. One program for every scenario: what it does with an event is set by environment variables.

LAB_ACTION         succeed, sleep, fail, exhaust_memory, exit or invoke_itself
LAB_SLEEP_SECONDS  how long it sleeps first, whatever the action; 0 when unset
LAB_MESSAGE        what it prints, or what the exception says

An event may say it for itself, and then also from when on it succeeds, in epoch seconds:
{"behavior": {"action": "fail", "sleep_seconds": 2, "recovers_at": 1700000000}}
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

_MEMORY_BLOCK_BYTES = 16 * 1024 * 1024


def handler(event: Any, _context: object) -> dict[str, Any]:
    """Do with ``event`` what it says or else the function's environment, and return the event with the message."""
    wanted = behavior_of(event, os.environ)
    action = action_of(wanted)
    print(f"Received {event!r}")
    time.sleep(float(wanted.get("LAB_SLEEP_SECONDS", "0")))
    return {"message": action(wanted.get("LAB_MESSAGE", "")), "event": event}


def behavior_of(event: Any, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment, with what the event itself says in place of it."""
    own = sent_by_the_lab(event).get("behavior", {})
    named = {"LAB_ACTION": own.get("action"), "LAB_SLEEP_SECONDS": own.get("sleep_seconds")}
    wanted = {**environment, **{name: str(value) for name, value in named.items() if value is not None}}
    if own.get("recovers_at") is not None and time.time() >= own["recovers_at"]:
        wanted["LAB_ACTION"] = "succeed"
    return wanted


def sent_by_the_lab(event: Any) -> Mapping[str, Any]:
    """Return what was sent, out of what SNS or EventBridge made of it; empty for what says nothing of the lab's."""
    match event:
        case {"Records": [{"Sns": {"Message": str(message)}}]}:
            sent = json.loads(message) if message.startswith("{") else {}
        case {"detail": sent, "detail-type": _}:
            pass
        case _:
            sent = event
    return sent if isinstance(sent, dict) and isinstance(sent.get("behavior", {}), dict) else {}


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


def invoke_itself(message: str) -> str:
    """Send this function the next event, which does the same: a loop, until Lambda stops it."""
    import boto3  # Lambda's runtime has it, and importing it takes longer than all else here

    boto3.client("lambda").invoke(FunctionName=os.environ["AWS_LAMBDA_FUNCTION_NAME"], InvocationType="Event")
    return succeed(message)


ACTIONS: Mapping[str, Callable[[str], str]] = {
    "succeed": succeed,
    "sleep": succeed,
    "fail": fail,
    "exhaust_memory": exhaust_memory,
    "exit": leave,
    "invoke_itself": invoke_itself,
}
