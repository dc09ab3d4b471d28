"""A test's own Terraform: applied as it stands, with the real provider, to the endpoint and nowhere else.

Nothing is written into the user's directory, and nothing of what it says about accounts counts: Terraform runs in a
copy, made of links, whose neighbors are the original's, so that ``../modules`` is found. Its state is the copy's own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from async_lab import owned
from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.wording import shortened

if TYPE_CHECKING:
    from async_lab.terraform import Terraform

T = TypeVar("T")
_OVERRIDE = "zz_async_lab_override.tf.json"  # the last one counts
_STATE = "terraform.tfstate"
_NOT_LINKED = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate", "*.tfstate.*", _OVERRIDE)
_LOCK = ".terraform.lock.hcl"
_ABOUT_ACCOUNTS = ("profile", "endpoints", "shared_", "_key", "token")
"""In arguments of a provider that lead to an account, and so are overridden."""
_TO_ACCOUNTS = ("profile", "endpoints", "shared_", "access_key", "secret_key", "token")
"""Beginnings of those that lead to another account than the one that tests run on."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The copy of one directory, ready to apply."""

    root: Path
    """What stands for the file system's root."""
    terraform: Terraform
    attached: Terraform | None
    """The same, attached to a provider process that is kept; None when nothing of it is AWS's."""

    def apply(self, variables: Mapping[str, object]) -> dict[str, Any]:
        """Apply, and return the outputs. Raises EnvironmentFailure with Terraform's own message."""
        without_log(lambda: self._fastest.apply(None, variables))
        return without_log(self.terraform.output)

    def destroy(self, variables: Mapping[str, object]) -> None:
        """Take down all that was applied. Raises EnvironmentFailure with Terraform's own message."""
        without_log(lambda: self._fastest.destroy(None, variables))

    @property
    def _fastest(self) -> Terraform:
        """Asked for each time: what is applied may have changed, and one process has one configuration of AWS."""
        from async_lab.terraform import configures_aws_once

        return self.attached if self.attached and configures_aws_once(self.terraform.directory) else self.terraform

    @property
    def state(self) -> bytes | None:
        """What Terraform knows of what it made; None when it made nothing."""
        file = self.terraform.directory / _STATE
        return file.read_bytes() if file.exists() else None

    def put_state(self, content: bytes | None) -> None:
        """Let Terraform know of what a state says, and of nothing else."""
        file = self.terraform.directory / _STATE
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(content)


class Stack(Mapping[str, Any]):
    """What an apply made: a mapping of Terraform's outputs by name."""

    def __init__(self, outputs: Mapping[str, Any], destroy: Callable[[], None]) -> None:
        self._outputs, self._destroy = outputs, destroy

    def __getitem__(self, name: str) -> Any:
        if name not in self._outputs:
            there = f"it has {', '.join(sorted(self._outputs))}" if self._outputs else "it has none"
            raise UsageError(f"The Terraform directory has no output {name!r}: {there}.")
        return self._outputs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)

    def __contains__(self, name: object) -> bool:
        return name in self._outputs

    def __repr__(self) -> str:
        return f"Stack({dict(self._outputs)!r})"

    def destroy(self) -> None:
        """Take it all down with Terraform, as a test of ``destroy`` itself; the lab's end needs none."""
        self._destroy()


class Workspaces:
    """The copies of all directories that a lab applies, each with one provider process, until ``resources`` close."""

    def __init__(self, environment: Mapping[str, str], resources: ExitStack) -> None:
        self._environment, self._resources = environment, resources
        self._ready: dict[Path, Workspace] = {}

    def of(self, directory: Path) -> Workspace:
        """Return the copy of a directory. Raises UsageError when there is no Terraform in it."""
        directory = directory.resolve()
        check(directory)
        if directory not in self._ready:
            self._ready[directory] = self._made(directory)
        workspace = self._ready[directory]
        _check_modules(copied(directory, workspace.root))  # what was built, or written, since
        return workspace

    @property
    def states(self) -> Mapping[Path, bytes | None]:
        """What Terraform knows of what it made, by directory."""
        return {directory: workspace.state for directory, workspace in self._ready.items()}

    @states.setter
    def states(self, states: Mapping[Path, bytes | None]) -> None:
        for directory, workspace in self._ready.items():
            workspace.put_state(states.get(directory))

    def _made(self, directory: Path) -> Workspace:
        # Imported here, as most tests apply nothing.
        from async_lab.terraform import Terraform, find_terraform, init_from_anywhere, kept_provider, provider_program
        from async_lab.terraform.schemas import relayed

        home = owned.temporary("async-lab-terraform-")
        self._resources.callback(home.remove)
        root, log = home.path / "root", home.path / "terraform.log"
        work = copied(directory, root)
        executable = find_terraform(self._environment).path
        environment = without_data_directory(self._environment)
        terraform = Terraform(work, environment, log, executable=executable, goes_with_the_run=True)
        without_log(lambda: init_from_anywhere(terraform))
        program = provider_program(work)
        if program is None:
            return Workspace(root, terraform, attached=None)
        kept = self._resources.enter_context(kept_provider(program, environment, log, work))
        relay = self._resources.enter_context(relayed(kept, work))
        return Workspace(root, terraform, replace(terraform, environment=relay))


def without_data_directory(environment: Mapping[str, str]) -> dict[str, str]:
    """Return it without what the user says of where Terraform keeps what it installs: a copy has its own."""
    return {name: value for name, value in environment.items() if name != "TF_DATA_DIR"}


def copied(directory: Path, root: Path, region: str | None = None) -> Path:
    """Make, or bring up to date, a directory below ``root`` that Terraform can't tell from ``directory``; return it.

    With a ``region`` its AWS providers work there with the credentials of Terraform's environment; without one on the
    embedded endpoint.
    """
    beside = root
    for parent, child in zip(reversed(directory.parents), (*reversed(directory.parents), directory)[1:], strict=True):
        beside.mkdir(parents=True, exist_ok=True)
        _link(parent, beside, lambda _place, names, child=child: {child.name} & set(names))
        beside /= child.name
    beside.mkdir(exist_ok=True)
    _link(directory, beside, _NOT_LINKED)
    if (directory / _LOCK).exists():
        shutil.copy(directory / _LOCK, beside / _LOCK)
    (beside / _OVERRIDE).write_text(json.dumps(_override(directory, region)))
    return beside


def _link(source: Path, target: Path, left_out: Any) -> None:
    try:
        names = [path.name for path in source.iterdir()]
    except OSError:  # a parent that may be passed through but not be read
        return
    for link in target.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()
    for name in sorted(set(names) - set(left_out(str(source), names))):
        if not (target / name).is_symlink():
            (target / name).symlink_to(source / name)


def _override(directory: Path, region: str | None) -> dict[str, Any]:
    """Return what keeps the state here, and every AWS provider away from the user's profiles and other endpoints."""
    override: dict[str, Any] = {"terraform": [{"backend": {"local": {"path": _STATE}}}]}
    if providers := list(_providers(directory, region)):
        override["provider"] = {"aws": providers}
    return override


def _providers(directory: Path, region: str | None) -> Iterator[dict[str, Any]]:
    for file in _terraform_files(directory):
        text = file.read_text(encoding="utf-8", errors="replace")
        if "provider" not in text or not (region or any(words in text for words in _ABOUT_ACCOUNTS)):
            continue
        for block in _blocks(file, text):
            if region is not None:
                if "alias" not in block:  # another one is refused when it is planned
                    yield {"region": region} | {name: _nothing(name) for name in block if name.startswith(_TO_ACCOUNTS)}
                continue
            if overridden := {name: _nothing(name) for name in block if name.startswith(_ABOUT_ACCOUNTS[:3])}:
                keys = {"access_key": "local", "secret_key": "local"} if "profile" in overridden else {}
                yield overridden | keys | {name: block[name] for name in ("alias",) if name in block}


def _nothing(argument: str) -> Any:
    return [{}] if argument == "endpoints" else None


def _blocks(file: Path, text: str) -> Iterator[dict[str, Any]]:
    """Yield the blocks ``provider "aws"`` of a file."""
    try:
        content = _read(file, text)
    except Exception as error:  # python-hcl2 raises what its parser does
        why = " ".join(f"{error}".split())
        raise UsageError(f"The providers in {file} can't be read ({shortened(why)}): is it valid Terraform?") from error
    listed = content.get("provider", [])
    for named in listed if isinstance(listed, list) else [listed]:
        for name, blocks in named.items():
            if name.strip('"') == "aws":
                yield from blocks if isinstance(blocks, list) else [blocks]


def _read(file: Path, text: str) -> dict[str, Any]:
    if file.suffix == ".json":
        content: dict[str, Any] = json.loads(text)
        return content
    import hcl2
    from hcl2 import SerializationOptions

    return hcl2.loads(text, serialization_options=SerializationOptions(strip_string_quotes=True))


def check(directory: Path) -> None:
    """Raise UsageError for a directory without Terraform, and for one that calls the AWS provider otherwise."""
    from async_lab.terraform.configuration import names_for_aws

    if not directory.is_dir():
        raise UsageError(f"There is no directory {directory}: give one with Terraform files.")
    if not _terraform_files(directory):
        raise UsageError(f"There is no Terraform in {directory}: it has no file that ends in .tf or .tf.json.")
    for file in _terraform_files(directory):
        for name in sorted(names_for_aws(file.read_bytes()) - {"aws"}):
            raise UsageError(
                f'{file} calls the AWS provider "{name}": only of one that is called "aws" is overridden what leads to '
                "an account. Call it so."
            )


def _check_modules(directory: Path) -> None:
    """Raise UsageError for a module whose own provider leads to an account: it can't be overridden from outside."""
    from async_lab.terraform.configuration import blocks_of_aws, module_directories

    files = (file for module in module_directories(directory) for file in _terraform_files(module))
    for file in files:
        text = file.read_bytes()
        if not blocks_of_aws(text):
            continue
        for block in _blocks(file, text.decode(errors="replace")):
            for argument in (name for name in block if name.startswith(_ABOUT_ACCOUNTS[:3])):
                raise UsageError(
                    f"{file.resolve()} gives the AWS provider {argument} in a module, where it can't be overridden: "
                    "configure the provider where the module is called."
                )


def _terraform_files(directory: Path) -> list[Path]:
    return sorted(file for file in directory.iterdir() if file.name.endswith((".tf", ".tf.json")))


def without_log(call: Callable[[], T]) -> T:
    """Return what a call returns; of a failure say all that Terraform said, as its log goes with the lab."""
    from async_lab.terraform import TerraformFailed

    try:
        return call()
    except TerraformFailed as failed:
        failure = failed
    named = EnvironmentFailure(str(failure).partition(" The whole log:")[0])  # not while the other is handled
    for diagnostic in failure.diagnostics[1:]:
        named.add_note(f"{diagnostic}")
    raise named
