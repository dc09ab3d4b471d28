"""What a run on AWS will do and cost, told before it is begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from async_lab.account import prices
from async_lab.account.permissions import needed
from async_lab.observation.metrics import METRIC_NAMES
from async_lab.scenario import DIRECT, Scenario
from async_lab.wording import plural

ALARMS, METRICS_IN_ALARMS = 8, 11
"""Of the module async-observability; where concurrency is reserved, there is one more."""
_STATISTICS = 4
_LOOKS_EVERY_SECONDS = 15
_DATA_POINT_DELAY_SECONDS = 120
_ALIGNMENT_SECONDS = 105
_TERRAFORM_SECONDS = 120
"""Assumed: to make a stack and to take it down."""
_OTHERS_MEMORY_MB, _OTHERS_RETRIES = 128, 2
"""Of the module async-function: what other_functions have."""
_LOG_BYTES = 2_000
"""Assumed: of an execution, besides twice its message: Lambda's lines, the event, and a traceback."""


def sentences(scenarios: Sequence[Scenario], events: int | None) -> Iterator[str]:
    """Yield what is made, sent, waited for, paid and needed; ``events`` is how many are sent instead."""
    counts = [events or scenario.events.count for scenario in scenarios]
    seconds = sum(map(_seconds, scenarios, counts)) + _TERRAFORM_SECONDS
    cents = ceil(_cost(scenarios, counts, seconds) * 100)
    yield (
        "Terraform creates a function with its role, log group and event-invoke config, "
        f"{ALARMS + _reserves(scenarios)} alarms, a composite alarm and a dashboard as stack "
        f"{scenarios[0].stack_name}{_besides(scenarios)}, and the lab removes them at the end."
    )
    yield f"{plural(sum(counts), 'event')} sent; about {plural(round(seconds / 60), 'minute')}."
    yield (
        f"Cost: at most about ${cents / 100:,.2f} "
        f"(list prices of {prices.ALARM_METRIC_HOUR.published}, no free tier; some regions are dearer)."
    )
    yield "Your credentials need these permissions:"
    for service, actions in needed(scenarios).items():
        yield f"{service}: {', '.join(actions)}"


def _besides(scenarios: Sequence[Scenario]) -> str:
    """Return what only some scenarios have, to be added to what all have."""
    made = {
        "other functions": any(scenario.other_functions for scenario in scenarios),
        "topics or queues for finished events": any(
            target and target.problem != "missing"
            for scenario in scenarios
            for target in (scenario.on_failure, scenario.on_success, scenario.dead_letter_target)
        ),
        "what triggers it": any(scenario.trigger.service != DIRECT for scenario in scenarios),
    }
    there = [name for name, is_there in made.items() if is_there]
    return f", with {' and '.join(there)}" if there else ""


def _reserves(scenarios: Sequence[Scenario]) -> bool:
    return any(scenario.reserved_concurrent_executions > 0 for scenario in scenarios)


def _seconds(scenario: Scenario, count: int) -> float:
    return (
        _ALIGNMENT_SECONDS
        + scenario.events.seconds_to_send(count)
        + scenario.observe_seconds
        + _DATA_POINT_DELAY_SECONDS
    )


def _cost(scenarios: Sequence[Scenario], counts: Sequence[int], seconds: float) -> float:
    hourly = (
        (METRICS_IN_ALARMS + _reserves(scenarios)) * prices.ALARM_METRIC_HOUR.dollars
        + prices.COMPOSITE_ALARM_HOUR.dollars
        + prices.DASHBOARD_HOUR.dollars
    )
    cost = hourly * (seconds // 3600 + 1)
    for scenario, count in zip(scenarios, counts, strict=True):
        executions = count * (1 + scenario.maximum_retry_attempts)
        gigabyte_seconds = min(scenario.timeout, scenario.longest_execution_seconds + 1) * scenario.memory_size / 1024
        logged = _LOG_BYTES + 2 * len(scenario.behavior.message.encode())
        looks = (scenario.observe_seconds + _DATA_POINT_DELAY_SECONDS) / _LOOKS_EVERY_SECONDS + 1
        cost += executions * (
            prices.LAMBDA_REQUEST.dollars
            + gigabyte_seconds * prices.LAMBDA_GB_SECOND.dollars
            + logged * prices.LOG_BYTE.dollars
        )
        cost += (
            sum(
                other.events * (1 + _OTHERS_RETRIES) * (other.sleep_seconds + 1) * _OTHERS_MEMORY_MB / 1024
                for other in scenario.other_functions.values()
            )
            * prices.LAMBDA_GB_SECOND.dollars
        )
        if scenario.trigger.service == "s3":
            cost += count * prices.OBJECT_PUT.dollars
        cost += looks * len(METRIC_NAMES) * _STATISTICS * prices.METRIC_READ.dollars
    return cost
