"""What a run on AWS will do and cost, told before it is begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.metrics import METRIC_NAMES
from runner.scenario import Scenario
from runner.wording import plural

PRICES_OF = "us-east-1, 2025"
"""Source: aws.amazon.com/lambda/pricing and aws.amazon.com/cloudwatch/pricing, without the free tier."""
_PER_REQUEST = 0.20 / 1_000_000
_PER_GB_SECOND = 0.0000166667
_PER_METRIC_READ = 0.01 / 1_000
_STACK_PER_HOUR = (15 * 0.10 + 0.50 + 3.00) / 730
"""Metrics in alarms, a composite alarm and a dashboard, per month."""
_STATISTICS = 4
_LOOKS_EVERY_SECONDS = 15
_DATA_POINT_DELAY_SECONDS = 120
_ALIGNMENT_SECONDS = 105
_TERRAFORM_SECONDS = 120
"""Assumed: to make a stack and to take it down."""

PERMISSIONS = (
    "sts:GetCallerIdentity",
    "iam: Create, Get, Tag, Pass and DeleteRole, and its policies (Put, Get, List, Delete)",
    (
        "lambda: functions, their concurrency, event-invoke configs and tags (Create, Get, Put, Update, Delete, List), "
        "InvokeFunction, GetAccountSettings"
    ),
    "logs: log groups, their retention and tags (Create, Describe, Put, List, Delete)",
    "cloudwatch: alarms and dashboards (Put, Get, Describe, List, Delete), tags, GetMetricData",
)


def sentences(scenarios: Sequence[Scenario], events: int | None) -> Iterator[str]:
    """Yield what is made, sent, waited for, paid and needed; ``events`` is how many are sent instead."""
    counts = [events or scenario.events.count for scenario in scenarios]
    seconds = sum(map(_seconds, scenarios, counts)) + _TERRAFORM_SECONDS
    cost = _cost(scenarios, counts, seconds)
    yield (
        "Terraform creates function, role, log group, event-invoke config, about ten alarms, a composite alarm and a "
        f"dashboard of stack {scenarios[0].stack_name}, and the lab removes them at the end."
    )
    yield f"{plural(sum(counts), 'event')} sent; about {plural(round(seconds / 60), 'minute')}."
    yield f"Cost: at most about ${max(0.01, cost):,.2f} (prices of {PRICES_OF}, no free tier)."
    yield f"Your credentials need {'; '.join(PERMISSIONS)}."


def _seconds(scenario: Scenario, count: int) -> float:
    sending = scenario.events.interval_seconds * (count - 1)
    return _ALIGNMENT_SECONDS + sending + scenario.observe_seconds + _DATA_POINT_DELAY_SECONDS


def _cost(scenarios: Sequence[Scenario], counts: Sequence[int], seconds: float) -> float:
    cost = _STACK_PER_HOUR * (seconds // 3600 + 1)
    for scenario, count in zip(scenarios, counts, strict=True):
        executions = count * (1 + scenario.maximum_retry_attempts)
        longest = min(scenario.timeout, scenario.behavior.sleep_seconds + 1)
        looks = (scenario.observe_seconds + _DATA_POINT_DELAY_SECONDS) / _LOOKS_EVERY_SECONDS + 1
        cost += executions * (_PER_REQUEST + longest * scenario.memory_size / 1024 * _PER_GB_SECOND)
        cost += looks * len(METRIC_NAMES) * _STATISTICS * _PER_METRIC_READ
    return cost
