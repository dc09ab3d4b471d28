"""What happens at a minute: queues publish their metrics, and all alarms look at what they watch."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from moto.sqs.models import sqs_backends

from async_lab.cloudwatch import queries
from async_lab.cloudwatch.alarm_reason import INITIAL, data, sentence
from async_lab.cloudwatch.alarm_state import MetricAlarm, Point, State, Verdict, judge
from async_lab.cloudwatch.series import Series, Span
from async_lab.cloudwatch.statistic import percentile_of
from async_lab.cloudwatch.store import MINUTE, MetricStore
from async_lab.endpoint import trouble
from async_lab.endpoint.cloudwatch.alarms import COMPOSITE, METRIC, Alarm, AlarmRegistry, AlarmState, books, change
from async_lab.endpoint.cloudwatch.responses import store

_MEDIAN = 0.5


def evaluate(at: float) -> None:
    """Publish queues' metrics, then evaluate every alarm of every account and region, at the epoch second ``at``.

    Meant for each whole minute.
    An alarm of a longer period is evaluated each minute too, over the periods that end then (user guide, "Evaluating an
    alarm").
    """
    with trouble.contained("publishing the metrics of queues"):
        _publish_depths(at)
    for book in books():
        _evaluate_metric_alarms(book, book.of(METRIC), at)


def evaluate_high_resolution(at: float) -> None:
    """Evaluate the alarms of a period of less than a minute, at the epoch second ``at``.

    Meant for each ten seconds between minutes (user guide, "Using Amazon CloudWatch alarms").
    """
    for book in books():
        if alarms := book.high_resolution():
            _evaluate_metric_alarms(book, alarms, at)


def _evaluate_metric_alarms(book: AlarmRegistry, alarms: list[Alarm], at: float) -> None:
    """Evaluate alarms, and the composite alarms that may watch them."""
    metrics = store(book.account_id, book.region)
    for alarm in alarms:
        if alarm.rule:
            with trouble.contained(f"acting on alarm {alarm.name}"):
                _evaluate_alone(book, alarm, alarm.rule, metrics, at)
    evaluate_composites(book, at)


def evaluate_composites(book: AlarmRegistry, at: float) -> None:
    """Evaluate composite alarms until none changes any more: they may watch each other."""
    composites = book.of(COMPOSITE)
    for _ in composites:
        states = [alarm.condition.state for alarm in composites]
        for alarm in composites:
            with trouble.contained(f"evaluating alarm {alarm.name}"):
                _evaluate_composite(book, alarm, at)
        if states == [alarm.condition.state for alarm in composites]:
            return


def _evaluate_alone(book: AlarmRegistry, alarm: Alarm, rule: MetricAlarm, metrics: MetricStore, at: float) -> None:
    """Evaluate an alarm; one that can't be evaluated doesn't know enough, and says why."""
    try:
        _evaluate(book, alarm, rule, metrics, at)
    except Exception as error:  # noqa: BLE001 - one odd alarm neither stops the others nor the clock
        reason = f"Insufficient Data: the alarm could not be evaluated ({type(error).__name__}: {error})."
        if alarm.condition.reason != reason:
            trouble.report(f"evaluating alarm {alarm.name}", error)
            change(book, alarm, AlarmState(State.INSUFFICIENT_DATA, at, reason))


def _evaluate(book: AlarmRegistry, alarm: Alarm, rule: MetricAlarm, metrics: MetricStore, at: float) -> None:
    span = _span(alarm, rule, at)
    before = alarm.condition.state
    verdict = judge(rule, _window(alarm, metrics, span), before)
    if verdict.state is before or _has_too_few_samples(alarm, metrics, span, verdict):
        return
    stat = alarm.queries[0].stat if len(alarm.queries) == 1 else None
    asked = {"statistic": stat.statistic, "period": stat.period} if stat else {"period": alarm.period}
    after = AlarmState(verdict.state, at, sentence(rule, verdict, before), data(rule, verdict, at, asked))
    change(book, alarm, after)


def _span(alarm: Alarm, rule: MetricAlarm, at: float) -> Span:
    step = min(alarm.period, MINUTE)
    end = int(at // step) * step
    return Span(end - rule.range * alarm.period, end)


def _window(alarm: Alarm, metrics: MetricStore, span: Span) -> list[Point | None]:
    values = queries.evaluate(alarm.queries, metrics, span)
    (watched,) = (values[query.id] for query in alarm.queries if query.returns_data)
    points = watched.points if isinstance(watched, Series) else {}
    return [Point(at, points[at]) if at in points else None for at in span.starts(alarm.period)]


def _has_too_few_samples(alarm: Alarm, metrics: MetricStore, span: Span, verdict: Verdict) -> bool:
    """Tell whether a percentile says too little to change the state (API reference, EvaluateLowSampleCountPercentile).

    Too few are fewer than 10 / (1 - percentile), for percentiles below the median 10 / percentile (user guide).
    """
    stat = alarm.queries[0].stat
    share = percentile_of(stat.statistic) if stat else None
    if alarm.definition.get("EvaluateLowSampleCountPercentile") != "ignore" or not stat or not share:
        return False
    fewest = 10 / max(1 - share, 1e-9) if share >= _MEDIAN else 10 / share
    periods = metrics.periods(stat.metric, span.start_of(stat.period), span.end, stat.period, stat.unit)
    return any(periods[point.at].count < fewest for point in verdict.evaluated)


def _evaluate_composite(book: AlarmRegistry, alarm: Alarm, at: float) -> None:
    from async_lab.cloudwatch.alarm_rule import alarms_in, is_true  # its parser takes a tenth of a second

    def state_of(reference: str) -> State | None:
        child = book.named(reference)
        return child.condition.state if child else None

    rule = alarm.definition["AlarmRule"]
    state = State.ALARM if is_true(rule, state_of) else State.OK
    if state is alarm.condition.state:
        return
    children = [child for child in map(book.named, alarms_in(rule)) if child]
    latest = max(children, key=lambda child: child.condition.at, default=None)
    change(book, alarm, AlarmState(state, at, _because(alarm, state, latest), _triggering(children)))


def _because(alarm: Alarm, state: State, latest: Alarm | None) -> str:
    if latest is None or alarm.condition.reason == INITIAL:
        return f"{alarm.alarm_arn} was created and its alarm rule evaluates to {state}"
    since = datetime.fromtimestamp(latest.condition.at, UTC)
    return f"{latest.alarm_arn} transitioned to {latest.condition.state} at {since:%A %d %B, %Y %H:%M:%S} UTC"


def _triggering(children: list[Alarm]) -> str:
    described = [
        {"arn": child.alarm_arn, "state": {"value": child.condition.state, "timestamp": child.condition.at}}
        for child in children
    ]
    return json.dumps({"triggeringAlarms": described}, separators=(",", ":"))


NAMESPACE = "AWS/SQS"

_ATTRIBUTES = {
    "ApproximateNumberOfMessagesVisible": "approximate_number_of_messages",
    "ApproximateNumberOfMessagesNotVisible": "approximate_number_of_messages_not_visible",
    "ApproximateNumberOfMessagesDelayed": "approximate_number_of_messages_delayed",
}


def _publish_depths(at: float) -> None:
    """Put the depths of all queues into the metrics of the minute that ends at the epoch second ``at``."""
    backends = [backend for regions in list(sqs_backends.values()) for backend in list(regions.values())]
    for backend in backends:
        for queue in list(backend.queues.values()):
            metrics = store(backend.account_id, backend.region_name)
            for metric, attribute in _ATTRIBUTES.items():
                depth = float(getattr(queue, attribute))
                metrics.put(NAMESPACE, metric, (("QueueName", queue.name),), at - MINUTE, depth, "Count")
