import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # for queue_lab

from queue_lab import Lab

from async_lab.endpoint.embedded import Endpoint


@pytest.fixture
def lab():
    with Endpoint() as endpoint:
        yield Lab(endpoint)
