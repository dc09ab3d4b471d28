"""One execution environment, in the process that the zygote forked for it."""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
from dataclasses import dataclass

from .clock import CLOCK
from .link import Link
from .marks import MARK

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Specification:
    """What to run, as the owner says it."""

    handler: str
    variables: dict[str, str]
    search_path: list[str]
    task_root: str
    now_ns: int
    token: str
    address_space_mb: int


def run(specification: Specification, control: socket.socket, output: int) -> None:
    """Become the environment; the process ends in here."""
    _settle(specification, output)
    link = Link(control)
    token = specification.token

    def mark(now_ns: int) -> None:
        os.write(output, MARK.format(token=token, now_ns=now_ns).encode())

    CLOCK.start(specification.now_ns, moved=mark, expire=link.timed_out)
    from .runtime import serve  # not above: whoever makes a Specification has no use for awslambdaric

    serve(specification.handler, link)


def _settle(specification: Specification, output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(specification.variables)
    time.tzset()
    os.chdir(specification.task_root)
    own = [entry for entry in sys.path if entry.startswith((sys.prefix, sys.base_prefix))]
    sys.path[:] = [*specification.search_path, *own]
    sys.argv = [specification.handler]
    _limit(specification.address_space_mb)


def _limit(address_space_mb: int) -> None:
    """Keep a runaway from taking the machine before its owner has seen it."""
    limit = address_space_mb * _MEBIBYTE
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS refuses it
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
