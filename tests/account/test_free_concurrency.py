"""Whether the account's concurrency is enough, asked before anything is made."""

from dataclasses import replace

import pytest
import standing
from program import PROJECT

from async_lab import scenario
from async_lab.account.concurrency import check_concurrency
from async_lab.errors import EnvironmentFailure


def reserving(*numbers):
    wanted = scenario.find(PROJECT, "scenario-2")
    return [replace(wanted, name=f"reserve-{number}", reserved_concurrent_executions=number) for number in numbers]


def test_a_reservation_above_the_accounts_limit_is_refused(target):
    with pytest.raises(EnvironmentFailure, match=r"reserve-901 reserves 901 of account \d+'s .* keeps 100 unreserved"):
        check_concurrency(target, reserving(901))
    check_concurrency(target, reserving(900))


def test_what_others_have_reserved_is_not_free(target):
    standing.reserve(target, "others", 900)
    with pytest.raises(EnvironmentFailure, match="of its 1000, 100 are free, and Lambda keeps 100 unreserved"):
        check_concurrency(target, reserving(1))


def test_the_functions_own_reservation_is_free_for_it(target):
    standing.reserve(target, "async-lab", 900)
    check_concurrency(target, reserving(900))
    with pytest.raises(EnvironmentFailure, match="of its 1000, 1000 are free"):
        check_concurrency(target, reserving(901))


def test_the_largest_of_a_runs_reservations_counts(target):
    with pytest.raises(EnvironmentFailure, match="reserve-950 reserves 950"):
        check_concurrency(target, reserving(-1, 1, 950, 2))


def test_without_a_reservation_nothing_is_asked():
    check_concurrency(None, reserving(-1, 0))
