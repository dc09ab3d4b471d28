"""All checks, and the order of what they find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from async_lab.diagnosis import arrival, errors, queue, risks, since, throttles, words
from async_lab.diagnosis.finding import Confidence, Finding, Severity
from async_lab.observation.configuration import Kind
from async_lab.observation.observations import Observations

Check = Callable[[Observations], Finding | None]

CAUSES: Sequence[Sequence[Check]] = (
    (arrival.not_as_wished,),
    (arrival.not_arrived, arrival.arrived_too_often),
    (arrival.recursion_stopped,),
    (arrival.dropped_at_zero, arrival.dropped_untried, arrival.stopped),
    (errors.dropped_after_errors, errors.late_after_errors, errors.failing),
    (throttles.dropped_at_limit, throttles.late_at_limit, throttles.throttled),
    (queue.dropped_in_backlog, queue.late_in_queue),
    (queue.slower,),
    (queue.not_kept,),
    (queue.still_queued,),
)
"""What can be wrong; of each, what it does to events, the worst first. The first check that finds something counts.

The order is that of the developer guide and of the AWS Compute Blog's article on the asynchronous metrics: has it
arrived, is it lost, is it late; and then why. Several causes at once are several findings.
"""
NOTHING_WRONG: Sequence[Check] = (arrival.idle, arrival.healthy)


OTHER_REQUESTS: Sequence[Sequence[Check]] = ((errors.other_requests_fail,), (throttles.other_requests_throttled,))
"""What goes wrong beside the queue, and isn't about events."""


def diagnose(seen: Observations) -> tuple[Finding, ...]:
    """Return what is found, the strongest first; there is always at least one finding."""
    found = _all(CAUSES, seen) or _all((NOTHING_WRONG,), seen)
    found += _all(OTHER_REQUESTS, seen)
    return ranked([_within_known_rules(seen, finding) for finding in found])


def _within_known_rules(seen: Observations, finding: Finding) -> Finding:
    """Return a finding, of which no more than that it is possible is claimed where other rules apply."""
    function = seen.configuration.function
    if function is None or function.kind is Kind.STANDARD or finding.code in WITHOUT_RULES:
        return finding
    other = f"Other rules apply to {_OF_KIND[function.kind]}."
    return replace(finding, confidence=Confidence.POSSIBLE, alternatives=(*finding.alternatives, other))


_OF_KIND = {Kind.DURABLE: "durable functions", Kind.MANAGED_INSTANCES: "functions on managed instances"}

WITHOUT_RULES = ("not-as-wished", "not-arrived", "arrived-too-often", "not-kept", "idle")
"""Findings that rest on no rule of the queue's."""

RISKS: Sequence[Check] = (
    risks.target_missing,
    risks.unheard_topic,
    risks.settings_elsewhere,
    risks.other_rules,
    risks.age_cuts_retries,
    risks.nothing_kept,
    risks.trigger_keeps_failures,
    risks.trigger_gave_up,
    risks.failed_events_wait,
    risks.no_alarm,
)
"""What isn't as it should be, each on its own."""

HISTORY: Sequence[Check] = (since.changed_meanwhile, since.whose_retries, since.began)
"""What was before, beside it."""


def examine(seen: Observations) -> tuple[Finding, ...]:
    """Return what ``diagnose`` finds, and the risks and the history beside it, the strongest first."""
    found = since.within_settings(seen, diagnose(seen))
    beside = _all([(check,) for check in (*RISKS, *HISTORY)], seen)
    return ranked((*found, *(finding for finding in beside if not _is_said(finding, found))))


def _is_said(risk: Finding, found: Sequence[Finding]) -> bool:
    """Whether what has been found says a risk already: it has cost events."""
    if risk.code == "nothing-kept":
        return any(words.SET_DESTINATION in finding.advice for finding in found)
    return any(finding.code == _COST_BY_RISK.get(risk.code) for finding in found)


_COST_BY_RISK = {"failure-target-missing": "not-kept", "age-cuts-retries": "dropped-age-after-errors"}


def _all(causes: Sequence[Sequence[Check]], seen: Observations) -> list[Finding]:
    """Return what the first check of each cause finds that finds something."""
    found = (next((finding for check in checks if (finding := check(seen))), None) for checks in causes)
    return [finding for finding in found if finding]


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Sort findings by severity; of those alike, what is only possible comes last, and all else in its order."""
    severities = list(Severity)
    return tuple(
        sorted(
            findings,
            key=lambda finding: (severities.index(finding.severity), finding.confidence is Confidence.POSSIBLE),
        )
    )
