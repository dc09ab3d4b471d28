"""What is told of a run on AWS before it is begun."""

from dataclasses import replace
from datetime import date

import pytest
from program import PROJECT

from async_lab import scenario
from async_lab.account import forecast, prices
from async_lab.account.prices import Price


def test_events_minutes_and_cost_are_told():
    _, happens, cost, *_ = forecast.sentences([scenario.find(PROJECT, "scenario-2")], None)
    assert happens == "2 events sent; about 10 minutes."  # 105 + 250 + 120 s, and 120 s of Terraform
    assert cost.startswith("Cost: at most about $0.02 (list prices of 2026-08-31, ")


def test_other_numbers_of_events_and_several_scenarios_count():
    chosen = [scenario.find(PROJECT, name) for name in ("baseline", "scenario-2")]
    _, happens, *_ = forecast.sentences(chosen, 7)
    assert happens.startswith("14 events sent; ")


def test_what_really_costs_is_told():
    dear = replace(scenario.find(PROJECT, "scenario-2"), memory_size=10_240)
    _, _, cost, *_ = forecast.sentences([dear], 10_000)
    assert dollars(cost) > 400


def test_what_is_logged_is_paid_for():
    quiet = replace(scenario.find(PROJECT, "scenario-1"), memory_size=128)
    loud = replace(quiet, behavior=replace(quiet.behavior, message="x" * 4_000))
    (_, _, before, *_), (_, _, after, *_) = (list(forecast.sentences([one], 10_000)) for one in (quiet, loud))
    assert dollars(after) - dollars(before) == pytest.approx(30_000 * 8_000 * 0.50 / 1e9, abs=0.02)


def test_a_cost_is_rounded_up():
    _, _, cost, *_ = forecast.sentences([scenario.find(PROJECT, "baseline")], 1)
    assert dollars(cost) >= 0.01


def test_every_price_names_its_source_and_all_but_two_their_day():
    known = [price for price in vars(prices).values() if isinstance(price, Price)]
    assert all(price.source.startswith("https://pricing.us-east-1.amazonaws.com/") for price in known)
    assert [price for price in known if price.published is None] == [prices.COMPOSITE_ALARM_HOUR, prices.OBJECT_PUT]
    assert all(price.published > date(2026, 1, 1) for price in known if price.published)


def dollars(cost: str) -> float:
    return float(cost.partition("$")[2].split()[0].replace(",", ""))
