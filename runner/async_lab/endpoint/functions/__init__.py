"""Lambda's functions as the endpoint keeps them: moto's, with what asynchronous invocation needs made true."""

from async_lab.endpoint.functions.account import allocated, unreserved_limit
from async_lab.endpoint.functions.deployed import Deployed, FunctionNotFound, find
from async_lab.endpoint.functions.install import install

__all__ = ["Deployed", "FunctionNotFound", "allocated", "find", "install", "unreserved_limit"]
