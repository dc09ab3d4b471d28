"""The pytest plugin: fixtures, and what a failing test's report says of its events. pytest finds it by itself.

One lab is open in each process, which is each worker of pytest-xdist, from the first test that asks for it. Nothing of
it is imported before: a test run without it is not slower.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from async_lab.testing.lab import Lab

_FIXTURES = ("async_lab", "async_lab_session")
_MOST_EVENTS, _MOST_LINES = 20, 60
_REMARKS = pytest.StashKey[dict[str, None]]()
_WORKERS_REMARKS = "async_lab_remarks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the target."""
    group = parser.getgroup("async-lab", "tests of Lambda functions")
    group.addoption(
        "--async-lab-target",
        choices=("local", "aws"),
        default="local",
        help="Where async_lab's tests run: on the embedded endpoint; your AWS account (aws) is refused so far.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what can't be: a test that ran against a real account unawares would be worse than none."""
    if config.getoption("--async-lab-target") == "aws":
        raise pytest.UsageError(
            "--async-lab-target=aws: tests run on the embedded endpoint only. AWS tells nobody what became of each "
            "attempt, and the lab's faults and its clock are not to be had there; async-lab run SCENARIO --target aws "
            "runs scenarios on your account."
        )


@pytest.fixture(scope="session")
def _open_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Open the process's one lab."""
    from async_lab.testing.lab import Lab

    lab = Lab(directory=request.config.rootpath)
    lab.open()
    yield lab
    _remark(request.config, lab)
    lab.close()


@pytest.fixture(scope="session")
def async_lab_session(_open_lab: Lab) -> Iterator[Lab]:
    """Give fixtures of a session or module the lab: what they make stands when each later test begins.

    From here to the session's end the process's ``AWS_`` variables point at the lab.
    """
    with _open_lab.around():
        yield _open_lab


@pytest.fixture
def async_lab(_open_lab: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Give a test a fresh lab: empty, or with what fixtures made of ``async_lab_session``; the clock at its start.

    During the test the process's ``AWS_`` variables point at it, and no boto3 client reaches another AWS.
    """
    with _open_lab.around():
        if not _is_shared(request):
            _open_lab.reset()
            yield _open_lab
            return
        stood = _open_lab.snapshot()
        _open_lab.restore(stood)
        yield _open_lab
        _open_lab.restore(stood)


def _is_shared(request: pytest.FixtureRequest) -> bool:
    """Whether anything asked for ``async_lab_session`` so far, in this test or an earlier one."""
    shared = request.config.stash.setdefault(_SHARED, [])
    if "async_lab_session" in request.fixturenames:
        shared.append(True)
    return bool(shared)


_SHARED = pytest.StashKey[list[bool]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Add to a failing test's report what became of its events."""
    report: Any = yield
    lab = next(filter(None, map(getattr(item, "funcargs", {}).get, _FIXTURES)), None)
    if lab is not None and report.failed and report.when != "teardown":
        report.sections.extend(_told(lab))
    return report


def _told(lab: Lab) -> Iterator[tuple[str, str]]:
    try:
        yield from _sections(lab)
    except Exception as error:  # noqa: BLE001 - the test's own failure is what counts
        yield "async-lab", f"What became of the events can't be told: {type(error).__name__}: {error}"


def _sections(lab: Lab) -> Iterator[tuple[str, str]]:
    from async_lab.testing.findings import findings, words

    events = lab.events()
    if not events:
        return
    shown = type(events)(events[-_MOST_EVENTS:])
    more = f"({len(events) - len(shown)} earlier ones are not shown)\n" if len(events) > len(shown) else ""
    yield "async-lab: events", f"{more}{shown!r}"
    for function in dict.fromkeys(event.function for event in shown):
        lines = [line for event in shown if event.function == function for line in lab.logs(function, event.request_id)]
        if lines:
            yield f"async-lab: log of {function}", "\n".join(lines[-_MOST_LINES:])
        found = "\n\n".join(map(words, findings(lab, function)))
        yield f"async-lab: finding for {function}", found


def _remark(config: pytest.Config, lab: Lab) -> None:
    """Keep what there is to know until the end, where whoever reports finds it."""
    output = getattr(config, "workeroutput", None)
    if output is None:
        config.stash.setdefault(_REMARKS, {}).update(dict.fromkeys(lab.remarks))
    else:
        output[_WORKERS_REMARKS] = lab.remarks


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist has to say."""
    remarks = getattr(node, "workeroutput", {}).get(_WORKERS_REMARKS, [])
    node.config.stash.setdefault(_REMARKS, {}).update(dict.fromkeys(remarks))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what there is to know of how functions ran."""
    for remark in config.stash.get(_REMARKS, {}):
        terminalreporter.write_line(f"async-lab: {remark}")
