"""What all tests share. Being here, this file also lets them import helpers such as ``series`` from ``tests/``."""

import gc
import json
import signal
import sys
from itertools import count
from textwrap import dedent

import pytest
from hypothesis import Phase, settings
from opened import opened
from packages import AS_TOLD

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


LONGEST = ("lab", "terraform", "testing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the rooms that run Terraform: the short ones then fill the time until the last of them ends."""
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


def pytest_collection_finish() -> None:
    """Look less often for garbage among all that stays, tests, modules and AWS's models: it was a fifth of the time."""
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 100)


@pytest.fixture(scope="module")
def lab_settings():
    """What ``async_lab`` is opened with; whoever needs another one says so in a fixture of this name."""
    return {}


@pytest.fixture(scope="module")
def _open_lab(lab_settings):
    """The lab behind ``async_lab``, for a module and not a session: tests of others have endpoints of their own."""
    with opened(**lab_settings) as lab:
        yield lab


@pytest.fixture
def target(async_lab):
    """The lab as what runs work on: a fresh account on the embedded endpoint."""
    return LocalTarget(async_lab._endpoint, async_lab.region)


@pytest.fixture
def handler(tmp_path):
    """Write a handler's module; return what ``function`` is given for it."""

    def write(source, name="app"):
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / f"{name}.py").write_text(dedent(source))
        return f"{tmp_path}/src/{name}.py:handler"

    return write


@pytest.fixture
def as_told(async_lab):
    """Make functions that do as their events say (sleep, exit, fail), each with a name of its own."""
    numbers = count(1)

    def make(**arguments):
        settings = {"name": f"function-{next(numbers)}", "timeout": 100} | arguments
        return async_lab.function(f"{AS_TOLD}:handler", **settings)

    return make


@pytest.fixture
def lambda_(async_lab):
    """Lambda's client, for what a test says to Lambda itself."""
    return async_lab.client("lambda")


@pytest.fixture
def sqs(async_lab):
    """SQS' client."""
    return async_lab.client("sqs")


@pytest.fixture
def open_queue(async_lab, sqs):
    """Make queues that these services may send to; return their ARNs."""
    numbers = count(1)

    def make(*services, **attributes):
        name = f"open-{next(numbers)}"
        arn = async_lab.queue(name)
        principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": arn}
        policy = {"Policy": json.dumps({"Statement": [statement]})}
        sqs.set_queue_attributes(QueueUrl=name, Attributes=policy | attributes)
        return arn

    return make


@pytest.fixture
def interrupted_often():
    """Garbage collection that runs Python code again and again, and so lets other threads in."""
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()

    def collected(_phase, _info):
        sum(range(50))

    gc.set_threshold(20)
    gc.callbacks.append(collected)
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
    gc.callbacks.remove(collected)
    gc.set_threshold(*threshold)
