"""What a scenario's values may be, checked before Terraform is asked, which takes seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any

from async_lab.lambda_metrics import MILLISECONDS, UNITS
from async_lab.observation.aggregate import STATISTICS, is_percentile
from async_lab.observation.metrics import METRIC_NAMES
from async_lab.scenario.hcl import Address, Problem, address_name
from async_lab.scenario.model import DIRECT, Events
from async_lab.twin.rules import LONGEST_TIMEOUT_SECONDS, MAXIMUM_EVENT_AGE_SECONDS, MINIMUM_UNRESERVED_CONCURRENCY
from async_lab.wording import duration, listed, shortened


@dataclass(frozen=True, slots=True)
class Bounds:
    """The lowest and the highest number allowed."""

    lowest: float
    highest: float | None = None
    """None: as high as you like."""
    meaning: str = ""
    """What the numbers mean, where that helps."""
    who: str = "Lambda"
    """Whose limit it is."""
    is_whole: bool = True

    def problem(self, address: Address, value: float) -> str | None:
        """Return the sentence that says what is wrong with a value; None when nothing is."""
        is_inside = isfinite(value) and value >= self.lowest and (self.highest is None or value <= self.highest)
        if is_inside and (float(value).is_integer() or not self.is_whole):
            return None
        allowed = "whole numbers only" if is_inside else self._span
        note = f" ({self.meaning})" if self.meaning else ""
        return f"{address_name(address)} is {value}; {self.who} allows {allowed}{note}."

    @property
    def _span(self) -> str:
        return f"{self.lowest} or more" if self.highest is None else f"{self.lowest} to {self.highest}"


BOUNDS: Mapping[Address, Bounds] = {
    # API reference, CreateFunction
    ("timeout",): Bounds(1, LONGEST_TIMEOUT_SECONDS, "seconds"),
    ("memory_size",): Bounds(128, 10240, "MB"),
    # API reference, PutFunctionConcurrency; -1 is Terraform's word for no reservation
    ("reserved_concurrent_executions",): Bounds(-1, None, "-1: none reserved, 0: the function is stopped"),
    # API reference, PutFunctionEventInvokeConfig
    ("maximum_event_age_in_seconds",): Bounds(60, 21600, "1 minute to 6 hours"),
    ("maximum_retry_attempts",): Bounds(0, 2),
    ("behavior", "sleep_seconds"): Bounds(0, LONGEST_TIMEOUT_SECONDS, "the longest timeout", is_whole=False),
    ("behavior", "growth_seconds"): Bounds(0, LONGEST_TIMEOUT_SECONDS, "the longest timeout", is_whole=False),
    ("behavior", "recovers_after_seconds"): Bounds(0, 86400, "a day", who="the lab", is_whole=False),
    ("account_concurrency",): Bounds(1, 1000, who="the lab"),
    ("events", "burst"): Bounds(1, 10000, who="the lab"),
    ("events", "count"): Bounds(1, 10000, who="the lab"),
    ("events", "interval_seconds"): Bounds(0, 86400, "a day", who="the lab", is_whole=False),
    ("observe_seconds",): Bounds(0, 86400, "a day", who="the lab", is_whole=False),
}
PATTERNS: Mapping[Address, tuple[re.Pattern[str], str]] = {
    # API reference, CreateFunction
    ("name",): (re.compile(r"[a-zA-Z0-9-_]{1,64}"), "Lambda allows 1 to 64 letters, digits, hyphens and underscores"),
    ("runtime",): (re.compile(r"python3\.[0-9]+"), "the lab's handler needs a Python runtime, such as python3.13"),
    # what one types in place of the file's name
    ("alias",): (
        re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,99})?"),
        "the lab allows 1 to 100 letters, digits and . _ -, beginning with a letter or digit",
    ),
    # IAM and Lambda, which get it as a tag's value, and their error messages
    ("title",): (
        re.compile(r"[\w .:/=+@-]{1,128}"),
        "a tag allows 1 to 128 letters, digits, spaces and _ . : / = + @ -",
    ),
}
RETENTIONS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch Logs allows (API reference, PutRetentionPolicy); 0 is Terraform's word for ever."""
LONGEST_DESCRIPTION = 256  # a sentence or two, which reports and pages show
LARGEST_MESSAGE_BYTES = 3_900  # Lambda allows 4 KB of environment variables (Developer Guide, "Lambda quotas")
LONGEST_SENDING_SECONDS = 86_400
# API reference of IAM, Tag; CloudWatch Logs, TagResource: the strictest of the services that get them
MOST_TAGS = 50 - 4
"""The lab adds some of its own."""
OWN_TAGS = frozenset({"async-lab:first-attempt-after-seconds", "project", "scenario", "stack"})
_TAG_KEY = re.compile(r"(?!aws:)[\w .:/=+@-]{1,128}", re.IGNORECASE)
_TAG_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")
ACTIONS = ("succeed", "fail", "sleep", "exhaust_memory", "exit", "invoke_itself")
MIX_ACTIONS = tuple(action for action in ACTIONS if action != "invoke_itself")
"""What only a share of the events may ask for: for a loop the whole function needs a permission."""
TARGET_TYPES = ("queue", "topic")
TARGET_PROBLEMS = ("", "forbidden", "missing")
TRIGGERS = ("direct", "eventbridge", "s3", "sns")
_ENDING = re.compile(r"[A-Za-z0-9._/-]{0,100}")
_MOST_ENDINGS = 20
_BUCKET_PART = re.compile(r"[a-z0-9]([a-z0-9-]{0,25}[a-z0-9])?")
"""What a stack's name may be where it is part of a bucket's, which has up to 63 characters (S3 user guide)."""
_TARGETS = ("on_failure", "on_success", "dead_letter_target")
_OTHER_FUNCTION = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_LONGEST_FUNCTION_NAME = 64  # API reference, CreateFunction
_SHARE = Bounds(0, 1, who="the lab", is_whole=False)
_OTHER_BOUNDS = {
    "events": Bounds(0, 10000, who="the lab"),
    "sleep_seconds": BOUNDS[("behavior", "sleep_seconds")],
}
_LATE = Bounds(0, MAXIMUM_EVENT_AGE_SECONDS, "6 hours, the oldest that an event gets", who="the lab", is_whole=False)
_EPSILON = 1e-9
WITH_PERCENTILES = tuple(name for name, unit in UNITS.items() if unit == MILLISECONDS)
"""Of counts a percentile says nothing: each sample is 0 or 1, or one of a few."""
_DATA_POINT = Bounds(1, None, "1 is the first minute that has one", who="the lab")


def problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the values of a scenario, which are complete and of their types."""
    for address, bounds in BOUNDS.items():
        if (number := _at(values, address)) is not None:
            yield from _out_of_bounds(address, number, bounds)
    for address, (pattern, allowed) in PATTERNS.items():
        value = _at(values, address)
        if not pattern.fullmatch(value):
            yield Problem(address, f'{address_name(address)} is "{shortened(value)}"; {allowed}.')
    yield from _not_among(("behavior", "action"), values["behavior"]["action"], ACTIONS)
    yield from _text_problems(values)
    yield from _tag_problems(values["tags"])
    if values["log_retention_in_days"] not in RETENTIONS:
        yield Problem(
            ("log_retention_in_days",),
            f"log_retention_in_days is {values['log_retention_in_days']}; CloudWatch Logs allows "
            f"{', '.join(map(str, RETENTIONS))} (0: for ever).",
        )
    yield from _mix_problems(values["behavior"]["mix"])
    yield from _target_problems(values)
    yield from _trigger_problems(values)
    yield from _neighbor_problems(values)
    if values["first_attempt_after"]:
        yield from _lateness_problems(values["first_attempt_after"])
    if values["events"]["burst"] >= 1 and (sentence := sending_problem(Events(**values["events"]))):
        yield Problem(("events",), sentence)
    yield from _expectation_problems(values["expectations"])


def sending_problem(events: Events, count: int | None = None) -> str | None:
    """Return the sentence that says that events, or another number of them, take too long to send; else None."""
    seconds = events.seconds_to_send(count)
    if seconds <= LONGEST_SENDING_SECONDS:
        return None
    bursts = f" in bursts of {events.burst:,}" if events.burst > 1 else ""
    return (
        f"{count or events.count:,} events{bursts}, {events.interval_seconds:,} s apart, take {duration(seconds)} to "
        "send; the lab allows a day."
    )


def _mix_problems(mix: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    for index, part in enumerate(mix):
        address = ("behavior", "mix", index)
        yield from _not_among((*address, "action"), part["action"], MIX_ACTIONS)
        yield from _out_of_bounds((*address, "share"), part["share"], _SHARE)
        yield from _out_of_bounds((*address, "sleep_seconds"), part["sleep_seconds"], _OTHER_BOUNDS["sleep_seconds"])
    if (total := sum(part["share"] for part in mix)) > 1 + _EPSILON:
        yield Problem(("behavior", "mix"), f"behavior.mix has shares of {total:g} in all; there is no more than 1.")


def _target_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    for place in _TARGETS:
        if target := values[place]:
            yield from _not_among((place, "type"), target["type"], TARGET_TYPES)
            if target["problem"] not in TARGET_PROBLEMS:
                yield Problem(
                    (place, "problem"),
                    f'{place}.problem is "{shortened(target["problem"])}"; it must be forbidden or missing, '
                    "or left out for a target that works.",
                )


def _trigger_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    service = values["trigger"]["service"]
    yield from _not_among(("trigger", "service"), service, TRIGGERS)
    if service in _NEED_NO_PERMISSION and not values["trigger"]["permitted"]:
        yield Problem(
            ("trigger", "permitted"),
            f"trigger.permitted is false with {service}, which {_NEED_NO_PERMISSION[service]}; "
            "take eventbridge or sns.",
        )
    yield from _bucket_problems(values)


_NEED_NO_PERMISSION = {
    DIRECT: "needs no such permission",
    "s3": "makes no notification without the permission",
}


def _bucket_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong where a bucket is the trigger, or is spoken of without being it."""
    trigger, behavior = values["trigger"], values["behavior"]
    if trigger["service"] != "s3":
        for name, default in (("suffix", ""), ("endings", [".json"])):
            if trigger[name] != default:
                yield Problem(("trigger", name), f"trigger.{name} is of s3 alone; leave it out.")
        return
    keys: dict[Address, str] = {("trigger", "suffix"): trigger["suffix"]}
    keys |= {("trigger", "endings", number): ending for number, ending in enumerate(trigger["endings"])}
    for address, text in keys.items():
        if not _ENDING.fullmatch(text):
            yield Problem(
                address,
                f'{address_name(address)} is "{shortened(text)}"; up to 100 letters, digits and . _ - / are allowed.',
            )
    if not 1 <= len(trigger["endings"]) <= _MOST_ENDINGS:
        yield Problem(
            ("trigger", "endings"),
            f"trigger.endings are {len(trigger['endings'])}; the lab allows 1 to {_MOST_ENDINGS}.",
        )
    if behavior["mix"] or behavior["growth_seconds"] or behavior["recovers_after_seconds"] is not None:
        yield Problem(
            ("trigger", "service"),
            "trigger.service is s3, which tells of an object and not what is to become of it: leave out behavior.mix, "
            "growth_seconds and recovers_after_seconds, or take another trigger.",
        )
    if not _BUCKET_PART.fullmatch(values["name"]):
        yield Problem(
            ("name",),
            f'name is "{shortened(values["name"])}"; with trigger.service = "s3" it is part of a bucket\'s name: '
            "1 to 27 small letters, digits and hyphens.",
        )


def _neighbor_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    for name, other in values["other_functions"].items():
        address = ("other_functions", name)
        if not _OTHER_FUNCTION.fullmatch(name):
            yield Problem(
                address,
                f'other_functions has "{shortened(name)}"; the lab allows 1 to 32 small letters, digits and hyphens, '
                "beginning and ending with a letter or digit.",
            )
        elif len(full := f"{values['name']}-{name}") > _LONGEST_FUNCTION_NAME:
            yield Problem(address, f"{full} is longer than the {_LONGEST_FUNCTION_NAME} characters that Lambda allows.")
        for attribute, bounds in _OTHER_BOUNDS.items():
            yield from _out_of_bounds((*address, attribute), other[attribute], bounds)
    limit, reserved = values["account_concurrency"], values["reserved_concurrent_executions"]
    if limit is not None and 0 < reserved > limit - MINIMUM_UNRESERVED_CONCURRENCY:
        yield Problem(
            ("reserved_concurrent_executions",),
            f"reserved_concurrent_executions is {reserved}; of {limit} (account_concurrency) Lambda keeps "
            f"{MINIMUM_UNRESERVED_CONCURRENCY} unreserved.",
        )


def _lateness_problems(late: Mapping[str, float]) -> Iterator[Problem]:
    for attribute, seconds in late.items():
        yield from _out_of_bounds(("first_attempt_after", attribute), seconds, _LATE)
    if late["at_least_seconds"] > late["at_most_seconds"]:
        yield Problem(
            ("first_attempt_after",),
            f"first_attempt_after has at_least_seconds {late['at_least_seconds']}, above at_most_seconds "
            f"{late['at_most_seconds']}.",
        )


def _text_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
    description, message = values["description"], values["behavior"]["message"]
    if len(description) > LONGEST_DESCRIPTION:
        yield Problem(
            ("description",),
            f"description has {len(description)} characters; it must be at most {LONGEST_DESCRIPTION}: "
            "a sentence or two.",
        )
    if (size := len(message.encode())) > LARGEST_MESSAGE_BYTES:
        yield Problem(
            ("behavior", "message"),
            f"behavior.message has {size:,} bytes; Lambda's environment variables have room for "
            f"{LARGEST_MESSAGE_BYTES:,}.",
        )
    for address, text in (
        (("description",), description),
        (("look_at",), values["look_at"]),
        (("behavior", "message"), message),
    ):
        if "\0" in text:
            yield Problem(address, f"{address_name(address)} holds a NUL character; Lambda allows none.")


def _tag_problems(tags: Mapping[str, str]) -> Iterator[Problem]:
    if len(tags) > MOST_TAGS:
        yield Problem(("tags",), f"tags are {len(tags)}; AWS allows {MOST_TAGS} besides the lab's own.")
    allowed = "AWS allows {} letters, digits, spaces and _ . : / = + @ -"
    for key, value in tags.items():
        if key.lower() in OWN_TAGS:
            yield Problem(("tags", key), f"tags.{key} is one of the lab's own tags; choose another key.")
        elif not _TAG_KEY.fullmatch(key):
            yield Problem(
                ("tags", key),
                f'tags has the key "{shortened(key)}"; {allowed.format("1 to 128")}, not beginning with aws:.',
            )
        elif not _TAG_VALUE.fullmatch(value):
            yield Problem(("tags", key), f'tags.{key} is "{shortened(value)}"; {allowed.format("up to 256")}.')


def _at(values: Any, address: Address) -> Any:
    for step in address:
        values = values[step]
    return values


def _out_of_bounds(address: Address, value: float, bounds: Bounds) -> Iterator[Problem]:
    sentence = bounds.problem(address, value)
    if sentence:
        yield Problem(address, sentence)


def _not_among(address: Address, value: str, known: Sequence[str]) -> Iterator[Problem]:
    if value not in known:
        near = get_close_matches(value, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}."
        yield Problem(address, f'{address_name(address)} is "{shortened(value)}"; {hint}')


def _expectation_problems(entries: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    absent = {entry["metric"] for entry in entries if entry["absent"]}
    for index, entry in enumerate(entries):
        address = ("expectations", index)
        yield from _not_among((*address, "metric"), entry["metric"], METRIC_NAMES)
        yield from _statistic_problems((*address, "statistic"), entry["metric"], entry["statistic"])
        if entry["data_point"] is not None:
            yield from _out_of_bounds((*address, "data_point"), entry["data_point"], _DATA_POINT)
        for sentence in _contradictions(entry, absent):
            yield Problem(address, f"{address_name(address)} {sentence}")


def _statistic_problems(address: Address, metric: str, statistic: str) -> Iterator[Problem]:
    if not is_percentile(statistic):
        yield from _not_among(address, statistic, (*STATISTICS, "p99"))
    elif metric not in WITH_PERCENTILES:
        yield Problem(
            address,
            f"{address_name(address)} is {statistic}, of {metric}; "
            f"percentiles are of {listed(WITH_PERCENTILES)} alone.",
        )


def _contradictions(entry: Mapping[str, Any], absent: set[str]) -> Iterator[str]:
    """Yield why an expectation can't be meant; ``absent`` are the metrics that one of them wants absent."""
    equals, at_least, at_most = entry["equals"], entry["at_least"], entry["at_most"]
    wants_value = any(bound is not None for bound in (equals, at_least, at_most))
    if not wants_value and not entry["absent"]:
        yield "expects nothing; give equals, at_least, at_most or absent = true."
    if wants_value and entry["metric"] in absent:
        yield f"wants a value of {entry['metric']}, which is expected to be absent; leave one of them out."
    if equals is not None and (at_least is not None or at_most is not None):
        yield "gives equals and a range; leave one of them out."
    if at_least is not None and at_most is not None and at_least > at_most:
        yield f"can't be met: at_least, {at_least}, is above at_most, {at_most}."
