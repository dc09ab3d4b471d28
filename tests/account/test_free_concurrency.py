"""Whether the account's concurrency is enough, asked before anything is made."""

from dataclasses import replace

import pytest
import standing
from program import PROJECT

from async_lab import scenario
from async_lab.account.concurrency import check_concurrency
from async_lab.endpoint.embedded import Endpoint
from async_lab.errors import EnvironmentFailure
from async_lab.target.local import LocalTarget


@pytest.fixture
def target():
    with Endpoint() as endpoint:
        yield LocalTarget(endpoint, "eu-west-1")


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


class Account(LocalTarget):
    """The endpoint as an account that stays."""

    is_disposable = False


def test_a_scenario_about_another_limit_than_the_accounts_is_refused_on_an_account_that_stays():
    pool = scenario.find(PROJECT, "account-pool")
    with Endpoint() as endpoint:
        with pytest.raises(
            EnvironmentFailure, match=r"account-pool is about an account with 10 .* has 1,000 in eu-west"
        ):
            check_concurrency(Account(endpoint, "eu-west-1"), [pool])
        check_concurrency(LocalTarget(endpoint, "eu-west-1"), [pool])
    with Endpoint(account_concurrency=10) as endpoint:
        check_concurrency(Account(endpoint, "eu-west-1"), [pool])


def test_the_endpoint_plays_the_account_that_a_scenario_is_about_and_then_its_own():
    with Endpoint(account_concurrency=50) as endpoint:
        target = LocalTarget(endpoint, "eu-west-1")

        def limit():
            return target.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]

        target.limit_account(10)
        assert limit() == 10
        target.limit_account(None)
        assert limit() == 50
        target.limit_account(10)
        endpoint.reset()
        assert limit() == 50
