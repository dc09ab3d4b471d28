"""Where the processes of execution environments come from: our end of the zygote."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from async_lab.endpoint.sandbox import runtimes
from async_lab.endpoint.sandbox.handler_view import RUNTIME_DIRECTORY
from async_lab.endpoint.sandbox.lab_child.environment import Specification
from async_lab.endpoint.sandbox.lab_child.private_root import Plan
from async_lab.endpoint.sandbox.lab_child.zygote import GREETING, LENGTH
from async_lab.errors import EnvironmentFailure

ISOLATION = "ASYNC_LAB_ISOLATION"
"""The environment variable that does without a private root when it says "none"."""
_ENDING_SECONDS = 2.0
_CHILD_PACKAGE = Path(__file__).parent / "lab_child"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Process:
    """The first process of an environment just forked, and our ends of what it is tied to."""

    pid: int
    control: socket.socket
    output: int
    status: int
    is_private: bool
    zygote: Zygote

    def lost(self) -> EnvironmentFailure:
        """Say why it is gone without a word and nobody here ended it."""
        return self.zygote.lost() or EnvironmentFailure(
            f"The process that keeps a handler's environment (process {self.pid}) was killed from outside: run again."
        )


class Zygote:
    """The process that forks environments, and our link to it."""

    def __init__(
        self, command: list[str], link: socket.socket, theirs: int, log: Path, patience_seconds: float
    ) -> None:
        self._link, self._patience_seconds = link, patience_seconds
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                env={
                    "PYTHONPATH": str(_CHILD_PACKAGE.parent),
                    "PYTHONHASHSEED": "0",  # sets in the same order on every run
                    "LANG": "C.UTF-8",
                    "MALLOC_ARENA_MAX": "2",
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=[theirs],
                start_new_session=True,  # Ctrl-C is for us
            )
        link.settimeout(patience_seconds)

    def greets(self) -> bool:
        """Wait until it is ready; return whether it is."""
        with self._patiently():
            return self._link.recv(len(GREETING)) == GREETING

    def fork(self, specification: bytes, descriptors: list[int]) -> int:
        """Return the process id of a new environment. Raises EnvironmentFailure; OSError: there is no process."""
        with self._patiently():
            socket.send_fds(self._link, [LENGTH.pack(len(specification))], descriptors)
            self._link.sendall(specification)
            answer = self._link.recv(LENGTH.size, socket.MSG_WAITALL)
        if len(answer) < LENGTH.size:
            raise self.lost() or ConnectionResetError("the process that forks them ended")
        return int(LENGTH.unpack(answer)[0])

    def lost(self) -> EnvironmentFailure | None:
        """Say how it ended; None while it lives."""
        try:
            status = self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
        return EnvironmentFailure(
            f"The process that forks the handlers (process {self._process.pid}) {how}, and all handlers with it: "
            "run it again."
        )

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End it, and with it every environment."""
        self._link.close()  # it takes that for the end
        try:
            self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it whatever it does; who waits for its answer learns it."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise EnvironmentFailure(
                f"The process that forks the handlers (process {self._process.pid}) has not answered for "
                f"{self._patience_seconds:g} seconds: it is stopped, or this machine has too much to do."
            ) from error
        except ConnectionError as error:
            raise self.lost() or error from error


class ZygoteClient:
    """Forks environments. The zygote starts with the first, and again after one was lost, which is told once."""

    def __init__(self, root: Path, patience_seconds: float) -> None:
        self._root, self._patience_seconds = root, patience_seconds
        self._forking = threading.Lock()
        self._zygote: Zygote | None = None
        self._shared_root_because: str | None = None if sys.platform == "linux" else "only Linux has them"
        if os.environ.get(ISOLATION) == "none":
            self._shared_root_because = f"{ISOLATION} is none"

    @property
    def remark(self) -> str | None:
        """What the user should know of how handlers are kept apart; None while there is nothing."""
        if self._shared_root_because is None:
            return None
        return (
            f"Handlers run without a root directory of their own, which takes Linux's namespaces "
            f"({self._shared_root_because}): they can read your files and start no programs; "
            "Python refuses them to change anything outside their /tmp."
        )

    def prepare(self) -> bool:
        """Start the zygote unless it runs; return whether environments have a private root."""
        with self._forking:
            self._running()
            return self._shared_root_because is None

    def fork(self, specification: Specification) -> Process:
        """Start an environment. Raises EnvironmentFailure when the machine has no process to give."""
        control, childs_control = socket.socketpair()
        output, childs_output = os.pipe()
        status, zygotes_status = os.pipe()
        given = [childs_control.fileno(), childs_output, zygotes_status]
        try:
            with self._forking:
                zygote = self._running()
                pid = zygote.fork(json.dumps(asdict(specification)).encode(), given)
        except (OSError, EnvironmentFailure) as error:
            control.close()
            os.close(output)
            os.close(status)
            if isinstance(error, EnvironmentFailure):
                raise
            raise EnvironmentFailure(f"A process for the function's handler can't be started: {error}.") from error
        finally:
            childs_control.close()
            os.close(childs_output)
            os.close(zygotes_status)
        os.set_blocking(output, False)
        return Process(pid, control, output, status, self._shared_root_because is None, zygote)

    def close(self) -> None:
        """End the zygote and with it every environment."""
        zygote = self._zygote
        if zygote is not None and not self._forking.acquire(timeout=_ENDING_SECONDS):
            zygote.kill()  # somebody waits for its answer
            self._forking.acquire()
        elif zygote is None:
            self._forking.acquire()
        try:
            if self._zygote is not None:
                self._zygote.end()
            self._zygote = None
        finally:
            self._forking.release()

    def _running(self) -> Zygote:
        if self._zygote is not None and self._zygote.has_ended:
            lost, self._zygote = self._zygote, None
            lost.end()
            raise lost.lost() or AssertionError
        if self._zygote is None:
            self._zygote = self._start()
        return self._zygote

    def _start(self) -> Zygote:
        if self._shared_root_because is None:
            zygote, said = self._try(_private_command)
            if zygote is not None:
                return zygote
            self._shared_root_because = said or "Python doesn't start in one"
        if self.remark:
            _LOG.info("%s", self.remark)  # whoever serves the endpoint says it
        zygote, said = self._try(_plain_command)
        if zygote is None:
            raise EnvironmentFailure(
                f"The process that forks the handlers can't be started: {said or 'no reason given'}."
            )
        return zygote

    def _try(self, command: Callable[[Path, int], list[str]]) -> tuple[Zygote | None, str]:
        """Start one; return it, or None and what it said."""
        log = self._root / "zygote.log"
        link, theirs = socket.socketpair()
        with theirs:
            zygote = Zygote(command(self._root, theirs.fileno()), link, theirs.fileno(), log, self._patience_seconds)
        try:
            if zygote.greets():
                return zygote, ""
        except (OSError, EnvironmentFailure):
            zygote.kill()
        zygote.end()
        return None, (log.read_text(errors="replace").splitlines() or [""])[-1]


def _private_command(root: Path, descriptor: int) -> list[str]:
    plan = Plan(
        root=os.path.realpath(root),
        descriptor=descriptor,
        interpreter=os.path.realpath(sys.executable),
        prefix=os.path.realpath(sys.base_prefix),
        runtime=runtimes.package_files(runtimes.LAMBDAS_PACKAGES),
        ours=runtimes.package_files(runtimes.OUR_PACKAGES),
        child_package=str(_CHILD_PACKAGE),
    )
    return [sys.executable, "-s", "-P", "-m", f"{_CHILD_PACKAGE.name}.private_root", plan.written()]


def _plain_command(root: Path, descriptor: int) -> list[str]:
    packages = (
        runtimes.linked_packages(root / RUNTIME_DIRECTORY, runtimes.LAMBDAS_PACKAGES),
        runtimes.linked_packages(root / "ours", runtimes.OUR_PACKAGES),
    )
    arguments = [str(descriptor), str(root), "shared", *map(str, packages)]
    return [sys.executable, "-S", "-s", "-P", "-m", _CHILD_PACKAGE.name, *arguments]
