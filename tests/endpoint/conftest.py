import pytest
from queue_lab import Lab

from async_lab.endpoint.embedded import Endpoint


@pytest.fixture(scope="module")
def lab():
    """An endpoint, its clients and a role that may do everything; one for all tests of a module."""
    with Endpoint() as endpoint:
        yield Lab(endpoint)
