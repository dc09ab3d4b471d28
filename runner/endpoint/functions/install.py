"""Puts our functions into moto."""

from __future__ import annotations

from collections.abc import Callable

from moto.awslambda import models, urls

from runner.endpoint.functions.model import Function
from runner.endpoint.functions.responses import FunctionsResponse

_ACCOUNT_SETTINGS = r"{0}/(?P<api_version>[^/]+)/account-settings/?$"


def install(now: Callable[[], float]) -> None:
    """Make moto keep and answer functions as Lambda does, in the time that ``now`` tells (epoch seconds).

    Call it before moto's application takes its first Lambda request; calling again changes the clock alone.
    """
    models.LambdaFunction = Function
    FunctionsResponse.now = staticmethod(now)
    for pattern in (*urls.url_paths, _ACCOUNT_SETTINGS):
        urls.url_paths[pattern] = FunctionsResponse.dispatch
