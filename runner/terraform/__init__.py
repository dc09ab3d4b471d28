"""The Terraform CLI: its commands with their progress, its provider, and what it fails with."""

from runner.terraform.cli import Plan, Terraform
from runner.terraform.executable import Executable, find_terraform
from runner.terraform.failures import ProviderNotFound, TerraformFailed
from runner.terraform.progress import Listener, Progress, Step
from runner.terraform.provider import init_from_anywhere, installed_provider, kept_provider

__all__ = [
    "Executable",
    "Listener",
    "Plan",
    "Progress",
    "ProviderNotFound",
    "Step",
    "Terraform",
    "TerraformFailed",
    "find_terraform",
    "init_from_anywhere",
    "installed_provider",
    "kept_provider",
]
