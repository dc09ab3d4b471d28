"""What is told of a run on AWS before it is begun."""

from dataclasses import replace

from program import PROJECT

from runner import forecast, scenario


def test_events_minutes_and_cost_are_told():
    _, happens, cost, _ = forecast.sentences([scenario.find(PROJECT, "scenario-2")], None)
    assert happens == "2 events sent; about 10 minutes."  # 105 + 250 + 120 s, and 120 s of Terraform
    assert cost.startswith("Cost: at most about $0.02 (prices of ")


def test_other_numbers_of_events_and_several_scenarios_count():
    chosen = [scenario.find(PROJECT, name) for name in ("baseline", "scenario-2")]
    _, happens, *_ = forecast.sentences(chosen, 7)
    assert happens.startswith("14 events sent; ")


def test_what_really_costs_is_told():
    dear = replace(scenario.find(PROJECT, "scenario-2"), memory_size=10_240)
    _, _, cost, _ = forecast.sentences([dear], 10_000)
    assert float(cost.partition("$")[2].split()[0].replace(",", "")) > 400
