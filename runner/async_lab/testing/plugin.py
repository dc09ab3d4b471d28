"""The pytest plugin: fixtures, and what a failing test's report says of its events. pytest finds it by itself.

One lab is open in each process, which is each worker of pytest-xdist, from the first test that asks for it. Nothing of
it is imported before: a test run without it is not slower. With ``--async-lab-target=aws`` the lab is the user's
account: that is said before the first test, and happens only where the command line itself asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from async_lab.testing.aws import AwsLab
    from async_lab.testing.base import BaseLab
    from async_lab.testing.lab import Lab

_FIXTURES = ("async_lab", "async_lab_session")
_MOST_EVENTS, _MOST_LINES = 20, 60
_REMARKS = pytest.StashKey[dict[str, None]]()
_WORKERS_REMARKS = "async_lab_remarks"
_TARGET = pytest.StashKey[Any]()
_WIDTH = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the target."""
    group = parser.getgroup("async-lab", "tests of Lambda functions")
    group.addoption(
        "--async-lab-target",
        choices=("local", "aws"),
        default="local",
        help="Where async_lab's tests run: on the embedded endpoint, in virtual time (local), or on your AWS account, "
        "in real time, where they make what they ask for and remove it (aws).",
    )
    group.addoption("--async-lab-profile", metavar="NAME", help="AWS profile, with --async-lab-target=aws.")
    group.addoption("--async-lab-region", metavar="NAME", help="AWS region, with --async-lab-target=aws.")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what can't be: a test that ran against a real account unawares would be worse than none."""
    if config.getoption("--async-lab-target") != "aws":
        for option in ("--async-lab-profile", "--async-lab-region"):
            if config.getoption(option) is not None:
                raise pytest.UsageError(f"{option} is for --async-lab-target=aws; the embedded endpoint needs none.")
    elif not _is_worker(config) and not _is_asked_for(config.invocation_params.args):
        raise pytest.UsageError(
            "--async-lab-target=aws counts only on the command line itself: neither PYTEST_ADDOPTS nor a configuration "
            "file may send tests to an account."
        )


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _is_asked_for(arguments: tuple[object, ...]) -> bool:
    given = [*map(str, arguments), ""]
    return "--async-lab-target=aws" in given or ("--async-lab-target", "aws") in pairwise(given)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Find the account, and say what tests will do there, before the first of them."""
    config = session.config
    if config.getoption("--async-lab-target") != "aws" or config.getoption("--collect-only"):
        return
    from async_lab.errors import LabError
    from async_lab.target.aws import open_aws

    try:
        target = open_aws(config.getoption("--async-lab-profile"), config.getoption("--async-lab-region"))
    except LabError as error:
        raise pytest.UsageError(f"--async-lab-target=aws: {error}") from error
    config.stash[_TARGET] = target
    if not _is_worker(config):
        from async_lab.testing import announcement

        say = _say(config)
        for sentence in announcement.sentences(target):
            say(sentence)


def _say(config: pytest.Config) -> Callable[[str], None]:
    """Return what writes a line to the terminal at once, past pytest's capture; a worker has no terminal."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def say(text: str) -> None:
        lines = wrap(f"async-lab: {text}", _WIDTH, subsequent_indent="  ", break_long_words=False)
        if reporter is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                for line in lines:
                    reporter.write_line(line)

    return say


@pytest.fixture(scope="session")
def _open_lab(request: pytest.FixtureRequest) -> Iterator[BaseLab]:
    """Open the process's one lab."""
    is_local = request.config.getoption("--async-lab-target") == "local"
    yield from _local(request.config) if is_local else _aws(request.config)


def _local(config: pytest.Config) -> Iterator[Lab]:
    from async_lab.errors import UsageError
    from async_lab.testing.lab import Lab

    class SharedLab(Lab):
        """One that tests have one after another, so that none may close it."""

        def close(self) -> None:
            raise UsageError("async_lab is for all tests, and closed at the end of the session: reset() begins anew.")

    lab = SharedLab(directory=config.rootpath)
    lab.open()
    yield lab
    _remark(config, lab.remarks)
    Lab.close(lab)


def _aws(config: pytest.Config) -> Iterator[AwsLab]:
    from async_lab.checkout.project import Project
    from async_lab.testing.aws import AwsLab

    lab = AwsLab(config.stash[_TARGET], Project.locate(config.rootpath), config.rootpath, _say(config))
    yield lab
    try:
        lab.close()
    finally:
        _remark(config, [*lab.remarks, lab.conclusion])


@pytest.fixture(scope="session")
def async_lab_session(_open_lab: BaseLab) -> Iterator[BaseLab]:
    """Give fixtures of a session or module the lab: what they make stands when each later test begins.

    From here to the session's end the process's ``AWS_`` variables point at the lab.
    """
    with _open_lab.around():
        yield _open_lab


@pytest.fixture
def async_lab(_open_lab: BaseLab, request: pytest.FixtureRequest) -> Iterator[BaseLab]:
    """Give a test a fresh lab: empty, or with what fixtures made of ``async_lab_session``; the clock at its start.

    During the test the process's ``AWS_`` variables point at it, and no boto3 client reaches another AWS.
    """
    from async_lab.testing.lab import Lab

    with _open_lab.around():
        yield from _fresh(_open_lab, request) if isinstance(_open_lab, Lab) else _on_account(_open_lab)


def _fresh(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    if not _is_shared(request):
        lab.reset()
        yield lab
        return
    stood = lab.snapshot()
    lab.restore(stood)
    yield lab
    lab.restore(stood)


def _on_account(lab: Any) -> Iterator[AwsLab]:
    lab.begin_test()
    try:
        yield lab
    finally:
        lab.end_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Skip a test whose fixtures ask for what AWS can't do, with the sentence that says so."""
    with _skipped_on_aws(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Skip a test that asks for what AWS can't do, with the sentence that says so."""
    with _skipped_on_aws(item):
        return (yield)


@contextmanager
def _skipped_on_aws(item: pytest.Item) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if item.config.getoption("--async-lab-target") == "aws":
            from async_lab.testing.errors import NotOnAws

            if isinstance(error, NotOnAws):
                raise pytest.skip.Exception(f"async-lab: {error}", _use_item_location=True) from None
        raise


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


def _told(lab: BaseLab) -> Iterator[tuple[str, str]]:
    try:
        yield from _sections(lab)
    except Exception as error:  # noqa: BLE001 - the test's own failure is what counts
        yield "async-lab", f"What became of the events can't be told: {type(error).__name__}: {error}"


def _sections(lab: BaseLab) -> Iterator[tuple[str, str]]:
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


def _remark(config: pytest.Config, remarks: list[str]) -> None:
    """Keep what there is to know until the end, where whoever reports finds it."""
    output = getattr(config, "workeroutput", None)
    if output is None:
        config.stash.setdefault(_REMARKS, {}).update(dict.fromkeys(remarks))
    else:
        output[_WORKERS_REMARKS] = remarks


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist has to say."""
    remarks = getattr(node, "workeroutput", {}).get(_WORKERS_REMARKS, [])
    node.config.stash.setdefault(_REMARKS, {}).update(dict.fromkeys(remarks))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what there is to know of how functions ran."""
    for remark in config.stash.get(_REMARKS, {}):
        terminalreporter.write_line(f"async-lab: {remark}")
