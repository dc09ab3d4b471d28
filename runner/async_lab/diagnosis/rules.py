"""From the symptom to the cause: the questions in their order, and what each answer means.

The order is that of the developer guide and of the AWS Compute Blog's article on the asynchronous metrics: has it
arrived, is it lost, is it late; and then why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from async_lab.diagnosis.situation import Situation


@dataclass(frozen=True, slots=True)
class Rule:
    """One answer. The texts may mention ``Situation.words`` in braces."""

    code: str
    when: Callable[[Situation], bool]
    title: str
    explanation: str
    """One sentence."""
    evidence: tuple[str, ...]
    """Subjects of ``Situation.evidence``."""
    advice: tuple[str, ...]
    """What to do, the most useful first."""
    source: str
    """Who says that AWS behaves so."""


_GUIDE = "AWS Lambda developer guide"
_BLOG = "AWS Compute Blog, on the asynchronous invocation metrics"

_READ_LOGS = "Read the log lines of the failed executions: every attempt of an event has the same request id."
_RAISE_RESERVATION = "Reserve more concurrency than {reserved_concurrency}, or remove the reservation."
_SHORTEN = "Make executions shorter: one that takes half as long makes room twice as soon."
_OWN_SHARE = "Reserve concurrency for this function, so that others can't take it."
_ASK_FOR_MORE = "Ask AWS for a higher account limit (Service Quotas, Lambda, concurrent executions)."
_BURST = "Spread bursts: Lambda adds at most 1,000 execution environments per function in 10 s."
_BUY_TIME = "A longer maximum event age buys time: it is {maximum_event_age}, and can be 6 h."

ARRIVAL = (
    Rule(
        "not-arrived",
        lambda seen: seen.is_missing_events,
        "Events did not reach Lambda",
        "Lambda received {received} of {events_sent} sent: the others never came as far as its queue.",
        ("Events sent", "Sum of AsyncEventsReceived"),
        (
            "Look at the sender: its errors, its permission lambda:InvokeFunction, the trigger that calls it.",
            "Collect the metrics again: on AWS a data point can be some minutes late.",
        ),
        _BLOG,
    ),
    Rule(
        "arrived-too-often",
        lambda seen: seen.received_more_than_sent,
        "More events than were sent",
        "Lambda received {received}, and {events_sent} were sent: a source sends twice, or another one sends too.",
        ("Events sent", "Sum of AsyncEventsReceived"),
        (
            "Look for a source that runs away: a function that triggers itself, a sender that repeats itself.",
            "See in the function's resource-based policy and in CloudTrail who else invokes it.",
            "Make the handler idempotent: the queue may deliver an event twice.",
        ),
        _BLOG,
    ),
)

LOST = (
    Rule(
        "dropped-stopped",
        lambda seen: seen.has_dropped and seen.is_stopped,
        "Dropped because reserved concurrency is 0",
        "Lambda dropped {dropped} without an attempt: that is what it does when reserved concurrency is 0.",
        ("Sum of AsyncEventsDropped", "Maximum of AsyncEventAge", "Sum of Throttles", "Reserved concurrency"),
        (
            "Reserve at least 1, or remove the reservation.",
            "To pause a function, stop its sender or the trigger: at 0, events are not kept but lost.",
        ),
        f"{_GUIDE}: since August 2021 such events are dropped at once",
    ),
    Rule(
        "dropped-untried",
        lambda seen: seen.has_dropped and seen.has_tried_nothing,
        "Dropped without an attempt",
        "Lambda dropped {dropped} without an attempt, as it does when reserved concurrency is 0; by now it isn't.",
        ("Sum of AsyncEventsDropped", "Maximum of AsyncEventAge", "Sum of Throttles", "Reserved concurrency"),
        (
            "See in CloudTrail who set reserved concurrency, and when: PutFunctionConcurrency.",
            "Look at the minutes before these: the events may have waited from then.",
        ),
        f"{_GUIDE}: since August 2021 such events are dropped at once",
    ),
    Rule(
        "dropped-retries-used",
        lambda seen: (
            seen.has_dropped
            and seen.has_failed
            and seen.errors_per_drop >= seen.configuration.maximum_retry_attempts + 1
        ),
        "Dropped after function errors",
        "The function failed in {errors}; Lambda {tries}, then dropped {dropped}.",
        (
            *("Sum of Errors", "Minimum of AsyncEventAge", "Maximum of AsyncEventAge"),
            *("Sum of AsyncEventsDropped", "Maximum retry attempts"),
        ),
        (_READ_LOGS,),
        f"{_GUIDE}: function errors are retried after 1 and 2 minutes, at most twice",
    ),
    Rule(
        "dropped-age-after-errors",
        lambda seen: seen.has_dropped and seen.has_failed and seen.errors_per_drop >= 1,
        "Dropped after function errors, too old for another try",
        "The function failed in {errors}, and Lambda dropped {dropped}: the next try would have come after the "
        "maximum event age, {maximum_event_age}.",
        ("Sum of Errors", "Maximum of AsyncEventAge", "Sum of AsyncEventsDropped", "Maximum event age"),
        (_READ_LOGS, "A maximum event age of at least 4 min leaves time for both retries."),
        f"{_GUIDE}; that Lambda looks ahead is measured",
    ),
    Rule(
        "dropped-age-at-reservation",
        lambda seen: seen.has_dropped and seen.is_throttled and seen.has_reservation,
        "Dropped: too old while waiting for reserved concurrency",
        "The reserved concurrency of {reserved_concurrency} was used up at {throttles}, and Lambda dropped {dropped}: "
        "the next try would have come after the maximum event age, {maximum_event_age}.",
        (
            *("Sum of Throttles", "Maximum of AsyncEventAge", "Sum of AsyncEventsDropped"),
            *("Maximum event age", "Reserved concurrency", "Sum of Errors"),
        ),
        (_RAISE_RESERVATION, _BUY_TIME, _SHORTEN),
        f"{_GUIDE}: throttled events are retried after 1 s, 2, 4 … at most 300; that Lambda looks ahead is measured",
    ),
    Rule(
        "dropped-age-at-account-limit",
        lambda seen: seen.has_dropped and seen.is_throttled,
        "Dropped: too old while waiting for the account's concurrency",
        "The account's shared concurrency was used up at {throttles}, and Lambda dropped {dropped}: the next try "
        "would have come after the maximum event age, {maximum_event_age}.",
        ("Sum of Throttles", "Maximum of AsyncEventAge", "Sum of AsyncEventsDropped", "Maximum event age"),
        (_OWN_SHARE, _ASK_FOR_MORE, _BURST, _BUY_TIME),
        f"{_GUIDE}: throttled events are retried after 1 s, 2, 4 … at most 300; that Lambda looks ahead is measured",
    ),
    Rule(
        "dropped-in-backlog",
        lambda seen: seen.has_dropped,
        "Dropped from a backlog",
        "Lambda dropped {dropped} with neither an error nor a throttle to show for it: too old when their turn came.",
        ("Sum of AsyncEventsDropped", "Maximum of AsyncEventAge", "Sum of Errors", "Sum of Throttles"),
        (
            "Look at the minutes before these: the errors or throttles may lie there.",
            "A failure record says why each event was dropped: see its condition.",
            _BUY_TIME,
        ),
        f"{_BLOG}: an event that is too old before an attempt leaves no age",
    ),
)

LATE = (
    Rule(
        "late-after-errors",
        lambda seen: seen.has_waited_for_retry and seen.has_failed,
        "Late because of function errors",
        "The function failed in {errors}, and Lambda {tries}: so an event was {oldest} old at its last attempt.",
        ("Sum of Errors", "Minimum of AsyncEventAge", "Maximum of AsyncEventAge", "Sum of AsyncEventsDropped"),
        (_READ_LOGS,),
        f"{_GUIDE}: function errors are retried after 1 and 2 minutes, at most twice",
    ),
    Rule(
        "late-at-reservation",
        lambda seen: seen.has_waited and seen.is_throttled and seen.has_reservation,
        "Late: waiting for reserved concurrency",
        "The reserved concurrency of {reserved_concurrency} was used up at {throttles}; Lambda waits longer before "
        "each new one, so an event was {oldest} old at its last.",
        (
            *("Sum of Throttles", "Minimum of AsyncEventAge", "Maximum of AsyncEventAge"),
            *("Reserved concurrency", "Sum of Errors", "Sum of AsyncEventsDropped"),
        ),
        (_RAISE_RESERVATION, _SHORTEN),
        f"{_GUIDE}: throttled events are retried after 1 s, 2, 4 … at most 300",
    ),
    Rule(
        "late-at-account-limit",
        lambda seen: seen.has_waited and seen.is_throttled,
        "Late: waiting for the account's concurrency",
        "The account's shared concurrency was used up at {throttles}; Lambda waits longer before each new one, "
        "so an event was {oldest} old at its last.",
        ("Sum of Throttles", "Minimum of AsyncEventAge", "Maximum of AsyncEventAge", "Sum of AsyncEventsDropped"),
        (_OWN_SHARE, _ASK_FOR_MORE, _BURST),
        f"{_GUIDE}: throttled events are retried after 1 s, 2, 4 … at most 300",
    ),
    Rule(
        "late-in-queue",
        lambda seen: seen.has_waited,
        "Late, and not by this function's doing",
        "An event was {oldest} old at an attempt, with neither an error nor a throttle here: others hold up the queue.",
        ("Maximum of AsyncEventAge", "Sum of Errors", "Sum of Throttles"),
        (
            "Look at the throttles of the region's other functions, and at the AWS Health Dashboard.",
            "Turn X-Ray tracing on: the dwell time is what an event spent in the queue.",
        ),
        _BLOG,
    ),
)

IN_TIME = (
    Rule(
        "stopped",
        lambda seen: seen.is_stopped,
        "The function is stopped",
        "Reserved concurrency is 0: Lambda accepts the next event and drops it at once.",
        ("Reserved concurrency", "Sum of AsyncEventsReceived"),
        ("Reserve at least 1, or remove the reservation, before anything is sent.",),
        f"{_GUIDE}: since August 2021 such events are dropped at once",
    ),
    Rule(
        "failing",
        lambda seen: seen.has_failed,
        "The function fails",
        "The function failed in {errors}; no event is late or lost for it so far.",
        ("Sum of Errors", "Sum of Invocations", "Maximum of AsyncEventAge"),
        (_READ_LOGS, "Watch on: Lambda tries an event again after about 1 minute."),
        f"{_GUIDE}: function errors are retried after 1 and 2 minutes, at most twice",
    ),
    Rule(
        "throttled",
        lambda seen: seen.is_throttled,
        "The function is throttled",
        "Lambda throttled {throttles}; no event is late or lost for it so far.",
        ("Sum of Throttles", "Maximum of AsyncEventAge", "Reserved concurrency"),
        ("See whether they were synchronous calls: those are refused, not queued.", _BURST),
        _GUIDE,
    ),
    Rule(
        "slower",
        lambda seen: seen.is_getting_slower,
        "The function gets slower; the queue is not why",
        "Executions take longer and longer while no event waits: what is late is late in the function or behind it.",
        ("Minimum of Duration", "Maximum of Duration", "Maximum of AsyncEventAge"),
        ("Look at what the function calls, and at its memory, which is its share of CPU too.",),
        _BLOG,
    ),
)

ALSO = (
    Rule(
        "still-queued",
        lambda seen: seen.queued > 0,
        "Not over yet",
        "{queued} of {received} neither succeeded nor was dropped so far: queued, or not yet in the metrics.",
        ("Sum of AsyncEventsReceived", "Sum of AsyncEventsDropped", "Sum of Invocations", "Sum of Errors"),
        ("Watch longer: a scenario's observe_seconds says how long.",),
        f"{_GUIDE}: events are kept up to the maximum event age",
    ),
    Rule(
        "not-kept",
        lambda seen: seen.has_failed_deliveries,
        "Failed events could not be delivered",
        "A dead-letter queue or a destination refused what Lambda sent it: those events are really gone.",
        ("Sum of DeadLetterErrors", "Sum of DestinationDeliveryFailures"),
        (
            "Check that the target stands, and that the function's role may write to it and use its key.",
            "Check the size: a target may take less than Lambda's 1 MB.",
        ),
        _GUIDE,
    ),
)

IDLE = Rule(
    "idle",
    lambda seen: seen.total("AsyncEventsReceived") == 0,
    "Nothing arrived",
    "Lambda received no asynchronous event in this time.",
    ("Sum of AsyncEventsReceived",),
    ("Look at a longer time, or send an event.",),
    _BLOG,
)
HEALTHY = Rule(
    "healthy",
    lambda _: True,
    "Nothing is wrong",
    "Every event arrived and ran without waiting: {received}, none lost, none late.",
    (
        *("Sum of AsyncEventsReceived", "Sum of AsyncEventsDropped", "Maximum of AsyncEventAge"),
        *("Sum of Errors", "Sum of Throttles"),
    ),
    (),
    _BLOG,
)
