"""The signals that end the program, from its first line to its last.

Light on purpose: it is imported before all else, so that there is next to no time in which a signal finds nobody.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress

from async_lab.errors import EnvironmentFailure, ExitCode, Interrupted, LabError, LeftBehind

TYPE_CHECKING = False  # typing's own takes as long to import as all else here
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any, NoReturn, TypeAlias

    Handler: TypeAlias = Callable[[int, FrameType | None], object]
    Previous: TypeAlias = dict[signal.Signals, Handler | int | None]

_STANDARD_ERROR = 2
_SENTENCE = "Interrupted."
"""Of what had begun nothing; ``interrupts`` says what is left of the rest."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def listen(handler: Handler) -> Previous:
    """Have ``handler`` called by each; return what was. One that was ignored when the program started stays ignored."""
    previous: Previous = {}
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            previous[number] = signal.signal(number, handler)
    return previous


def listen_as_before(previous: Previous) -> None:
    """Put back what ``listen`` has returned."""
    for number, handler in previous.items():
        signal.signal(number, handler)


def leave(_number: int = 0, _frame: FrameType | None = None) -> NoReturn:
    """End here and now. A handler for as long as nothing was begun, and once all is done."""
    with suppress(OSError):
        os.write(_STANDARD_ERROR, f"{_SENTENCE}\n".encode())
    os._exit(ExitCode.INTERRUPTED)


def listen_from_the_start() -> None:
    """Listen while everything is still imported. What Python swallows, as in a finalizer, doesn't show a traceback."""
    listen(leave)
    tell = sys.unraisablehook

    def tell_but_interruptions(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            tell(unraisable)

    sys.unraisablehook = tell_but_interruptions


@contextmanager
def unwinding() -> Iterator[None]:
    """Let the first signal unwind what the block has begun, and the second end it. Raises Interrupted if one came.

    One that comes while the block already ends with LeftBehind or Interrupted doesn't take their place.
    """
    came: list[int] = []

    def received(number: int, _frame: FrameType | None) -> None:
        if came and number == signal.SIGHUP:  # a closing terminal sends it twice
            return
        came.append(number)
        if len(came) > 1:
            leave()
        raise KeyboardInterrupt

    previous = listen(received)
    try:
        try:
            yield
        finally:
            listen_as_before(previous)
    except KeyboardInterrupt as interruption:  # which may have come in the line above, too
        if said := _said_before(interruption):
            raise said from said.__cause__
        raise Interrupted(_SENTENCE) from interruption
    except Exception as error:
        if came and is_consequence(error):
            raise Interrupted(_SENTENCE) from error
        raise
    if came:  # what was raised got lost, as in a finalizer
        raise Interrupted(_SENTENCE)


def _said_before(interruption: KeyboardInterrupt) -> LabError | None:
    """Return what was already said of what is left, or that nothing is, when an interruption came on top of it."""
    error = interruption.__context__
    while error is not None and not isinstance(error, (LeftBehind, Interrupted)):
        error = error.__context__
    return error


def end_with(code: ExitCode) -> None:
    """Have a signal change nothing any more: a command's end is decided and being told. A second one ends it there."""
    came: list[int] = []

    def received(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1 and number != signal.SIGHUP:
            os._exit(code)

    listen(received)


def is_consequence(error: BaseException | None) -> bool:
    """Whether what follows an interruption comes of it: a failure around us, or what a library makes of the exception.

    Python before 3.12 makes a RuntimeError of every exception that ends ``__set_name__``, as in an import.
    """
    if isinstance(error, LabError):
        return isinstance(error, EnvironmentFailure)
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__  # not its context: what fails while we clean up is a failure
    return error is not None


@contextmanager
def finishing() -> Iterator[None]:
    """Let the block finish before a first signal takes effect, as it would have had; a second one ends it.

    In another thread than the main one it does nothing: no signal interrupts that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def received(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1 and number != signal.SIGHUP:
            raise KeyboardInterrupt

    previous = listen(received)
    try:
        yield
    finally:
        listen_as_before(previous)
        for number in came:
            signal.raise_signal(number)  # who listened before decides what it means, also of a block that failed
