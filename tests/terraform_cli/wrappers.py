"""Two programs around one ``terraform apply``: the usual one, and one as the lab is. Run as a process by the tests."""

import os
import subprocess
import sys
from pathlib import Path

from async_lab.errors import LabError
from async_lab.process.interrupts import Interrupts
from async_lab.terraform import Terraform, kept_provider


def usual(directory: Path) -> None:
    """Run Terraform as a child in the same process group, as scripts do."""
    subprocess.run(
        ["terraform", "apply", "-auto-approve", f"-var-file={directory / 'test.tfvars'}"], cwd=directory, check=True
    )


def ours(directory: Path, provider: str = "") -> None:
    """Apply, and take down whatever happens; with a provider of our own if one is named."""
    log, var_file = directory / "terraform.log", directory / "test.tfvars"
    with Interrupts() as interrupts:
        if not provider:
            apply_and_destroy(Terraform(directory, os.environ, log, interrupts=interrupts), var_file)
            return
        with kept_provider(Path(provider), os.environ, log) as environment:
            apply_and_destroy(Terraform(directory, environment, log, interrupts=interrupts), var_file)


def apply_and_destroy(terraform: Terraform, var_file: Path) -> None:
    """Do what a run does with Terraform."""
    terraform.init()
    try:
        terraform.apply(var_file)
    finally:
        terraform.destroy(var_file)


if __name__ == "__main__":
    try:
        {"usual": usual, "ours": ours}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
    except LabError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(error.exit_code)
