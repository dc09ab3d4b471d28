"""What all tests share. Being here, this file also lets them import helpers such as ``series`` from ``tests/``."""

import signal

import pytest
from hypothesis import Phase, settings

from async_lab import Lab
from async_lab.target.local import LocalTarget

settings.register_profile("lab", deadline=None)  # these machines lose their CPU to others at times
settings.register_profile(  # for make mutants: the same few examples for every mutant, and none made smaller
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("lab")

# Started in the background, or under nohup, a run ignores these; so would the programs that its tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that run Terraform: the short ones then fill the time until the last of them ends."""
    longest = {item.path for item in items if item.get_closest_marker("lab")}
    items.sort(key=lambda item: item.path not in longest)


@pytest.fixture(scope="module")
def _open_lab():
    """The lab behind ``async_lab``, for a module and not a session: tests of others have endpoints of their own."""
    lab = Lab()
    lab.open()
    yield lab
    lab.close()


@pytest.fixture
def target(async_lab):
    """The lab as what runs work on: a fresh account on the embedded endpoint."""
    return LocalTarget(async_lab._endpoint, async_lab.region)
