"""Lambda's functions as the endpoint keeps them: moto's, with what asynchronous invocation needs made true."""

from runner.endpoint.functions.account import allocated, unreserved_limit
from runner.endpoint.functions.deployed import Deployed, FunctionNotFound, find
from runner.endpoint.functions.install import install

__all__ = ["Deployed", "FunctionNotFound", "allocated", "find", "install", "unreserved_limit"]
