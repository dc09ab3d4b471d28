"""The Terraform program on the user's machine: which one, how old, and the environment it is run with."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from async_lab.errors import EnvironmentFailure
from async_lab.process.signals import finishing

_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,9}(?![0-9])")
OLDEST = (1, 9)
"""Variable validations that refer to other variables came with 1.9."""
_ANSWER_SECONDS = 20
_LONGEST_PLACE_OF_SOCKETS = 60  # of the 104 characters that macOS allows for the whole name
_HOW_TO_INSTALL = "Install a newer one from https://developer.hashicorp.com/terraform/install"


@dataclass(frozen=True, slots=True)
class Executable:
    """A Terraform that is new enough."""

    path: Path
    version: str


def find_terraform(environment: Mapping[str, str] | None = None) -> Executable:
    """Return the Terraform on the PATH. Raises EnvironmentFailure when there is none, or one before 1.9."""
    environment = dict(os.environ if environment is None else environment)
    environment.pop("TF_REATTACH_PROVIDERS", None)  # it is for providers, and stops even this when it is wrong
    found = shutil.which("terraform", path=environment.get("PATH"))
    if found is None:
        raise EnvironmentFailure(
            "Terraform is not on the PATH: install version 1.9 or newer "
            "from https://developer.hashicorp.com/terraform/install"
        )
    version = _version(found, environment)
    if _numbers(version) < OLDEST:
        raise EnvironmentFailure(f"{found} is Terraform {version}; the lab needs 1.9 or newer. {_HOW_TO_INSTALL}")
    return Executable(Path(found), version)


def _version(path: str, environment: Mapping[str, str]) -> str:
    try:
        return str(json.loads(_answer([path, "version", "-json"], environment))["terraform_version"])
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFailure(
            f"{path} does not answer `terraform version -json` within {_ANSWER_SECONDS} seconds. {_HOW_TO_INSTALL}"
        ) from error
    except OSError as error:
        raise EnvironmentFailure(f"{path} can't be started ({error.strerror}). {_HOW_TO_INSTALL}") from error
    except (subprocess.SubprocessError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise EnvironmentFailure(f"{path} does not answer `terraform version -json`. {_HOW_TO_INSTALL}") from error


def _answer(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """Return what a command prints. Whatever ends the wait for it ends it, and all that it has started."""
    process = None
    try:
        with finishing():  # an interruption within Popen would leave a program that nobody knows
            process = subprocess.Popen(
                command,
                env=for_terraform(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        answer, _ = process.communicate(timeout=_ANSWER_SECONDS)
    except BaseException:
        if process is not None and process.returncode is None:
            # It has no group when a terminal's Ctrl-C found it still in ours: that ended it before it was Terraform.
            with process, suppress(ProcessLookupError):  # the process waits for its end, and closes what it wrote to
                os.killpg(process.pid, signal.SIGKILL)  # not waited for yet: the number is still theirs
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return answer


def _numbers(version: str) -> tuple[int, ...]:
    """Return (1, 9, 0) for ``1.9.0-rc1``."""
    return tuple(int(number) for number in _NUMBER.findall(version.partition("-")[0]))


def _is_fit_for_sockets(directory: str) -> bool:
    """Whether providers can open their sockets there; the names of these are short."""
    is_there = Path(directory).is_absolute() and os.access(directory, os.W_OK | os.X_OK)
    return is_there and len(directory) <= _LONGEST_PLACE_OF_SOCKETS


def for_terraform(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which Terraform asks nothing, phones nowhere and answers in the form we read."""
    ours = {name: value for name, value in environment.items() if not name.startswith("TF_CLI_ARGS")}
    config = ours.get("TF_CLI_CONFIG_FILE")
    if config and not Path(config).is_file():
        ours["TF_CLI_CONFIG_FILE"] = ""  # empty silences the warning about a file that isn't there
    if "TMPDIR" in ours and not _is_fit_for_sockets(ours["TMPDIR"]):
        ours["TMPDIR"] = tempfile.gettempdir()  # Python passes over one that isn't there; Terraform and providers fail
    return ours | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
