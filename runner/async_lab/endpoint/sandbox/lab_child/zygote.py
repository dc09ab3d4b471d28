"""Forks execution environments out of one interpreter that has its imports behind it.

Its owner gets a greeting, then sends specifications, each with three descriptors (control socket, output pipe, status
pipe), and gets a process id back: that of a keeper, which prepares the environment, forks the handler's process, waits
for its end and writes what became of it to the status pipe. The keeper's end is that of all in the environment: at
once in a process namespace, by its process group elsewhere. When the owner is gone, so are the children and their
files.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import NoReturn

from . import environment, kernel, private_root
from .environment import peak_memory_kib

LENGTH = struct.Struct(">I")
GREETING = b"\0"
STATUS = struct.Struct(">iI")  # exit status as in subprocess, peak memory in KiB; words after it: why it never began
_OOM_SCORE = "1000"


class Zygote:
    """The keepers of one owner's environments."""

    def __init__(self, owner: socket.socket, *, is_private: bool) -> None:
        self._owner, self._is_private = owner, is_private
        self._keepers: set[int] = set()

    def serve(self) -> None:
        """Fork until the owner hangs up."""
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: self._reap())
        self._owner.sendall(GREETING)
        while (request := self._receive()) is not None:
            specification, descriptors = request
            self._owner.sendall(LENGTH.pack(self._fork(specification, *descriptors)))

    def kill_all(self) -> None:
        """Kill the children, and on Linux what they left behind: orphans are handed to us."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for keeper in self._keepers:
            _kill_group(keeper)
        while True:
            for orphan in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            try:
                os.wait()
            except ChildProcessError:
                return

    def _receive(self) -> tuple[environment.Specification, list[int]] | None:
        head, descriptors, _flags, _address = socket.recv_fds(self._owner, LENGTH.size, 3)
        if len(head) < LENGTH.size:
            return None
        body = b""
        (missing,) = LENGTH.unpack(head)
        while len(body) < missing:
            if not (chunk := self._owner.recv(missing - len(body))):
                return None
            body += chunk
        return environment.Specification(**json.loads(body)), descriptors

    def _fork(self, specification: environment.Specification, control: int, output: int, status: int) -> int:
        # A child that ends before it is known would be forgotten for good.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        keeper = kernel.fork_as_first() if self._is_private else os.fork()
        if keeper == 0:
            self._keep(specification, control, output, status)
        with contextlib.suppress(OSError):  # the child does the same, and may be over
            os.setpgid(keeper, keeper)
        self._keepers.add(keeper)
        for descriptor in (control, output, status):
            os.close(descriptor)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return keeper

    def _keep(self, specification: environment.Specification, control: int, output: int, status: int) -> NoReturn:
        """Be the keeper."""
        try:
            self._prepare(specification)
            handler = os.fork()
            if handler == 0:
                _become(specification, control, output, status)
            os.close(control)
            os.close(output)
            os.write(status, _wait_for(handler))
        except Exception as error:  # noqa: BLE001 -- our own trouble, which the owner tells
            os.write(status, STATUS.pack(1, 0) + f"{error}".encode())
        finally:
            os._exit(0)

    def _prepare(self, specification: environment.Specification) -> None:
        os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        self._owner.close()
        if self._is_private:
            private_root.furnish(specification.task_root, specification.layers, specification.ephemeral_storage_mb)
        if sys.platform == "linux":
            kernel.adopt_orphans()
            kernel.die_with_parent()  # last: whoever changes what it may forgets this

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                self._keepers.discard(ended)


def _become(specification: environment.Specification, control: int, output: int, status: int) -> NoReturn:
    """Be the handler's process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        if sys.platform == "linux":
            kernel.die_with_parent()
            with contextlib.suppress(OSError):  # where memory runs short, the handlers go first
                Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
        os.close(status)
        os.set_inheritable(control, False)
        environment.run(specification, socket.socket(fileno=control), output)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001 -- printed as the interpreter would, and then it is over
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _wait_for(handler: int) -> bytes:
    """Return what became of the handler's process, as the owner reads it; orphans that end meanwhile are forgotten."""
    while True:
        child, status, usage = os.wait4(-1, 0)
        if child == handler:
            return STATUS.pack(os.waitstatus_to_exitcode(status), peak_memory_kib(usage))


def main() -> None:
    """Serve the owner behind the descriptor in ``argv[1]``; ``argv[2]`` is the directory to remove at the end.

    ``argv[3]`` says whether we are in a private root.
    """
    descriptor, root, is_private = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "private"
    if sys.platform == "linux":
        kernel.adopt_orphans()
    _import_what_children_need()
    gc.collect()
    gc.freeze()  # the pages stay shared
    zygote = Zygote(socket.socket(fileno=descriptor), is_private=is_private)
    zygote.serve()
    zygote.kill_all()
    shutil.rmtree(root, ignore_errors=True)


def _import_what_children_need() -> None:
    sys.modules["pytest"] = None  # type: ignore[assignment]  # time-machine would import it if it is there
    import time_machine  # noqa: F401

    from . import runtime  # noqa: F401

    del sys.modules["pytest"]


def _children() -> list[int]:
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(child) for child in listing.read_text().split()] if listing.exists() else []


def _kill_group(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
