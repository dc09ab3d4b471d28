"""Whether events arrived as they were sent, and were let in: settings, counts, loops, reserved concurrency 0."""

from __future__ import annotations

from async_lab.diagnosis import arithmetic, words
from async_lab.diagnosis.finding import Confidence, Fact, Figure, Finding, Severity, figure
from async_lab.observation.observations import Observations
from async_lab.wording import count, plural

_LOOP_INVOCATIONS = 16
"""After about so many of a loop Lambda stops the next (developer guide, "Recursive loop detection")."""
_ZERO = f"{words.GUIDE}: since August 2021 such events are dropped at once"


# --- what was wished and what stands ---


def not_as_wished(seen: Observations) -> Finding | None:
    """Find settings that are not what somebody wanted them to be."""
    standing = seen.standing
    differing = [name for name, value in seen.wished.items() if name in standing and standing[name] != value]
    if not differing:
        return None
    said = ", ".join(f"{name} is {_said(standing[name])} instead of {_said(seen.wished[name])}" for name in differing)
    return Finding(
        code="not-as-wished",
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="The configuration is not the one that was applied",
        explanation=f"Read back from AWS, {said}: the run shows what these do.",
        evidence=tuple(Fact(name, standing[name], "None") for name in differing),
        alternatives=(),
        advice=("See who else changes this function: another Terraform state, a deployment, somebody at the console.",),
        source="AWS Lambda API reference: what these settings read back as",
    )


def _said(value: float | str | None) -> str:
    return "not set" if value is None else str(value)


# --- arrival ---


def not_arrived(seen: Observations) -> Finding | None:
    """Find events that were sent and that Lambda didn't receive."""
    received = arithmetic.total(seen, "AsyncEventsReceived")
    if seen.sent is None or received >= seen.sent - seen.unsure:
        return None
    which = "the others" if received else "it" if seen.sent == 1 else "they"
    return Finding(
        code="not-arrived",
        severity=Severity.CRITICAL,
        confidence=Confidence.LIKELY,
        title="Events did not reach Lambda",
        explanation=(
            f"Lambda received {count(received)} of {plural(seen.sent, 'event')} sent: {which} never reached its queue."
        ),
        evidence=(Fact("Events sent", seen.sent, "Count"), *words.sums(seen, "AsyncEventsReceived")),
        alternatives=("On AWS a data point can be some minutes late: collect the metrics again.",),
        advice=(
            (
                "If a trigger invokes the function: see whether its rule, prefix or suffix matches, and whether "
                "the function's policy lets it in."
            ),
            "If not, look at the sender: its errors, and its permission lambda:InvokeFunction.",
        ),
        source=words.BLOG,
    )


def arrived_too_often(seen: Observations) -> Finding | None:
    """Find events that Lambda received and nobody counted as sent."""
    received = arithmetic.total(seen, "AsyncEventsReceived")
    by_loops = _LOOP_INVOCATIONS * (seen.recursions_stopped or 0)
    if seen.sent is None or received <= seen.sent + by_loops:
        return None
    return Finding(
        code="arrived-too-often",
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="More events than were sent",
        explanation=(
            f"{plural(seen.sent, 'event')} sent, {count(received)} received by Lambda: "
            "a source sends twice, or another one sends too."
        ),
        evidence=(Fact("Events sent", seen.sent, "Count"), *words.sums(seen, "AsyncEventsReceived")),
        alternatives=(),
        advice=(
            "Look for a source that runs away: a function that triggers itself, a sender that repeats itself.",
            "See in the function's resource-based policy and in CloudTrail who else invokes it.",
            "Make the handler idempotent: the queue may deliver an event twice.",
        ),
        source=words.BLOG,
    )


def recursion_stopped(seen: Observations) -> Finding | None:
    """Find invocations that Lambda stopped because the function led to itself."""
    if not seen.recursions_stopped:
        return None
    received = arithmetic.total(seen, "AsyncEventsReceived")
    own = seen.sent is not None and received > seen.sent
    was_sent = "was sent" if seen.sent == 1 else "were sent"
    beyond = f" The function received {plural(received, 'event')}, of which {count(seen.sent or 0)} {was_sent}."
    return Finding(
        code="recursion-stopped",
        severity=Severity.CRITICAL,
        confidence=Confidence.CERTAIN,
        title="Lambda stopped a loop",
        explanation=(
            f"Lambda stopped {plural(seen.recursions_stopped, 'invocation')} because the function had led to itself "
            f"about {_LOOP_INVOCATIONS} times, by way of a queue, a topic, a bucket or directly."
            f"{beyond if own else ''}"
        ),
        evidence=(
            Figure("RecursiveInvocationsDropped", "Sum", seen.recursions_stopped, "Count"),
            *words.sums(seen, "AsyncEventsReceived"),
        ),
        alternatives=(),
        advice=(
            "See what the function writes to, and whether that invokes it: write elsewhere, or filter the trigger.",
            "Where the loop is meant to be, allow it: PutFunctionRecursionConfig.",
            *words.keep_failed_events(seen),
        ),
        source=f"{words.GUIDE}: recursive loop detection",
    )


# --- reserved concurrency 0 ---


def dropped_at_zero(seen: Observations) -> Finding | None:
    """Find events that were dropped without an attempt while reserved concurrency is 0."""
    untried = arithmetic.drops_without_an_attempt(seen)
    if not _is_stopped(seen) or not untried:
        return None
    dropped = arithmetic.total(seen, "AsyncEventsDropped")
    return Finding(
        code="dropped-stopped",
        severity=Severity.CRITICAL,
        confidence=Confidence.CERTAIN if untried == dropped else Confidence.LIKELY,
        title="Dropped because reserved concurrency is 0",
        explanation=(
            f"Lambda dropped {plural(untried, 'event')} without an attempt: "
            "that is what it does when reserved concurrency is 0."
        ),
        evidence=(
            *words.sums(seen, "AsyncEventsDropped"),
            figure(seen, "Maximum", "AsyncEventAge"),
            *words.sums(seen, "Throttles"),
            words.reservation(seen),
            *words.who_reserved(seen),
        ),
        alternatives=()
        if untried == dropped
        else ("Events that had been tried before were dropped for other reasons.",),
        advice=(
            "Reserve at least 1, or remove the reservation.",
            "To pause a function, stop its sender or the trigger: at 0, events are not kept but lost.",
            *words.keep_failed_events(seen),
        ),
        source=_ZERO,
    )


def dropped_untried(seen: Observations) -> Finding | None:
    """Find events that were dropped without an attempt, though reserved concurrency isn't 0 now, or isn't known."""
    untried = arithmetic.drops_without_an_attempt(seen)
    if _is_stopped(seen) or not untried:
        return None
    now = "by now it isn't" if seen.configuration.reservation else "what it is now could not be seen"
    return Finding(
        code="dropped-untried",
        severity=Severity.CRITICAL,
        confidence=Confidence.LIKELY,
        title="Dropped without an attempt",
        explanation=(
            f"Lambda dropped {plural(untried, 'event')} without an attempt, "
            f"as it does when reserved concurrency is 0; {now}."
        ),
        evidence=(
            *words.sums(seen, "AsyncEventsDropped"),
            figure(seen, "Maximum", "AsyncEventAge"),
            *words.sums(seen, "Throttles"),
            words.reservation(seen),
            *words.who_reserved(seen),
        ),
        alternatives=("Events from before may have been too old when their turn came.",),
        advice=(
            *([words.WHO_RESERVED] if seen.changes is None else []),
            *words.keep_failed_events(seen),
        ),
        source=_ZERO,
    )


def stopped(seen: Observations) -> Finding | None:
    """Find a reserved concurrency of 0 for which nothing was lost yet."""
    if not _is_stopped(seen):
        return None
    return Finding(
        code="stopped",
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="The function is stopped",
        explanation="Reserved concurrency is 0: Lambda accepts the next event and drops it at once.",
        evidence=(words.reservation(seen), *words.who_reserved(seen), *words.sums(seen, "AsyncEventsReceived")),
        alternatives=(),
        advice=("Reserve at least 1, or remove the reservation, before anything is sent.",),
        source=_ZERO,
    )


def _is_stopped(seen: Observations) -> bool:
    reservation = seen.configuration.reservation
    return reservation is not None and reservation.executions == 0


# --- nothing else ---


def idle(seen: Observations) -> Finding | None:
    """Find that no event came."""
    if arithmetic.total(seen, "AsyncEventsReceived") or arithmetic.attempts(seen):
        return None
    others = arithmetic.other_requests(seen)
    are = "is" if others == 1 else "are"
    also = f" It had {plural(others, 'other request')}, which {are} not in its queue." if others else ""
    return Finding(
        code="idle",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        title="Nothing arrived",
        explanation=f"Lambda received no asynchronous event in this time.{also}",
        evidence=tuple(words.sums(seen, "AsyncEventsReceived")),
        alternatives=(),
        advice=("Look at a longer time, or send an event.",),
        source=words.BLOG,
    )


def healthy(seen: Observations) -> Finding | None:
    """Find nothing wrong; it is asked last."""
    ended = sum(point.sample_count for point in seen.metrics["Duration"].points)
    running = arithmetic.total(seen, "Invocations") - ended
    return Finding(
        code="healthy",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        title="No event was lost or late",
        explanation=(
            f"Every event arrived and ran without waiting: {words.count_of(seen, 'AsyncEventsReceived', 'event')}."
            + (f" {plural(running, 'execution')} still ran, or had no metrics yet." if running > 0 else "")
        ),
        evidence=(
            *words.sums(seen, "AsyncEventsReceived", "AsyncEventsDropped"),
            figure(seen, "Maximum", "AsyncEventAge"),
            *words.sums(seen, "Errors", "Throttles"),
        ),
        alternatives=(),
        advice=(),
        source=words.BLOG,
    )
