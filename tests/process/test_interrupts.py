# ruff: noqa: PT012, SIM117 - which statement of a block is the last one is what these tests are about
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from async_lab.errors import EnvironmentFailure, ExitCode, Interrupted
from async_lab.process import signals
from async_lab.process.interrupts import Abandoned, Interrupts


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    before = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    }
    yield
    for number, handler in before.items():
        assert signal.getsignal(number) == handler
        signal.signal(number, handler)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def interrupts(said: list[str]) -> Interrupts:
    return Interrupts(said.append)


def press(number: signal.Signals = signal.SIGINT) -> None:
    """Like the terminal does; Python's handler has run when this returns."""
    signal.raise_signal(number)


def never() -> None:
    pytest.fail("the block should have been left")


@pytest.mark.parametrize("number", signals.ENDING)
def test_without_terraform_the_first_leaves_at_once(interrupts: Interrupts, number: signal.Signals) -> None:
    with pytest.raises(Interrupted) as interrupted, interrupts:
        press(number)
        never()
    assert interrupted.value.exit_code == ExitCode.INTERRUPTED


def test_a_library_that_wraps_every_exception_does_not_swallow_it(interrupts: Interrupts) -> None:
    with pytest.raises(Interrupted), interrupts:
        try:
            press()
        except Exception as error:
            raise EnvironmentFailure("as botocore does") from error


def test_a_held_block_is_finished_first(interrupts: Interrupts, said: list[str]) -> None:
    done = []
    with pytest.raises(Interrupted), interrupts:
        with interrupts.deferred("Finishing the apply."):
            press()
            done.append("apply")
        never()
    assert done == ["apply"]
    assert said == ["Finishing the apply. Press Ctrl-C again to stop Terraform."]


def test_blocks_in_a_held_block_are_held_as_long_as_it(interrupts: Interrupts) -> None:
    done = []
    with pytest.raises(Interrupted), interrupts, interrupts.deferred("Taking down."):
        with interrupts.deferred("Destroying."):
            press()
        done.append("checked what is left")
    assert done == ["checked what is left"]


def test_what_fails_because_of_the_second_is_an_interruption(interrupts: Interrupts) -> None:
    stops = []
    with pytest.raises(Interrupted) as interrupted, interrupts:
        with interrupts.deferred("Finishing the apply."), interrupts.forward_to(lambda: stops.append("SIGINT")):
            press()
            press()
            raise EnvironmentFailure("operation canceled")
        never()
    assert stops == ["SIGINT"]
    assert isinstance(interrupted.value.__cause__.__cause__, EnvironmentFailure)


def test_a_failure_without_an_interruption_stays_what_it_is(interrupts: Interrupts) -> None:
    with (
        pytest.raises(EnvironmentFailure, match="AccessDenied"),
        interrupts,
        interrupts.deferred("Finishing the apply."),
    ):
        raise EnvironmentFailure("AccessDenied")


def test_the_clean_up_after_the_first_is_not_interrupted_by_it_again(interrupts: Interrupts) -> None:
    done = []
    with pytest.raises(Interrupted), interrupts:
        try:
            press()
        finally:
            with interrupts.deferred("Taking down."):
                done.append("destroyed")
            done.append("closed")
    assert done == ["destroyed", "closed"]


def test_the_second_without_terraform_lets_the_clean_up_go_on(interrupts: Interrupts, said: list[str]) -> None:
    with pytest.raises(Interrupted), interrupts:
        try:
            press()
        finally:
            press()
    assert said == ["Cleaning up. Press Ctrl-C again to leave things as they are."]


def test_the_third_leaves_even_a_held_block(interrupts: Interrupts) -> None:
    with pytest.raises(Abandoned) as abandoned, interrupts, interrupts.deferred("Taking down."):
        press()
        press()
        press()
        never()
    assert abandoned.value.exit_code == ExitCode.LEFT_BEHIND


def test_after_the_third_nobody_listens_any_more(interrupts: Interrupts) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Abandoned), interrupts:
        try:
            press()
        finally:
            press()
            try:
                press()
            finally:
                assert signal.getsignal(signal.SIGINT) == before


def test_a_closing_terminal_asks_once_however_often_it_says_so(interrupts: Interrupts) -> None:
    stops = []
    with pytest.raises(Interrupted), interrupts:
        with interrupts.deferred("Finishing the apply."), interrupts.forward_to(lambda: stops.append("SIGINT")):
            for _ in range(3):
                press(signal.SIGHUP)
    assert stops == []


def test_a_terminal_that_is_gone_does_not_stop_the_held_block() -> None:
    def say(_: str) -> None:
        raise OSError

    done = []
    interrupts = Interrupts(say)
    with pytest.raises(Interrupted), interrupts, interrupts.deferred("Finishing the apply."):
        press(signal.SIGHUP)
        done.append("apply")
    assert done == ["apply"]


def test_the_second_in_the_middle_of_telling_of_the_first_is_told_after_it() -> None:
    said, stopped, telling = [], [], []

    def say(message: str) -> None:
        assert not telling  # as Python's files have it: a reentrant call
        telling.append(message)
        if not said:
            signal.raise_signal(signal.SIGINT)
        said.append(telling.pop())

    with pytest.raises(Interrupted), Interrupts(say) as interrupts, interrupts.deferred("Busy."):
        with interrupts.forward_to(lambda: stopped.append(True)):
            signal.raise_signal(signal.SIGINT)
    assert [message.split(". ")[0] for message in said] == ["Busy", "Stopping Terraform"]
    assert stopped == [True]


def test_one_in_the_middle_of_a_write_to_the_terminal_is_noted() -> None:
    def say(_message: str) -> None:
        raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")

    went_on = False
    with pytest.raises(Interrupted), Interrupts(say) as interrupts, interrupts.deferred("Busy."):
        signal.raise_signal(signal.SIGINT)
        went_on = True
    assert went_on


def test_a_signal_that_was_ignored_stays_ignored(interrupts: Interrupts) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts:
            press(signal.SIGHUP)
        assert not interrupts.happened
    finally:
        signal.signal(signal.SIGHUP, before)


def test_one_that_was_not_entered_changes_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupts = Interrupts()
    with interrupts.deferred("Finishing the apply."), interrupts.forward_to(never):
        assert signal.getsignal(signal.SIGINT) == before


def test_one_that_gets_lost_is_raised_again_before_anything_new_is_begun(interrupts: Interrupts) -> None:
    with pytest.raises(Interrupted), interrupts:
        with suppress(KeyboardInterrupt):
            press()
        interrupts.check()
        never()


def test_one_that_gets_lost_is_still_one_at_the_end(interrupts: Interrupts) -> None:
    with pytest.raises(Interrupted), interrupts, suppress(KeyboardInterrupt):
        press()


def test_what_is_cleaned_up_is_not_stopped_by_a_check(interrupts: Interrupts) -> None:
    done = []
    with pytest.raises(Interrupted), interrupts:
        try:
            press()
        finally:
            with interrupts.deferred("Taking down."):
                interrupts.check()
                done.append("destroyed")
    assert done == ["destroyed"]


def test_what_fails_after_one_without_being_held_is_an_interruption(interrupts: Interrupts) -> None:
    with pytest.raises(Interrupted), interrupts:
        with suppress(KeyboardInterrupt):
            press()
        raise EnvironmentFailure("connection closed")


def test_one_that_the_user_was_asked_for_does_not_count(interrupts: Interrupts) -> None:
    with interrupts:
        with interrupts.awaited():
            press()
            never()
        assert not interrupts.happened
