"""The program as its users start it: a process of its own, in a copy of the checkout."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from processes import MARK, command_of, kill_processes_of, processes_of

from async_lab.checkout.project import Project

PROJECT = Project(Path(__file__).parents[1])
PROGRAM = (sys.executable, "-m", "async_lab")
LONGEST_SECONDS = 300
"""So long that only what hangs takes longer."""


def copy_of_checkout(root: Path) -> Project:
    """A checkout of its own: nothing that a run leaves gets into ours. It has the same installed provider."""
    unwanted = shutil.ignore_patterns(".terraform", "*.tfstate*", "tests", "examples")
    shutil.copytree(PROJECT.terraform, root / "terraform", ignore=unwanted)
    shutil.copytree(PROJECT.function_src, root / "function_src")
    PROJECT.providers.mkdir(parents=True, exist_ok=True)
    (root / ".lab").mkdir()
    (root / ".lab" / "providers").symlink_to(PROJECT.providers)
    return Project(root)


def environment(**changes: str) -> dict[str, str]:
    """The tests' own, without the user's account, Terraform settings, and what ``make test`` was given."""
    others = ("AWS_", "TF_", "MAKEFLAGS", "ARGS", "WORKERS")
    users = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    plain = {"AWS_EC2_METADATA_DISABLED": "true", "TERM": "dumb", "COLUMNS": "80"}
    return users | nowhere | plain | changes


def call(
    project: Project, *arguments: object, program: tuple[str | Path, ...] = PROGRAM, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with nobody at the terminal."""
    return subprocess.run(
        [*program, *map(str, arguments)],
        cwd=project.root,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


def sentence(completed: subprocess.CompletedProcess[str]) -> str:
    """What a failed command says: one line and nothing else."""
    assert completed.stdout == ""
    (line,) = completed.stderr.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


@dataclass(frozen=True, slots=True)
class Started:
    """A command at work, in a process group of its own as a shell gives it. Its two outputs are one."""

    process: subprocess.Popen[str]
    project: Project
    said: list[str]

    def wait_for(self, words: str) -> str:
        """Read until a line has the words; return the line."""
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"it never said {words!r}: {''.join(self.said)}")

    def press_ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and all it said."""
        self.said.extend(self.process.stdout)
        return self.process.wait(LONGEST_SECONDS), "".join(self.said)

    def processes(self) -> list[str]:
        """What still runs of it and of all that it started."""
        commands = (command_of(process) for process in processes_of(self.project.root))
        return [" ".join(command) for command in commands if command]


@contextmanager
def started(
    project: Project,
    *arguments: object,
    program: tuple[str | Path, ...] = PROGRAM,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Started]:
    """Start a command; whatever of it still runs at the end of the block is killed."""
    process = subprocess.Popen(
        [*program, *map(str, arguments)],
        cwd=project.root,
        env=environment(PYTHONUNBUFFERED="1", **{MARK: str(project.root)}, **(variables or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    limit = Timer(LONGEST_SECONDS, kill_processes_of, [project.root])
    limit.start()
    try:
        yield Started(process, project, [])
    finally:
        limit.cancel()
        kill_processes_of(project.root)
        process.wait()
        process.stdout.close()
