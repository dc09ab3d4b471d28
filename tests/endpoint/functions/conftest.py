import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lambda_client import NAME, START, client, policy, settings

from async_lab.endpoint.invocation.timeline import VirtualClock
from async_lab.testing.base import TRUST


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Our functions behind our server, one for all tests."""
    from async_lab.endpoint.functions import install
    from async_lab.endpoint.http.dispatch import moto_application
    from async_lab.endpoint.http.members import ModelCheck
    from async_lab.endpoint.http.server import Server

    install(lambda: START)
    server = Server(0, ModelCheck(moto_application()))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def clock(url: str) -> VirtualClock:
    """The endpoint's clock, at START; whatever moto held is gone."""
    from moto.moto_api._internal.models import moto_api_backend

    from async_lab.endpoint import sources
    from async_lab.endpoint.functions import install
    from async_lab.endpoint.sources import clocks
    from async_lab.endpoint.sources.reach import Reach

    moto_api_backend.reset()
    clock = VirtualClock(START)
    install(clock.now)
    clocks.install(clock.now, stands=True)
    sources.install(Reach(lambda *_: pytest.fail("No function is triggered here."), clock.now))
    return clock


@pytest.fixture
def functions(url: str, clock: VirtualClock) -> Any:
    """Lambda's client, where there is a role that may do nothing."""
    iam = client("iam", url)
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST))
    return client("lambda", url)


@pytest.fixture
def create(functions: Any) -> Callable[..., dict[str, Any]]:
    """Creates a function."""
    return lambda **changed: functions.create_function(**settings(**changed))


@pytest.fixture
def allow(url: str, functions: Any) -> Callable[..., None]:
    """Allows the role an action on a resource."""

    def put(action: str, resource: str = "*", effect: str = "Allow") -> None:
        name = f"{effect}-{action}".replace(":", "-").replace("*", "all")
        client("iam", url).put_role_policy(
            RoleName=NAME, PolicyName=name, PolicyDocument=policy((effect, action, resource))
        )

    return put
