"""The runs that lie in ``.lab/runs``: which there are, which is meant, and which are old enough to go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from async_lab.checkout import program
from async_lab.checkout.project import Project
from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.owned import is_owned
from async_lab.runs.document import FILE_NAME
from async_lab.runs.reading import read
from async_lab.runs.result import RunResult
from async_lab.stack.journal import Journal
from async_lab.wording import shortened

KEPT_LOGS = 10
"""Of so many newest runs Terraform's log stays: it is nearly all of a run's size."""
KEPT_RUNS = 200
"""So many newest runs stay at all."""
_LOGS = ("terraform.log", "endpoint.log")


def files(project: Project) -> list[Path]:
    """Return the result files of all runs, the newest first; a run of several scenarios has several."""
    return [file for directory in _directories(project) for file in _files_in(directory)]


def find(project: Project, name: str | None) -> list[Path]:
    """Return the result files of one run: the newest, or that of a name, of a run id, or in a directory or file.

    Several only where several scenarios were run together. Raises UsageError when there is none such.
    """
    if name is None:
        for directory in _directories(project):
            if found := _files_in(directory):
                return found
        raise UsageError(f"There is no run yet: make one with {program.command('run function-errors')}")
    for place in (project.runs / name, Path(name)) if name else ():
        with suppress(OSError, ValueError):  # what can be no path
            if place.is_file():
                return [place]
            if found := _files_in(place):
                return found
    return [_by_id(project, name)]


def results(project: Project, name: str | None) -> list[RunResult]:
    """Return the results of one run, which is named as for ``find``. Raises UsageError when one can't be read."""
    return [read(file) for file in find(project, name)]


def prune(project: Project) -> None:
    """Remove what is old: Terraform's logs of all but some runs, and all that is left of runs still older.

    What a run that goes on uses, and what a stack that still stands needs, stays. So does what can't be removed.
    """
    directories = _directories(project)
    try:
        entries = [entry for target in ("local", "aws") for entry in Journal(project.stacks).entries(target)]
    except EnvironmentFailure:
        return  # nobody knows what is needed
    needed = [Path(place).absolute() for entry in entries for place in (entry.directory, entry.run) if place]
    for directory in directories[KEPT_LOGS:]:
        if is_owned(directory) or any(place.is_relative_to(directory.absolute()) for place in needed):
            continue
        for log in _LOGS:
            with suppress(OSError):
                (directory / log).unlink(missing_ok=True)
        if directory in directories[KEPT_RUNS:]:
            shutil.rmtree(directory, ignore_errors=True)


def _directories(project: Project) -> list[Path]:
    """Return the runs' directories, the newest first: their names begin with the time."""
    try:
        return sorted((path for path in project.runs.iterdir() if path.is_dir()), reverse=True)
    except OSError:
        return []


def _files_in(directory: Path) -> list[Path]:
    own = directory / FILE_NAME
    return [own] if own.is_file() else sorted(directory.glob(f"*/{FILE_NAME}"))


def _by_id(project: Project, name: str) -> Path:
    found = [file for file, result in readable(project) if name and result.run_id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f'Several runs have ids that begin with "{name}": give more of the one you mean.')
    raise UsageError(f'There is no run "{shortened(name)}"; list them with: {program.command("runs")}')


def readable(project: Project) -> Iterator[tuple[Path, RunResult]]:
    """Yield each result file with what it holds, the newest first, but for those that can't be read."""
    for path in files(project):
        with suppress(UsageError):
            yield path, read(path)
