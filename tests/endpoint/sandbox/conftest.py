"""A sandbox for all, and what makes functions to run in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from handlers import Function, deployment

from async_lab.endpoint.sandbox import Sandbox

Deploy = Callable[..., Function]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Return one sandbox for all tests that need nothing special of it."""
    sandbox = Sandbox(endpoint_url="http://127.0.0.1:4566")
    yield sandbox
    sandbox.close()


@pytest.fixture
def deploy(sandbox: Sandbox, request: pytest.FixtureRequest) -> Deploy:
    """Return what makes a function of its source, in the common sandbox or another."""
    functions: list[Function] = []

    def make(source: str | dict[str, str], *, within: Sandbox = sandbox, **changes: Any) -> Function:
        functions.append(Function(within, deployment(source, **changes), f"{request.node.nodeid}/{len(functions)}"))
        return functions[-1]

    return make
