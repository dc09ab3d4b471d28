"""What goes wrong inside the endpoint itself: logged with its traceback, named once to the user; the rest goes on."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LOG = logging.getLogger(__name__)
_named: set[tuple[str, str]] = set()
_ending = threading.Event()


def begin() -> None:
    """Tell what goes wrong again."""
    _ending.clear()


def end() -> None:
    """Tell no more of it: what is under way when the endpoint ends fails because it ends."""
    _ending.set()


def log(doing: str, error: BaseException) -> None:
    """Log an error that nobody expected."""
    if not _ending.is_set():
        _LOG.error("Failed: %s", doing, exc_info=error)


def report(doing: str, error: BaseException) -> None:
    """Log an error that nobody expected, and name it to the user if the same kind was not named before."""
    log(doing, error)
    kind = (doing, type(error).__name__)
    if kind not in _named and not _ending.is_set():
        _named.add(kind)
        with suppress(OSError, ValueError, AttributeError):  # stderr may be closed, or none at all
            print(  # noqa: T201 - the user's, and not the log's
                f"The embedded endpoint failed while {doing} ({type(error).__name__}: {error}); it goes on, "
                "and its log has the traceback.",
                file=sys.stderr,
            )


def remark(sentence: str) -> None:
    """Say to the user, once, what is done otherwise than on AWS."""
    _LOG.warning("%s", sentence)
    if (sentence, "") not in _named and not _ending.is_set():
        _named.add((sentence, ""))
        with suppress(OSError, ValueError, AttributeError):
            print(sentence, file=sys.stderr)  # noqa: T201 - the user's, and not the log's


@contextmanager
def contained(doing: str) -> Iterator[None]:
    """Let no error out of a block; ``doing`` says in a few words what it does."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported, and the rest goes on
        report(doing, error)
