"""What stands or may stand, written down before it is made. Clean-up trusts this, not Terraform's state alone."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from async_lab import owned
from async_lab.errors import EnvironmentFailure


@dataclass(frozen=True, slots=True)
class Entry:
    """One stack: where it is, under which name, and what Terraform needs to take it down."""

    target: str
    account_id: str
    region: str
    name: str
    """The stack's name, which all its resources carry."""
    directory: str
    """Terraform's working directory, with its state; empty where nothing of it is Terraform's."""
    var_file: str
    resources: tuple[tuple[str, str], ...] = ()
    """Kind and exact name of what Terraform planned to make. None in notes of earlier versions."""
    run: str = ""
    """The directory of the run that made it, which owns it for as long as it goes on."""
    tag: str = ""
    """The tag that all of it has with the stack's name, where that isn't Project and Stack: what tests make."""

    @property
    def is_in_use(self) -> bool:
        """Whether the run that made it goes on: it takes it down itself."""
        return bool(self.run) and owned.is_owned(Path(self.run))

    @property
    def file_name(self) -> str:
        """What the entry is kept under: one stack of a name per account, region and state."""
        state = hashlib.blake2b(self.directory.encode(), digest_size=4).hexdigest()  # local runs have one each
        return f"{self.target}-{self.account_id}-{self.region}-{self.name}-{state}.json"


class Journal:
    """The entries of one checkout, a file each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, entry: Entry) -> None:
        """Note a stack before anything of it is made. Raises EnvironmentFailure when that can't be written."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            file = self._directory / entry.file_name
            beside = file.with_suffix(f".{os.getpid()}")  # nobody ever reads half a note
            try:
                beside.write_text(json.dumps(asdict(entry), indent=2) + "\n")
                beside.replace(file)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFailure(
                f"{self._directory} can't be written ({error.strerror}): make it writable."
            ) from error

    def knows(self, entry: Entry) -> bool:
        """Whether the stack was noted and not erased since."""
        return (self._directory / entry.file_name).exists()

    def noted(self, entry: Entry) -> Entry:
        """Return the stack as it was noted last: with its resources; as it is, when it wasn't noted."""
        try:
            return _read(self._directory / entry.file_name)
        except FileNotFoundError:
            return entry

    def erase(self, entry: Entry) -> None:
        """Forget a stack of which nothing is left."""
        (self._directory / entry.file_name).unlink(missing_ok=True)

    def entries(self, target: str) -> list[Entry]:
        """Return what may stand on a target, the oldest first."""
        noted: list[tuple[float, Entry]] = []
        for path in self._directory.glob(f"{target}-*.json"):
            with suppress(FileNotFoundError):  # another run has taken its stack down meanwhile
                noted.append((path.stat().st_mtime, _read(path)))
        return [entry for _, entry in sorted(noted, key=lambda dated: dated[0])]


def _read(path: Path) -> Entry:
    """Return a note. Raises FileNotFoundError when it isn't there, EnvironmentFailure when it is none."""
    try:
        noted = json.loads(path.read_text())
        noted["resources"] = tuple((str(kind), str(name)) for kind, name in noted.get("resources", ()))
        return Entry(**noted)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise EnvironmentFailure(
            f"{path} can't be read as the note of a stack ({error}): look on AWS for what stands, then remove the file."
        ) from error
