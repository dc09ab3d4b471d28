"""At which limit a function is throttled, in the words that differ by it."""

from __future__ import annotations

from dataclasses import dataclass

from async_lab.diagnosis import arithmetic, words
from async_lab.diagnosis.finding import Fact
from async_lab.observation.observations import Observations
from async_lab.twin.rules import MINIMUM_UNRESERVED_CONCURRENCY
from async_lab.wording import count, duration


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of concurrency."""

    code: str
    """The end of a finding's code: ``reservation``."""
    name: str
    """``reserved concurrency``"""
    in_use: str
    """``All reserved concurrency (1) was in use``"""
    evidence: tuple[Fact, ...]
    advice: tuple[str, ...]
    alternatives: tuple[str, ...] = ()
    """Which other limit it may be; none where it is this one for certain."""


def limit_of(seen: Observations) -> Limit:
    """Return the limit that throttles this function: its own reservation, else the account's pool."""
    reservation = seen.configuration.reservation
    if reservation is None:
        return Limit(
            "concurrency-limit",
            "concurrency",
            "All concurrency that the function may use was in use",
            (words.reservation(seen),),
            ("See whether the function has reserved concurrency: then raise it, else ask for a higher account limit.",),
            ("Whether the function's own reservation or the account's pool was used up could not be seen.",),
        )
    if reservation.executions is None and _has_room(seen):
        return _scale_up(seen)
    if reservation.executions is None:
        may_be_burst = _may_be_burst(seen)
        return Limit(
            "account-limit",
            "the account's concurrency",
            f"All of the account's unreserved concurrency{_pool_size(seen)} was in use",
            _pool(seen),
            (
                *_reserve_some(seen),
                "Ask AWS for a higher account limit (Service Quotas, Lambda, concurrent executions).",
                *((words.BURST,) if may_be_burst else ()),
            ),
            _other_than_the_pool(seen),
        )
    return Limit(
        "reservation",
        "reserved concurrency",
        f"All reserved concurrency ({count(reservation.executions)}) was in use",
        (words.reservation(seen), *words.who_reserved(seen)),
        (_reserve_more(seen, reservation.executions), *_shorten(seen)),
    )


def _may_be_burst(seen: Observations) -> bool:
    """Whether a burst may ask for more environments than come at once: where the pool has no more, it is the pool."""
    account = seen.configuration.account
    return account is None or account.unreserved > arithmetic.RULES.scale_up_environments


def _other_than_the_pool(seen: Observations) -> tuple[str, ...]:
    """Return what else it may be; nothing where CloudWatch shows that the pool was full."""
    account, peak = seen.configuration.account, arithmetic.unreserved_peak(seen)
    if _may_be_burst(seen):
        return ("A burst: Lambda adds at most 1,000 execution environments per function in 10 s.",)
    if peak is None:
        return ("How much of the account's concurrency was in use could not be seen.",)
    if account is not None and peak < account.unreserved:
        return (f"CloudWatch shows at most {count(peak)} in use at once; its samples may miss a peak.",)
    return ()


def _reserve_some(seen: Observations) -> tuple[str, ...]:
    """Advise a reservation where the account lets anybody reserve."""
    account = seen.configuration.account
    if account is not None and account.unreserved <= MINIMUM_UNRESERVED_CONCURRENCY:
        return ()
    return ("Reserve concurrency for this function, so that others can't take it.",)


_FULL_SHARE = 0.9
"""Ours: of a pool from which less was in use at the most, there was room; CloudWatch's samples may miss a peak."""


def _has_room(seen: Observations) -> bool:
    account, peak = seen.configuration.account, arithmetic.unreserved_peak(seen)
    return account is not None and peak is not None and peak < _FULL_SHARE * account.unreserved


def _scale_up(seen: Observations) -> Limit:
    peak = arithmetic.unreserved_peak(seen)
    return Limit(
        "scale-up",
        "new execution environments",
        "The account had unreserved concurrency left, but no execution environment was ready",
        (
            *_pool(seen),
            Fact("Unreserved concurrency in use, at most, in minutes with throttles", peak, "Count"),
        ),
        (words.BURST, "Provisioned concurrency is there before a burst comes."),
        ("The account's pool may have been full for less time than CloudWatch's samples show.",),
    )


def _pool_size(seen: Observations) -> str:
    account = seen.configuration.account
    return f" ({count(account.unreserved)})" if account else ""


def _pool(seen: Observations) -> tuple[Fact, ...]:
    account = seen.configuration.account
    size = None if account is None else account.unreserved
    unreserved = Fact("Unreserved concurrency", size, "Count", is_known=account is not None)
    return (words.reservation(seen), unreserved)


def _reserve_more(seen: Observations, reserved: int) -> str:
    needed = arithmetic.concurrency_needed(seen)
    if needed <= reserved:
        return f"Reserve more concurrency than {count(reserved)}, or remove the reservation."
    at_once = arithmetic.peak_arrivals(seen)
    spread = (
        f" when they are spread evenly, and up to {count(at_once)} when they come at once" if at_once > needed else ""
    )
    return (
        f"Reserve at least {count(needed)} instead of {count(reserved)}, which is what arrivals at their peak and the "
        f"mean duration ({duration(arithmetic.mean_duration_seconds(seen))}) need{spread}, or remove the reservation."
    )


def _shorten(seen: Observations) -> tuple[str, ...]:
    mean = arithmetic.mean_duration_seconds(seen)
    return (f"Make executions shorter: they take {duration(mean)} on average.",) if mean else ()
