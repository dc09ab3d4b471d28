"""What several checks say alike: settings as facts, numbers in words, advice."""

from __future__ import annotations

from collections.abc import Sequence

from async_lab.diagnosis import arithmetic
from async_lab.diagnosis.finding import Confidence, Fact, Figure, figure
from async_lab.observation.observations import Observations
from async_lab.twin.rules import MAXIMUM_EVENT_AGE_SECONDS
from async_lab.wording import amount, duration, listed, moment, plural

GUIDE = "AWS Lambda developer guide"
BLOG = "AWS Compute Blog, on the asynchronous invocation metrics"
ERROR_RETRIES = f"{GUIDE}: function errors are retried after 1 and 2 minutes, at most twice"
BACKOFF = f"{GUIDE}: throttled events are retried after 1 s, 2, 4 … at most 300"
LOOK_AHEAD = "that Lambda looks ahead is measured"

READ_LOGS = "Read the log lines of the failed executions: every attempt of an event has the same request id."
WHO_RESERVED = "See in CloudTrail who set reserved concurrency, and when: PutFunctionConcurrency."
STOPPED_FOR_A_MOMENT = "Reserved concurrency may have been 0 for a moment: Lambda drops at once what comes then."
BURST = "Spread bursts: Lambda adds at most 1,000 execution environments per function in 10 s."
NOT_ASYNCHRONOUS = (
    "Some of the function's requests are not asynchronous (synchronous calls, event sources): "
    "the {what} may be of those, in part or all."
)
SEVERAL_SETTINGS = (
    "Events were sent to several qualifiers, whose settings differ: those of the most events are told here."
)
SET_DESTINATION = "Set an on-failure destination: it keeps what is dropped, with the reason."
BEFORE = "The cause may lie before the time that was looked at."


def sums(seen: Observations, *metrics: str) -> list[Figure]:
    """Return the sum of each metric."""
    return [figure(seen, "Sum", metric) for metric in metrics]


def ages(seen: Observations) -> list[Figure]:
    """Return the youngest and the oldest age at an attempt."""
    return [figure(seen, "Minimum", "AsyncEventAge"), figure(seen, "Maximum", "AsyncEventAge")]


def failures(seen: Observations) -> list[Fact]:
    """Return what the log says of the requests that failed last, where it was read: each error once."""
    said = {request.line: request for request in reversed(seen.failed_requests or ())}
    return [Fact(f"Log of request {one.request_id or 'unknown'}", line, "None") for line, one in said.items()]


def count_of(seen: Observations, metric: str, noun: str) -> str:
    """Return a metric's sum in words: ``3 events``."""
    return plural(arithmetic.total(seen, metric), noun)


def oldest(seen: Observations) -> str:
    """Return the oldest age at an attempt in words."""
    return amount(seen.metrics["AsyncEventAge"].maximum, "Milliseconds")


# --- settings ---


def who_reserved(seen: Observations) -> list[Fact]:
    """Return who last set or removed reserved concurrency, where CloudTrail tells."""
    changes = (change for change in seen.changes or () if "FunctionConcurrency" in change.action)
    last = next(changes, None)
    if last is None:
        return []
    return [Fact("Reserved concurrency was last changed", f"{moment(last.at)} {last.words}", "None")]


def reservation(seen: Observations) -> Fact:
    """Return the reserved concurrency as it stands."""
    read = seen.configuration.reservation
    return Fact("Reserved concurrency", None if read is None else read.executions, "Count", is_known=read is not None)


def agreeing(names: Sequence[str], of_one: str, of_many: str) -> str:
    """Return names with the verb that agrees with them: ``a has``, ``a and b have``."""
    return f"{listed(names)} {of_one if len(names) == 1 else of_many}"


def create_missing(names: Sequence[str]) -> str:
    """Say what to do where targets of failed events don't exist."""
    if len(names) == 1:
        return "Create it, or point the function at one that exists."
    return "Create them, or point the function at some that exist."


def if_known(fact: Fact) -> str:
    """Return ``, 60 s``, or nothing where it isn't known."""
    return f", {fact.words}" if fact.is_known else ""


def maximum_event_age(seen: Observations) -> Fact:
    """Return the maximum event age in effect."""
    read = seen.settings
    return Fact(
        "Maximum event age",
        None if read is None else read.maximum_event_age_seconds,
        "Seconds",
        is_known=read is not None,
    )


def retry_attempts(seen: Observations) -> Fact:
    """Return the maximum retry attempts in effect."""
    read = seen.settings
    return Fact(
        "Maximum retry attempts",
        None if read is None else read.maximum_retry_attempts,
        "Count",
        is_known=read is not None,
    )


# --- confidence ---


def surest(seen: Observations, *conditions: bool) -> Confidence:
    """Return CERTAIN when all holds and the settings are known, and the same for all events; else LIKELY."""
    return Confidence.CERTAIN if all((*conditions, seen.are_settings_certain)) else Confidence.LIKELY


# --- advice ---


def keep_failed_events(seen: Observations) -> list[str]:
    """Say how dropped events are kept, or got back."""
    if arithmetic.total(seen, "DeadLetterErrors") + arithmetic.total(seen, "DestinationDeliveryFailures"):
        return []  # another finding says that they are gone
    match seen.keeps_failed_events:
        case True:
            return _send_again(seen)
        case False:
            return [SET_DESTINATION]
    return []


def _send_again(seen: Observations) -> list[str]:
    """Say where dropped events are, if anywhere: a queue or a bucket keeps them, all else hands them on (doc)."""
    function = seen.configuration.function
    arns = [settings.on_failure for settings in seen.settings_in_effect]
    arns += [function.dead_letter_arn] if function else []
    keepers = ("sqs", "s3")
    unheard = {target.arn for target in seen.failure_targets if target.subscriptions == 0}
    heard = [arn for arn in arns if arn and arn not in unheard]
    if not heard:
        return []
    if any(arn.split(":")[2] in keepers for arn in heard):
        return ["Then send the dropped events again: the failure destination or dead-letter queue has them."]
    return ["Then send the dropped events again: whoever the failure destination hands them to has them."]


def raise_timeout(seen: Observations) -> list[str]:
    """Say what to do where failed executions took as long as the timeout allows."""
    function = seen.configuration.function
    if function is None or seen.metrics["Duration"].maximum < function.timeout_seconds * 1000:
        return []
    return [f"Raise the timeout, {duration(function.timeout_seconds)}, or finish sooner: executions ran into it."]


def add_memory(seen: Observations) -> list[str]:
    """Say that memory ran out where the log has what Lambda writes then (developer guide, troubleshooting)."""
    function = seen.configuration.function
    if function is None or not any(sign in one.line for one in seen.failed_requests or () for sign in _OUT_OF_MEMORY):
        return []
    return [f"Raise the memory, {function.memory_mb} MB: a runtime that was killed ran out of it, most likely."]


_OUT_OF_MEMORY = ("signal: killed", "Runtime.OutOfMemory")


def live_longer(seen: Observations) -> list[str]:
    """Say that a longer maximum event age buys time, where it can be longer."""
    settings = seen.settings
    if settings is None or settings.maximum_event_age_seconds >= MAXIMUM_EVENT_AGE_SECONDS:
        return []
    age = duration(settings.maximum_event_age_seconds)
    return [f"A longer maximum event age buys time: it is {age}, and can be 6 h."]
