"""Ask the questions in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from async_lab.diagnosis.rules import ALSO, ARRIVAL, HEALTHY, IDLE, IN_TIME, LATE, LOST, Rule
from async_lab.diagnosis.situation import Configuration, Evidence, Situation
from async_lab.observation.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Finding:
    """What the metrics say, by which figures, and what to do about it."""

    code: str
    """Stable, for programs: ``late-at-reservation``."""
    title: str
    explanation: str
    """One sentence."""
    evidence: tuple[Evidence, ...]
    advice: tuple[str, ...]
    source: str
    """Who says that AWS behaves so."""


def diagnose(
    metrics: Metrics, configuration: Configuration, sent: int | None = None, unsure: int = 0
) -> tuple[Finding, ...]:
    """Return what is found, the cause first; there is always at least one finding.

    ``sent`` is how many events were sent, None when nobody counted; ``unsure`` of them may not have arrived.
    """
    situation = Situation(metrics, configuration, sent, unsure)
    rules = [*_first(ARRIVAL, situation), *_first((*LOST, *LATE, *IN_TIME), situation), *_all(ALSO, situation)]
    return tuple(_finding(rule, situation) for rule in rules or _first((IDLE, HEALTHY), situation))


def _all(rules: Iterable[Rule], situation: Situation) -> Iterator[Rule]:
    return (rule for rule in rules if rule.when(situation))


def _first(rules: Iterable[Rule], situation: Situation) -> list[Rule]:
    return [rule for rule in [next(_all(rules, situation), None)] if rule]


def _finding(rule: Rule, situation: Situation) -> Finding:
    words = situation.words
    advice = [text.format_map(words) for text in rule.advice]
    return Finding(
        code=rule.code,
        title=rule.title,
        explanation=rule.explanation.format_map(words),
        evidence=tuple(situation.evidence(subject) for subject in rule.evidence),
        advice=(*advice, *_further_advice(rule, situation)),
        source=rule.source,
    )


def _further_advice(rule: Rule, situation: Situation) -> Iterator[str]:
    """Yield what depends on more than the rule."""
    if "Sum of Errors" in rule.evidence and situation.has_timed_out:
        yield f"Raise the timeout, {situation.words['timeout']}, or finish sooner: executions ran into it."
    if rule not in LOST:
        return
    if not situation.configuration.keeps_failed_events:
        yield "Set an on-failure destination: it keeps what is dropped, with the reason."
    elif not situation.has_failed_deliveries:
        yield "Then send the dropped events again: the failure destination or dead-letter queue has them."
