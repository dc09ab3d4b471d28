"""Lambda's functions as the endpoint keeps them: moto's, with what asynchronous invocation needs reimplemented."""

from async_lab.endpoint.functions.concurrency import allocated, unreserved_limit
from async_lab.endpoint.functions.deployed import FunctionNotFound, ResolvedFunction, find
from async_lab.endpoint.functions.responses import install

__all__ = ["FunctionNotFound", "ResolvedFunction", "allocated", "find", "install", "unreserved_limit"]
