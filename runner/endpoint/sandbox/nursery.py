"""Where the processes of execution environments come from: our end of the zygote."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from runner.endpoint.sandbox.lab_child.environment import Specification
from runner.endpoint.sandbox.lab_child.zygote import LENGTH
from runner.errors import EnvironmentFailure

_ENDING_SECONDS = 10
_CHILD_PACKAGE = Path(__file__).parent / "lab_child"


@dataclass(frozen=True, slots=True)
class Process:
    """A process just forked and our ends of what it is tied to."""

    pid: int
    control: socket.socket
    output: int
    status: int


class Nursery:
    """Forks environments. The zygote starts with the first, and again if it was lost."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._forking = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None

    def fork(self, specification: Specification) -> Process:
        """Start an environment. Raises EnvironmentFailure when the machine has no process to give."""
        control, childs_control = socket.socketpair()
        output, childs_output = os.pipe()
        status, zygotes_status = os.pipe()
        given = [childs_control.fileno(), childs_output, zygotes_status]
        try:
            pid = self._request(json.dumps(asdict(specification)).encode(), given)
        except OSError as error:
            control.close()
            os.close(output)
            os.close(status)
            raise EnvironmentFailure(f"A process for the function's handler can't be started: {error}.") from error
        finally:
            childs_control.close()
            os.close(childs_output)
            os.close(zygotes_status)
        os.set_blocking(output, False)
        return Process(pid, control, output, status)

    def close(self) -> None:
        """End the zygote and with it every environment."""
        with self._forking:
            self._end()

    def _request(self, specification: bytes, descriptors: list[int]) -> int:
        with self._forking:
            if self._zygote is None or self._zygote.poll() is not None:
                self._start()
            assert self._link is not None  # noqa: S101 -- _start made it
            socket.send_fds(self._link, [LENGTH.pack(len(specification))], descriptors)
            self._link.sendall(specification)
            answer = self._link.recv(LENGTH.size, socket.MSG_WAITALL)
            if len(answer) < LENGTH.size:
                raise ConnectionResetError("the process that forks them ended")
            return int(LENGTH.unpack(answer)[0])

    def _start(self) -> None:
        self._end()
        self._link, zygotes_end = socket.socketpair()
        with zygotes_end:
            self._zygote = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", _CHILD_PACKAGE.name, str(zygotes_end.fileno()), str(self._root)],
                env={
                    "PYTHONPATH": str(_CHILD_PACKAGE.parent),
                    "PYTHONHASHSEED": "0",  # sets in the same order on every run
                    "LANG": "C.UTF-8",
                    "MALLOC_ARENA_MAX": "2",  # address space is limited
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[zygotes_end.fileno()],
                start_new_session=True,  # Ctrl-C is for us
            )

    def _end(self) -> None:
        if self._zygote is None or self._link is None:
            return
        self._link.close()  # it takes that for the end
        try:
            self._zygote.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._zygote.kill()
            self._zygote.wait()
        self._zygote = self._link = None
