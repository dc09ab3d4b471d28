"""Runs people's handlers: the deployed zip under AWS's own runtime client, a process each, in virtual time."""

from runner.endpoint.sandbox.archives import UnusablePackage, check_package
from runner.endpoint.sandbox.lab_child.frames import TOOK_HEADER
from runner.endpoint.sandbox.model import Costs, Deployment, Execution, Limits, LogLine, Result
from runner.endpoint.sandbox.runtimes import UnsupportedRuntime, python_version
from runner.endpoint.sandbox.sandbox import Sandbox

__all__ = [
    "TOOK_HEADER",
    "Costs",
    "Deployment",
    "Execution",
    "Limits",
    "LogLine",
    "Result",
    "Sandbox",
    "UnsupportedRuntime",
    "UnusablePackage",
    "check_package",
    "python_version",
]
