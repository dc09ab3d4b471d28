"""Puts our functions into moto."""

from __future__ import annotations

from collections.abc import Callable

from moto.awslambda import models, urls

from async_lab.endpoint.functions.account import Account
from async_lab.endpoint.functions.code import LayerVersion
from async_lab.endpoint.functions.model import Function
from async_lab.endpoint.functions.requests import Requests
from async_lab.endpoint.functions.responses import FunctionsResponse
from async_lab.twin.rules import ACCOUNT_CONCURRENCY

_PATHS_UNKNOWN_TO_MOTO = (
    r"{0}/(?P<api_version>[^/]+)/account-settings/?$",
    r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/provisioned-concurrency/?$",
)


def install(now: Callable[[], float], account_concurrency: int = ACCOUNT_CONCURRENCY) -> None:
    """Make moto keep and answer functions as Lambda does, in the time that ``now`` tells (epoch seconds).

    Call it before moto's application takes its first Lambda request; calling again changes the clock and the account's
    concurrency alone.
    """
    Account.concurrency = account_concurrency
    models.LambdaFunction, models.LayerVersion = Function, LayerVersion
    Function.now = Requests.now = staticmethod(now)
    for pattern in (*urls.url_paths, *_PATHS_UNKNOWN_TO_MOTO):
        urls.url_paths[pattern] = FunctionsResponse.dispatch
