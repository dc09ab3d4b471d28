"""Forks execution environments out of one interpreter that has its imports behind it.

Its owner sends a specification with three descriptors (control socket, output pipe, status pipe) and gets the
process id back. When a child ends, its status is written to its status pipe. When the owner is gone, so are the
children and their files.
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

from . import environment
from .link import peak_memory_kib

LENGTH = struct.Struct(">I")
STATUS = struct.Struct(">iI")  # exit status as in subprocess, peak memory in KiB
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class Zygote:
    """The children of one owner, by process id, with the pipe that gets their status."""

    def __init__(self, owner: socket.socket) -> None:
        self._owner = owner
        self._statuses: dict[int, int] = {}

    def serve(self) -> None:
        """Fork until the owner hangs up."""
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: self._reap())
        while (request := self._receive()) is not None:
            specification, descriptors = request
            self._owner.sendall(LENGTH.pack(self._fork(specification, *descriptors)))

    def kill_all(self) -> None:
        """Kill the children, and on Linux what they left behind: orphans are handed to us."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for child in self._statuses:
            _kill_group(child)
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
        # A child that ends before it is known would lose its status.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        child = os.fork()
        if child == 0:
            self._become(specification, control, output, status)
        with contextlib.suppress(OSError):  # the child does the same, and may be over
            os.setpgid(child, child)
        self._statuses[child] = status
        os.close(control)
        os.close(output)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return child

    def _become(self, specification: environment.Specification, control: int, output: int, status: int) -> NoReturn:
        os.setpgid(0, 0)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        self._owner.close()
        for descriptor in [*self._statuses.values(), status]:
            os.close(descriptor)
        code = 1
        try:
            environment.run(specification, socket.socket(fileno=control), output)
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        except BaseException:  # noqa: BLE001 -- printed as the interpreter would, and then it is over
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                child, status, usage = os.wait4(-1, os.WNOHANG)
                if child == 0:
                    return
                self._ended(child, STATUS.pack(os.waitstatus_to_exitcode(status), peak_memory_kib(usage)))

    def _ended(self, child: int, status: bytes) -> None:
        descriptor = self._statuses.pop(child, None)
        if descriptor is not None:  # else it is an orphan that we inherited
            with contextlib.suppress(BrokenPipeError):
                os.write(descriptor, status)
            os.close(descriptor)


def main() -> None:
    """Serve the owner behind the descriptor in ``argv[1]``; ``argv[2]`` is the directory to remove at the end."""
    descriptor, root = int(sys.argv[1]), Path(sys.argv[2])
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _import_what_children_need()
    gc.collect()
    gc.freeze()  # the pages stay shared
    zygote = Zygote(socket.socket(fileno=descriptor))
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


def _prctl(option: int, value: int) -> None:
    """Ask Linux for what POSIX doesn't have; elsewhere the pipes that close have to do."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
