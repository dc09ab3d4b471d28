"""Runs people's handlers: the deployed zip under AWS's own runtime client, a process each, in virtual time."""

from async_lab.endpoint.sandbox.in_process import InProcessHandlers
from async_lab.endpoint.sandbox.lab_child.protocol import DURATION_HEADER
from async_lab.endpoint.sandbox.model import Costs, Deployment, HandlerCall, Limits, LogLine, Result
from async_lab.endpoint.sandbox.packages import UNZIPPED_LIMIT_BYTES, UnusablePackage, check_package
from async_lab.endpoint.sandbox.runtimes import UnsupportedRuntime, python_version
from async_lab.endpoint.sandbox.sandbox import Sandbox

__all__ = [
    "DURATION_HEADER",
    "UNZIPPED_LIMIT_BYTES",
    "Costs",
    "Deployment",
    "HandlerCall",
    "InProcessHandlers",
    "Limits",
    "LogLine",
    "Result",
    "Sandbox",
    "UnsupportedRuntime",
    "UnusablePackage",
    "check_package",
    "python_version",
]
