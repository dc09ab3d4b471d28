"""What a run on AWS will do and cost, told before it is begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from async_lab.account import prices
from async_lab.account.permissions import PERMISSIONS
from async_lab.observation.metrics import METRIC_NAMES
from async_lab.scenario import Scenario
from async_lab.wording import plural

ALARMS, METRICS_IN_ALARMS = 8, 11
"""Of the module async-observability; where concurrency is reserved, there is one more."""
_STATISTICS = 4
_LOOKS_EVERY_SECONDS = 15
_DATA_POINT_DELAY_SECONDS = 120
_ALIGNMENT_SECONDS = 105
_TERRAFORM_SECONDS = 120
"""Assumed: to make a stack and to take it down."""
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
        f"{scenarios[0].stack_name}, and the lab removes them at the end."
    )
    yield f"{plural(sum(counts), 'event')} sent; about {plural(round(seconds / 60), 'minute')}."
    yield (
        f"Cost: at most about ${cents / 100:,.2f} "
        f"(list prices of {prices.ALARM_METRIC_HOUR.published}, no free tier; some regions are dearer)."
    )
    yield "Your credentials need these permissions:"
    for service, actions in PERMISSIONS.items():
        yield f"{service}: {', '.join(actions)}"


def _reserves(scenarios: Sequence[Scenario]) -> bool:
    return any(scenario.reserved_concurrent_executions > 0 for scenario in scenarios)


def _seconds(scenario: Scenario, count: int) -> float:
    sending = scenario.events.interval_seconds * (count - 1)
    return _ALIGNMENT_SECONDS + sending + scenario.observe_seconds + _DATA_POINT_DELAY_SECONDS


def _cost(scenarios: Sequence[Scenario], counts: Sequence[int], seconds: float) -> float:
    hourly = (
        (METRICS_IN_ALARMS + _reserves(scenarios)) * prices.ALARM_METRIC_HOUR.dollars
        + prices.COMPOSITE_ALARM_HOUR.dollars
        + prices.DASHBOARD_HOUR.dollars
    )
    cost = hourly * (seconds // 3600 + 1)
    for scenario, count in zip(scenarios, counts, strict=True):
        executions = count * (1 + scenario.maximum_retry_attempts)
        gigabyte_seconds = min(scenario.timeout, scenario.behavior.sleep_seconds + 1) * scenario.memory_size / 1024
        logged = _LOG_BYTES + 2 * len(scenario.behavior.message.encode())
        looks = (scenario.observe_seconds + _DATA_POINT_DELAY_SECONDS) / _LOOKS_EVERY_SECONDS + 1
        cost += executions * (
            prices.LAMBDA_REQUEST.dollars
            + gigabyte_seconds * prices.LAMBDA_GB_SECOND.dollars
            + logged * prices.LOG_BYTE.dollars
        )
        cost += looks * len(METRIC_NAMES) * _STATISTICS * prices.METRIC_READ.dollars
    return cost
