"""What a handler's looks at its children cost in virtual time."""

import os

import pytest

from async_lab.endpoint.sandbox.lab_child import patches


@pytest.fixture
def moves(monkeypatch):
    """To what the clock is moved."""
    moves = []
    monkeypatch.setattr(patches, "move", moves.append)
    return moves


def waitpid(_pid, _options):
    return 7, 0


def test_a_look_that_does_not_wait_leaves_the_clock_alone(moves):
    # A handler of SIGCHLD looks in the middle of anything: of the clock's own work, too, whose lock is then held.
    assert patches._counted_where_it_waits(waitpid)(-1, os.WNOHANG) == (7, 0)
    assert moves == []


def test_waiting_for_a_child_takes_its_time(moves):
    assert patches._counted_where_it_waits(waitpid)(7, 0) == (7, 0)
    assert len(moves) == 1
