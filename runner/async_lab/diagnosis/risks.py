"""What is not as it should be, whether or not it has cost an event in the time that was looked at.

A scenario of the lab accepts these on purpose; who asks about a function of their own wants to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from async_lab.diagnosis import arithmetic, words
from async_lab.diagnosis.finding import Confidence, Evidence, Fact, Finding, Severity
from async_lab.observation.configuration import Kind
from async_lab.observation.failure_targets import FailureTarget
from async_lab.observation.observations import Observations
from async_lab.wording import duration, listed, plural


def _risk(
    code: str,
    title: str,
    explanation: str,
    evidence: Sequence[Evidence],
    advice: Sequence[str],
    severity: Severity = Severity.NOTICE,
    source: str = words.GUIDE,
) -> Finding:
    return Finding(code, severity, Confidence.CERTAIN, title, explanation, tuple(evidence), (), tuple(advice), source)


def target_missing(seen: Observations) -> Finding | None:
    """Find dead-letter targets and destinations that aren't there."""
    missing = [target for target in seen.failure_targets if target.exists is False]
    if not missing:
        return None
    names = sorted({target.arn for target in missing})
    return _risk(
        "failure-target-missing",
        "Failed events have nowhere to go",
        words.agreeing(names, "doesn't", "don't") + " exist: what Lambda sends there is lost.",
        [Fact(_role_of(target), target.arn, "None") for target in missing],
        [words.create_missing(names)],
        Severity.WARNING,
    )


def unheard_topic(seen: Observations) -> Finding | None:
    """Find failure topics that nobody has subscribed to."""
    unheard = [target for target in seen.failure_targets if target.subscriptions == 0]
    if not unheard:
        return None
    return _risk(
        "failure-topic-unheard",
        "Nobody listens to the failure topic",
        f"{words.agreeing(sorted({target.name for target in unheard}), 'has', 'have')} no confirmed subscription: "
        "Lambda delivers, and nothing is kept.",
        [Fact(f"Subscriptions of {target.name}", target.subscriptions, "Count") for target in unheard],
        ["Subscribe a queue to the topic, or use a queue as the destination."],
        Severity.WARNING,
        "Amazon SNS developer guide: a message to a topic without subscriptions is delivered to nobody",
    )


def settings_elsewhere(seen: Observations) -> Finding | None:
    """Find event-invoke configs of qualifiers that get no events, while those that get them have none."""
    written = seen.configuration.written
    received = {name: number for name, number in (seen.received_by_qualifier or {}).items() if number}
    if not written or not received:
        return None
    without = [name for name in received if name not in {one.qualifier for one in written}]
    if not without or any(one.qualifier in received for one in written):
        return None
    elsewhere = listed([one.qualifier for one in written])
    return _risk(
        "settings-not-in-effect",
        "The event-invoke config isn't in effect",
        f"Events are sent to {listed(without)}, which has Lambda's defaults; the config that was written is "
        f"of {elsewhere}. Each qualifier has its own.",
        [
            *(Fact(f"Events to {name}", number, "Count") for name, number in received.items()),
            Fact("Qualifiers with a config", elsewhere, "None"),
        ],
        [f"Invoke {elsewhere}, or write the config for {listed(without)}."],
        Severity.WARNING,
        "AWS Lambda API reference, PutFunctionEventInvokeConfig: a config is of one function, version or alias",
    )


def nothing_kept(seen: Observations) -> Finding | None:
    """Find that dropped events would be gone without a trace."""
    if seen.keeps_failed_events is not False:
        return None
    without = listed([settings.qualifier for settings in seen.settings_in_effect if not settings.on_failure])
    return _risk(
        "nothing-kept",
        "No failure destination is set",
        f"Neither a dead-letter target nor an on-failure destination of {without} is set: "
        "what Lambda drops is gone without a trace.",
        [Fact("On-failure destination", None, "None"), Fact("Dead-letter target", None, "None")],
        [words.SET_DESTINATION],
    )


def age_cuts_retries(seen: Observations) -> Finding | None:
    """Find a maximum event age that leaves no time for the retries that are set."""
    if seen.settings is None or not seen.settings.maximum_retry_attempts:
        return None
    failures, is_too_old = arithmetic.failures_before_drop(
        seen.settings.maximum_retry_attempts, seen.settings.maximum_event_age_seconds, 0.0
    )
    if not is_too_old:
        return None
    enough = duration(arithmetic.age_for_all_retries_seconds(seen))
    return _risk(
        "age-cuts-retries",
        "The maximum event age leaves no time for the retries",
        f"An event that fails is tried {'once' if failures == 1 else plural(failures, 'time')} instead of "
        f"{plural(seen.settings.maximum_retry_attempts + 1, 'time')}: then the next try would come after "
        f"{duration(seen.settings.maximum_event_age_seconds)}.",
        [words.maximum_event_age(seen), words.retry_attempts(seen)],
        [f"Set the maximum event age to at least {enough}, or fewer retries."],
        source=f"{words.ERROR_RETRIES}; {words.LOOK_AHEAD}",
    )


def trigger_keeps_failures(seen: Observations) -> Finding | None:
    """Find topics and rules without a dead-letter queue: what they can't deliver, no metric of the function shows."""
    without = sorted({trigger.source_arn for trigger in seen.triggers or () if trigger.dead_letter_arn is None})
    if not without:
        return None
    return _risk(
        "trigger-keeps-nothing",
        "What a trigger can't deliver is gone",
        f"{listed(without)} {'has' if len(without) == 1 else 'have'} no dead-letter queue for this function: an event "
        "that can't be delivered to Lambda is lost there, and neither the function's metrics nor its own dead-letter "
        "queue show it.",
        [Fact("Trigger without a dead-letter queue", source, "None") for source in without],
        ["Give the subscription or the rule's target a dead-letter queue of its own; the function's is another."],
        source="SNS developer guide and EventBridge user guide, on dead-letter queues",
    )


def trigger_gave_up(seen: Observations) -> Finding | None:
    """Find events in a trigger's own dead-letter queue: they never reached Lambda."""
    full = [trigger for trigger in seen.triggers or () if trigger.waiting]
    if not full:
        return None
    said = listed([f"{plural(one.waiting or 0, 'message')} in {one.dead_letter_arn}" for one in full])
    return _risk(
        "trigger-gave-up",
        "A trigger could not deliver events",
        f"{said}: the trigger's own dead-letter queue took these, as they never reached Lambda's queue, or another "
        "subscriber or target of it had them.",
        [Fact(f"Messages given up by {one.source_arn}", one.waiting, "Count") for one in full],
        [
            "Look at the permission of the trigger to invoke the function, and whether the function stands.",
            "Send them again from the trigger's side (an SQS redrive, or a replay of the bus).",
        ],
        Severity.WARNING,
        "SNS developer guide and EventBridge user guide, on dead-letter queues",
    )


def failed_events_wait(seen: Observations) -> Finding | None:
    """Find failure queues that hold messages."""
    full = [target for target in seen.failure_targets if target.waiting]
    if not full:
        return None
    said = listed([f"{plural(target.waiting or 0, 'message')} in {target.name}{_age_of(target)}" for target in full])
    facts = [Fact(f"Messages in {target.name}", target.waiting, "Count") for target in full]
    ages = [
        Fact(f"Age of the oldest in {target.name}", target.oldest_seconds, "Seconds", target.oldest_seconds is not None)
        for target in full
    ]
    found = _risk(
        "failed-events-wait",
        "Failed events wait to be looked at",
        f"Lambda gave these up, and nobody has taken them yet: {said}.",
        [*facts, *ages],
        [
            "Read them: each says why it failed, and mend that first.",
            *(f"See which can be sent again: async-lab redrive {_redriven(seen, target)} --dry-run" for target in full),
            *([_SAME_EVENTS] if len({target.is_dead_letter for target in full}) > 1 else []),
        ],
    )
    others = f"{listed([target.name for target in full])} may hold what is of others, too: {_WHOSE}"
    return replace(found, confidence=Confidence.LIKELY, alternatives=(others,))


def no_alarm(seen: Observations) -> Finding | None:
    """Find that nobody is told when events are dropped."""
    if seen.alarms is None:
        return None
    on_drops = [alarm for alarm in seen.alarms if "AsyncEventsDropped" in alarm.metrics]
    if any(alarm.has_actions for alarm in on_drops):
        return None
    explanation = (
        f"{words.agreeing([alarm.name for alarm in on_drops], 'looks', 'look')} at dropped events without an action."
        if on_drops
        else "No alarm looks at AsyncEventsDropped of this function."
    )
    return _risk(
        "no-alarm",
        "Nobody is told when events are dropped",
        explanation,
        [Fact("Alarms on AsyncEventsDropped", len(on_drops), "Count")],
        ["Set an alarm on the sum of AsyncEventsDropped that tells somebody; the module async-observability has one."],
        source=words.BLOG,
    )


def other_rules(seen: Observations) -> Finding | None:
    """Find a function that runs by other rules than those which are known here."""
    function = seen.configuration.function
    if function is None or function.kind is Kind.STANDARD:
        return None
    return _risk(
        "other-rules",
        "This function runs by other rules",
        f"It {_KINDS[function.kind]}: its figures are as they are, but retries and concurrency may follow other rules "
        "than those by which they are read here. Nothing said about causes is more than possible.",
        [Fact("Kind of function", function.kind.value, "None")],
        ["Read what the developer guide says about this kind of function."],
    )


def _redriven(seen: Observations, target: FailureTarget) -> str:
    """Return what is to be said to ``redrive``: a dead letter doesn't name its function, and a record does."""
    return f"{target.name} --{'to' if target.is_dead_letter else 'function'} {seen.configuration.function_name}"


_WHOSE = "a record names its function, a dead letter doesn't."
_SAME_EVENTS = (
    "Send them again from one of these alone: Lambda gives an event to both the dead-letter target and the destination."
)
_KINDS = {Kind.DURABLE: "is a durable function", Kind.MANAGED_INSTANCES: "runs on managed instances"}


def _role_of(target: FailureTarget) -> str:
    return "Dead-letter target" if target.is_dead_letter else f"On-failure destination of {target.qualifier}"


def _age_of(target: FailureTarget) -> str:
    return "" if target.oldest_seconds is None else f", the oldest {duration(target.oldest_seconds)} old"
