"""Where the AWS provider comes from, and one process of it kept for many commands.

Starting the provider is what takes longest in a local run: every Terraform command starts its own, and ``init`` hashes
650 MB. A kept one is started once and Terraform attaches to it (``-debug`` and ``TF_REATTACH_PROVIDERS``, Terraform's
documentation "Debugging Providers"); ``init`` then has nothing to install.
"""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from async_lab import owned
from async_lab.errors import EnvironmentFailure
from async_lab.terraform.cli import Terraform
from async_lab.terraform.executable import for_terraform
from async_lab.terraform.failures import ProviderNotFound, TerraformFailed
from async_lab.terraform.mirror import AWS_PROVIDER, find_mirrors, searched
from async_lab.terraform.progress import Progress, Step

ATTACH = "TF_REATTACH_PROVIDERS"
_NO_PACKAGE = frozenset({"Failed to query available provider packages", "Failed to install provider"})
"""Summaries of what ``init`` says when it can't reach or use the registry."""
_REQUIREMENT = {"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}}}
_GUARDED = '"$1" -debug & exec >&-; read -r _; kill -KILL "$!"; wait; rm -rf "$2"'
"""Ends the provider when its input closes, and so with us, even if we are killed. It is killed: a signal that it may
handle can come before it does, and all that it would still do is remove its socket."""
_PLACE = "TMPDIR"
"""Where the provider makes its socket: a directory of its own, by which it is also known."""
_QUIET = dict.fromkeys(("TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_SDK", "TF_LOG_SDK_PROTO"), "off")
"""Without Terraform as its parent a provider logs everything: 1 MB a command, and 5 % of its time."""
_FEWER_COLLECTIONS = {"GOGC": "400"}
"""Saves Go programs that live for a second 5 to 10 % of it."""
_START_SECONDS = 120.0
_END_SECONDS = 10.0


def init_from_anywhere(terraform: Terraform) -> None:
    """Install the providers: Terraform's own ways first, then a mirror on this machine.

    Raises ProviderNotFound when both have none, TerraformFailed for all else.
    """
    try:
        terraform.init()
    except TerraformFailed as failed:
        if not any(diagnostic.summary in _NO_PACKAGE for diagnostic in failed.diagnostics):
            raise
        _init_from_mirrors(terraform, failed)


def _init_from_mirrors(terraform: Terraform, registry: TerraformFailed) -> None:
    places = searched(terraform.directory, terraform.environment)
    refusals = []
    for mirror in find_mirrors(places):
        try:
            terraform.init(mirror)
        except TerraformFailed as refused:
            refusals.append(f"{mirror} was refused ({refused})")
            continue
        terraform.progress(Progress(Step.NOTE, f"The registry has no provider for us: taken from {mirror}."))
        return
    tried = "; ".join(refusals) or f"no mirror is in {', '.join(map(str, places))}"
    raise ProviderNotFound(
        f"The AWS provider can't be installed: {registry.diagnostics[0]}; {tried}. On a machine that reaches the "
        "registry run `terraform providers mirror DIRECTORY` in terraform/, and put DIRECTORY in one of those places."
    ) from registry


def installed_provider(lock_file: Path, cache: Path, terraform: Terraform) -> Path:
    """Return the program of the AWS provider that a lock file names, which Terraform has verified against it.

    Installed once per lock file, in ``cache``, with ``terraform``'s environment, log and progress. Raises
    ProviderNotFound and TerraformFailed.
    """
    lock = _read(lock_file)
    home = cache / hashlib.sha256(lock).hexdigest()[:16]
    if (program := provider_program(home)) is not None:
        return program
    with owned.locked(_made(cache)):
        if provider_program(home) is None:  # else another run was faster
            _install(home, lock, terraform)
    program = provider_program(home)
    if program is None:
        raise EnvironmentFailure(f"Terraform has installed no AWS provider in {home}: remove it and try again.")
    return program


def _install(home: Path, lock: bytes, terraform: Terraform) -> None:
    for left in home.parent.glob("new-*"):  # of one that was killed: we alone are here
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-") as making:
        new = Path(making) / home.name
        new.mkdir()
        (new / "versions.tf.json").write_text(json.dumps(_REQUIREMENT))
        (new / ".terraform.lock.hcl").write_bytes(lock)
        init_from_anywhere(replace(terraform, directory=new, environment=_without_a_place(terraform.environment)))
        shutil.rmtree(home, ignore_errors=True)  # what is there has no program any more: its mirror has moved
        new.rename(home)


def _read(lock_file: Path) -> bytes:
    try:
        return lock_file.read_bytes()
    except OSError as error:
        raise EnvironmentFailure(
            f"{lock_file} can't be read ({error.strerror}): restore it, as with git checkout {lock_file}"
        ) from error


def _without_a_place(environment: Mapping[str, str]) -> dict[str, str]:
    """Return it without what the user says about another directory of Terraform's."""
    return {name: value for name, value in environment.items() if name not in {"TF_DATA_DIR", "TF_WORKSPACE", ATTACH}}


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFailure(f"{directory} can't be written ({error.strerror}): make it writable.") from error
    return directory


def provider_program(home: Path) -> Path | None:
    """Return the program of the AWS provider that ``init`` has installed in a directory; None when it has none."""
    return next((home / ".terraform" / "providers" / AWS_PROVIDER).glob("*/*/terraform-provider-aws*"), None)


@contextmanager
def kept_provider(
    program: Path, environment: Mapping[str, str], log: Path, directory: Path | None = None
) -> Iterator[dict[str, str]]:
    """Keep one provider process while the block runs; yield the environment in which Terraform attaches to it.

    ``directory`` is Terraform's, from which the provider reads files by their relative paths, such as a package's.
    The provider reads endpoint and credentials from ``environment`` when Terraform configures it. Nothing of it is left
    after the block, nor after our own end. Raises EnvironmentFailure when it doesn't start.
    """
    home = owned.temporary("async-lab-provider-")
    # With a CA bundle of its own the AWS SDK refuses to be configured a second time in one process.
    fit = _FEWER_COLLECTIONS | {name: value for name, value in environment.items() if name != "AWS_CA_BUNDLE"}
    try:
        with log.open("ab") as errors:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARDED, "provider", program, home.path],
                cwd=directory,
                env=_QUIET | for_terraform(fit) | {_PLACE: str(home.path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # a terminal's Ctrl-C is not for it
            )
        try:
            yield fit | {ATTACH: _attachment(process, log)}
        finally:
            _end(process)
    finally:
        home.remove()


def end_abandoned(home: Path) -> None:
    """End a provider whose sockets lie in ``home`` and who is attached to it, when their run and the guard are gone."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            if environment.get(_PLACE) == str(home) or f"{home}/" in environment.get(ATTACH, ""):
                process.kill()


def _attachment(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return what the provider prints for TF_REATTACH_PROVIDERS: a line with one JSON object in quotes."""
    assert process.stdout is not None  # noqa: S101 - opened as a pipe
    deadline = time.monotonic() + _START_SECONDS
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(deadline - time.monotonic()):
            some = os.read(process.stdout.fileno(), 65536)
            said += some
            _, found, rest = said.partition(f"{ATTACH}='".encode())
            attachment, is_whole, _ = rest.partition(b"'")
            if found and is_whole:
                return attachment.decode(errors="replace")
            if not some:
                break
    raise EnvironmentFailure(f"The AWS provider did not start; its log: {log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the guard and the provider, whichever of them still lives."""
    assert process.stdin is not None  # noqa: S101 - opened as pipes
    assert process.stdout is not None  # noqa: S101
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # not waited for yet: the number is still theirs
    process.wait()
    process.stdin.close()
    with process.stdout, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(_END_SECONDS) and os.read(process.stdout.fileno(), 65536):
            """Its end closes the pipe."""
