"""The Terraform CLI: its commands with their progress, its provider, and what it fails with."""

from async_lab.terraform.cli import Plan, Terraform
from async_lab.terraform.configuration import configures_aws_once
from async_lab.terraform.executable import Executable, find_terraform
from async_lab.terraform.failures import ProviderNotFound, TerraformFailed
from async_lab.terraform.progress import Listener, Progress, Step
from async_lab.terraform.provider import init_from_anywhere, installed_provider, kept_provider, provider_program

__all__ = [
    "Executable",
    "Listener",
    "Plan",
    "Progress",
    "ProviderNotFound",
    "Step",
    "Terraform",
    "TerraformFailed",
    "configures_aws_once",
    "find_terraform",
    "init_from_anywhere",
    "installed_provider",
    "kept_provider",
    "provider_program",
]
