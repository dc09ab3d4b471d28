"""What ``--set`` changes of a scenario's file, and what it refuses."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab import scenario
from async_lab.checkout.project import Project
from async_lab.errors import UsageError
from async_lab.scenario import assignments

PROJECT = Project(Path(__file__).parents[2])
UNDECLARED = "is not declared in terraform/variables.tf"
FORBIDDEN_OR_MISSING = "must be forbidden or missing, or left out for a target that works"
KEYS = ["timeout", "events.count", "tags.a"]


def changed(*texts, name="scenario-2"):
    return scenario.find(PROJECT, name, assignments(texts))


def test_a_value_takes_the_place_of_the_files():
    found = changed("timeout=3", "events.count=20", "behavior.message=no = sign")
    assert (found.timeout, found.events.count, found.behavior.message) == (3, 20, "no = sign")
    assert found.behavior.sleep_seconds == 90  # what stands beside it stays
    assert found.reserved_concurrent_executions == 1


def test_terraform_gets_the_changed_variables_whole():
    assert changed("events.count=20", "trigger.permitted=true", "timeout=3").changed == {
        "events": {"burst": 1, "count": 20, "interval_seconds": 0},
        "trigger": {"permitted": True, "service": "direct", "suffix": "", "endings": [".json"]},
        "timeout": 3,
    }
    assert changed().changed == {}


def test_what_the_file_leaves_out_can_be_set():
    assert changed("on_failure.type=topic").on_failure.type == "topic"
    others = changed("other_functions.busy.events=3").other_functions
    assert (others["busy"].events, others["busy"].sleep_seconds) == (3, 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("90 s", 90),
        ("1.5 min", 90),
        ("2h", 7_200),
        ("10 minutes", 600),
        ("1 hour", 3_600),
        ("1 h 30 min", 5_400),
        ("1h30min10s", 5_410),
        ("1 minute 0.5 s", 60.5),
    ],
)
def test_durations_may_have_a_unit(text, seconds):
    assert changed(f"observe_seconds={text}").observe_seconds == seconds


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["timeout"], '--set "timeout" must be KEY=VALUE, such as timeout=3 or events.count=20.'),
        (["=3"], '--set "=3" must be KEY=VALUE, such as timeout=3 or events.count=20.'),
        (["timeout=3", "timeout=4"], "--set timeout is given 2 times; give it once."),
        (
            ["timeot=3"],
            f"--set timeot=3: timeot {UNDECLARED}; did you mean timeout?",
        ),
        (
            ["events.pause=3"],
            f"--set events.pause=3: events.pause {UNDECLARED}; there is burst, count, interval_seconds.",
        ),
        (["timeout=0"], "--set: timeout is 0; Lambda allows 1 to 900 (seconds)."),
        (
            ["timeout=soon"],
            "--set timeout=soon: it must be a number of seconds, or a duration such as 90 s, 10 min or 1 h 30 min.",
        ),
        (["memory_size=1 min"], "--set memory_size=1 min: it must be a number."),
        (["trigger.permitted=no"], "--set trigger.permitted=no: it must be true or false."),
        (
            ["events=3"],
            "--set events=3: events is an object; set one of its values, or write a scenario's file.",
        ),
        (
            ["expectations=3"],
            "--set expectations=3: expectations is a list; set one of its values, or write a scenario's file.",
        ),
        (["timeout.x=3"], "--set timeout.x=3: timeout.x names no single value."),
        (["name=x"], "--set name=x: name can only be set in a scenario's file."),
        (
            ["trigger.service=kinesis"],
            '--set: trigger.service is "kinesis"; there is direct, eventbridge, s3, sns.',
        ),
        (
            ["trigger.permitted=false"],
            "--set: trigger.permitted is false with direct, which needs no such permission; take eventbridge or sns.",
        ),
        (
            ["account_concurrency=10"],
            "--set: reserved_concurrent_executions is 1; of 10 (account_concurrency) Lambda keeps 100 unreserved.",
        ),
        (
            ["on_failure.type=topic", "on_failure.problem=full"],
            f'--set: on_failure.problem is "full"; it {FORBIDDEN_OR_MISSING}.',
        ),
        (["on_failure.type=bucket"], '--set: on_failure.type is "bucket"; there is queue, topic.'),
        (["on_failure.problem=missing"], "--set: on_failure.type is missing; a scenario must set it."),
        (
            ["other_functions.busy.events=-1"],
            "--set: other_functions.busy.events is -1; the lab allows 0 to 10000.",
        ),
    ],
)
def test_what_can_not_be_is_refused_with_one_sentence(texts, problem):
    with pytest.raises(UsageError) as caught:
        changed(*texts)
    assert str(caught.value) == problem


@given(st.text(max_size=30) | st.tuples(st.sampled_from(KEYS), st.text()).map("=".join))
def test_any_text_is_taken_or_refused(text):
    try:
        changed(text, name="baseline")
    except UsageError as error:
        refused = str(error)
    else:
        refused = "--set"
    assert refused.startswith("--set")


@pytest.mark.parametrize(
    "text", ["1 h 30", "30 min 1 h", "1 h 1 h", "h", "-1 h", "1 h, 30 min", "1 h 30 days", "min 5"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(UsageError, match="1 h 30 min"):
        changed(f"observe_seconds={text}")
