"""Where the lab's own files lie: in a checkout, or as the installed wheel carries them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from async_lab.errors import EnvironmentFailure, UsageError

_LANDMARKS = ("terraform/scenarios", "function_src/app.py")  # together no other project has them
_PACKAGE = Path(__file__).absolute().parents[1]
_CARRIED = _PACKAGE / "carried"  # where pyproject.toml puts them in the wheel
_EDITABLE = _PACKAGE.parents[1]  # runner/async_lab, seen from the checkout that it is run from


@dataclass(frozen=True, slots=True)
class Project:
    """The lab's files and where its runs are kept: a checkout's root directory, absolute, for both.

    An installed wheel carries the files, and keeps its runs in the current directory.
    """

    root: Path
    carried: Path | None = None
    """Where the wheel has the files; None in a checkout."""

    @classmethod
    def locate(cls, start: Path | None = None) -> Project:
        """Find the checkout around ``start`` (by default the current directory), or else around this package.

        Without either, the files that the wheel carries serve. Raises UsageError when there are none, or the current
        directory was deleted.
        """
        try:
            start = (start or Path.cwd()).absolute()
        except FileNotFoundError as error:
            raise UsageError("The current directory was deleted: change into one that exists.") from error
        for directory in (start, *start.parents, _EDITABLE):
            if _is_lab(directory):
                return cls(directory)
        if _is_lab(_CARRIED):
            return cls(start, _CARRIED)
        raise UsageError(
            f"{start} is not inside a checkout of async-lab (none above it has {' and '.join(_LANDMARKS)}): "
            "change into one."
        )

    def laid_out(self) -> Project:
        """Return a checkout that can be written to: this one, or a copy of the wheel's files below ``.lab``.

        Raises EnvironmentFailure if the copy can't be written.
        """
        if self.carried is None:
            return self
        copy = Project(self.lab / "project")
        try:
            for mine, theirs in ((copy.terraform, self.terraform), (copy.function_src, self.function_src)):
                shutil.copytree(theirs, mine, dirs_exist_ok=True)
        except OSError as error:
            why = error.strerror or "not all of it could be copied"
            raise EnvironmentFailure(
                f"{copy.root} can't be written ({why}): free space, or make it writable."
            ) from error
        return copy

    @property
    def _files(self) -> Path:
        return self.carried or self.root

    @property
    def terraform(self) -> Path:
        """The root module's directory."""
        return self._files / "terraform"

    @property
    def variables_file(self) -> Path:
        """Where the root module declares what a scenario may set."""
        return self.terraform / "variables.tf"

    @property
    def scenarios(self) -> Path:
        """The directory of the scenarios, one ``NAME.tfvars`` each."""
        return self.terraform / "scenarios"

    @property
    def function_src(self) -> Path:
        """The source of the function that the lab deploys."""
        return self._files / "function_src"

    @property
    def package_zip(self) -> Path:
        """The function's package, built from ``function_src``."""
        return self.root / "build" / "function.zip"

    @property
    def lab(self) -> Path:
        """Where runs leave their results and what stands is written down; not under version control."""
        return self.root / ".lab"

    @property
    def lock_file(self) -> Path:
        """Terraform's dependency lock: which provider, by its checksums."""
        return self.terraform / ".terraform.lock.hcl"

    @property
    def providers(self) -> Path:
        """Where the installed provider is remembered."""
        return self.lab / "providers"

    @property
    def runs(self) -> Path:
        """A directory for each run: Terraform's log, and the results."""
        return self.lab / "runs"

    @property
    def crashes(self) -> Path:
        """A traceback for each bug that ended a command."""
        return self.lab / "crashes"

    @property
    def stacks(self) -> Path:
        """The journal: a file for each stack that may stand."""
        return self.lab / "stacks"

    def shown(self, path: Path) -> str:
        """Return the path as it is said to the user: from the checkout's root when it lies inside."""
        path = path.absolute()
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)


def _is_lab(directory: Path) -> bool:
    return all((directory / landmark).exists() for landmark in _LANDMARKS)
