"""One execution environment, in the process that the zygote forked for it."""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
from dataclasses import dataclass

from . import guard
from .clock import CLOCK
from .link import Link
from .marks import MARK
from .places import TEMPORARY


@dataclass(frozen=True, slots=True)
class Specification:
    """What to run, as the owner says it."""

    handler: str
    variables: dict[str, str]
    search_path: list[str]
    task_root: str
    """Where the package lies, as the owner names it; so is the next one."""
    layers: str
    working_directory: str
    ephemeral_storage_mb: int
    guarded: dict[str, str] | None
    """This machine's directories by Lambda's, where there is no private root."""
    now_ns: int
    token: str


def run(specification: Specification, control: socket.socket, output: int) -> None:
    """Become the environment; the process ends in here."""
    _settle(specification, output)
    link = Link(control)
    token = specification.token
    os.set_inheritable(output, False)

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
    os.umask(0o022)
    os.chdir(specification.working_directory)
    *pythons, runtime, _ours = sys.path
    sys.path[:] = [*specification.search_path, *filter(_is_pythons, pythons), runtime]
    sys.argv = [specification.handler]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if specification.guarded:
        guard.install(specification.guarded, specification.guarded[TEMPORARY])


def _is_pythons(entry: str) -> bool:
    return entry.startswith((sys.prefix, sys.base_prefix))
