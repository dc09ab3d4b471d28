"""Lambda's functions as the endpoint keeps them: moto's, with what asynchronous invocation needs reimplemented."""

from async_lab.endpoint.functions.concurrency import allocated, limit_account, unreserved_limit
from async_lab.endpoint.functions.deployed import FunctionNotFound, ResolvedFunction, find
from async_lab.endpoint.functions.late_queue import dispatch_seconds
from async_lab.endpoint.functions.responses import install

__all__ = [
    "FunctionNotFound",
    "ResolvedFunction",
    "allocated",
    "dispatch_seconds",
    "find",
    "install",
    "limit_account",
    "unreserved_limit",
]
