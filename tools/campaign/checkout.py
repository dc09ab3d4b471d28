"""A throw-away checkout to run the program in, and what must be true of it after each command."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from async_lab.checkout.project import Project

MARK = "ASYNC_LAB_CAMPAIGN"
"""An environment variable that whatever a case starts inherits: so it is found, whoever its parent is now."""
LONGEST_SECONDS = 180.0
"""So long that only what hangs takes longer, also on a busy machine."""
_GONE_SECONDS = 30.0
"""How long a process may take to end after the command that started it was killed."""
_PROGRAM = (sys.executable, "-m", "async_lab")
_UNWANTED = shutil.ignore_patterns(".terraform", "*.tfstate*", "tests", "examples")
_COPIES = ("terraform", "build")
"""What a run lays out for Terraform in its directory, and takes away at its end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that came to its end, or was ended because it didn't."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    hung: bool = False

    def broken(self, codes: Sequence[int]) -> Iterator[str]:
        """Yield what is wrong with how it ended."""
        if self.hung:
            yield f"hung: killed after {self.seconds:.0f} s"
            return
        if self.code not in codes:
            yield f"exit code {self.code}, promised was one of {', '.join(map(str, codes))}: {self.last_words}"
        if "Traceback (most recent call last)" in self.stdout + self.stderr:
            yield f"a traceback: {self.last_words}"
        if self.code > 0 and not (self.stdout + self.stderr).strip():
            yield f"exit code {self.code} without a word"

    @property
    def last_words(self) -> str:
        """The last line that it said."""
        return ((self.stderr.strip() or self.stdout.strip()).splitlines() or ["(nothing)"])[-1]


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the project whose runs, processes and temporary files are nobody else's."""

    project: Project

    @classmethod
    def copy_of(cls, original: Project, root: Path) -> Checkout:
        """Lay it out below ``root``; it shares the installed provider with the original."""
        shutil.copytree(original.terraform, root / "terraform", ignore=_UNWANTED)
        shutil.copytree(original.function_src, root / "function_src")
        original.providers.mkdir(parents=True, exist_ok=True)
        (root / ".lab").mkdir()
        (root / ".lab" / "providers").symlink_to(original.providers)
        (root / "tmp").mkdir()
        return cls(Project(root))

    @property
    def temporary(self) -> Path:
        """The directory for temporary files of all that is started here."""
        return self.project.root / "tmp"

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start the program in a process group of its own, as a shell does, with nobody at the terminal."""
        return subprocess.Popen(
            [*_PROGRAM, *arguments],
            cwd=self.project.root,
            env=self.environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Return the user's environment without their account and their Terraform settings, changed as asked."""
        users = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        own = {MARK: str(self.project.root), "TMPDIR": str(self.temporary), "TERM": "dumb", "COLUMNS": "80"}
        package = str(Path(__file__).parents[2])
        return users | nowhere | own | {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": package} | dict(changes)

    def end(self, process: subprocess.Popen[str], seconds: float = LONGEST_SECONDS) -> Ended:
        """Wait for a command's end; end it after ``seconds``."""
        started, hung = time.monotonic(), False
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            hung = True
            self.kill_all()
            stdout, stderr = process.communicate()
        return Ended(process.returncode, stdout, stderr, time.monotonic() - started, hung)

    def call(self, *arguments: str, **variables: str) -> Ended:
        """Run a command to its end."""
        return self.end(self.start(*arguments, **variables))

    def processes(self) -> list[psutil.Process]:
        """Return every process that runs and was started here."""
        return [process for process in psutil.process_iter() if _is_marked(process, str(self.project.root))]

    def kill_all(self) -> None:
        """Kill whatever of this checkout still runs."""
        for process in self.processes():
            _kill(process)

    def left_behind(self) -> Iterator[str]:
        """Yield what a command left behind; tidy up, so that the next case starts clean."""
        deadline = time.monotonic() + _GONE_SECONDS
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in self.processes():
            yield f"still running: {_command(process)}"
            _kill(process)
        for note in self.project.stacks.glob("*"):
            yield f"still noted as standing: {note.name}"
            note.unlink()
        for directory in self.project.runs.glob("*/"):
            for copy in (directory / name for name in _COPIES if (directory / name).exists()):
                yield f"a copy is left: {copy.relative_to(self.project.root)}"
                shutil.rmtree(copy)
        for file in self.temporary.iterdir():
            yield f"left among the temporary files: {file.name}"
            if file.is_dir() and not file.is_symlink():
                shutil.rmtree(file)
            else:
                file.unlink()


def _is_marked(process: psutil.Process, root: str) -> bool:
    try:
        return process.environ().get(MARK) == root and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:200]
    except psutil.Error:
        return "(gone meanwhile)"


def _kill(process: psutil.Process) -> None:
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.Error:
        return
