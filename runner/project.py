"""Where the checkout is, and where in it everything lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.errors import UsageError

_LANDMARKS = ("terraform/scenarios", "function_src/app.py")  # together no other project has them


@dataclass(frozen=True, slots=True)
class Project:
    """One checkout of the lab, by its absolute root directory."""

    root: Path

    @classmethod
    def locate(cls, start: Path | None = None) -> Project:
        """Find the checkout around ``start`` (by default the current directory), or else around this package.

        Raises UsageError when neither is inside a checkout, or the current directory was deleted.
        """
        try:
            start = (start or Path.cwd()).absolute()
        except FileNotFoundError as error:
            raise UsageError("The current directory was deleted: change into one that exists.") from error
        for directory in (start, *start.parents, Path(__file__).absolute().parents[1]):
            if all((directory / landmark).exists() for landmark in _LANDMARKS):
                return cls(directory)
        raise UsageError(
            f"{start} is not inside a checkout of async-lab (none above it has {' and '.join(_LANDMARKS)}): "
            "change into one."
        )

    @property
    def terraform(self) -> Path:
        """The root module's directory."""
        return self.root / "terraform"

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
        return self.root / "function_src"

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
