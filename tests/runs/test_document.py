import json
import re
import resource
from dataclasses import replace
from pathlib import Path

import pytest
from documents import strict
from hypothesis import given
from hypothesis import strategies as st
from results import METRICS, PROJECT, result_of

from async_lab.diagnosis import Fact
from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.observation.events import Attempt, Delivery, Event, Outcome
from async_lab.runs.document import SCHEMA, document, text, write
from async_lab.runs.reading import parse, read

SCHEMA_FILE = PROJECT.root / "docs" / "result.schema.json"
VALIDATOR = strict(json.loads(SCHEMA_FILE.read_text()))


def test_the_document_says_what_was_run_and_where():
    run = document(result_of("scenario-3"))

    assert run["schema"] == SCHEMA
    assert (run["scenario"], run["seed"], run["is_as_expected"]) == ("scenario-3", 0, True)
    assert run["target"] == {
        "name": "local",
        "account_id": "123456789012",
        "region": "us-east-1",
        "function_name": "async-lab",
    }
    assert run["configuration"]["maximum_event_age_in_seconds"] == 60
    assert run["configuration"]["name"] == "async-lab"
    assert (run["started_at"], run["ended_at"]) == ("2023-01-03T08:23:45.000Z", "2023-01-03T08:25:45.000Z")


def test_metrics_are_by_minute_and_absent_ones_are_empty():
    metrics = document(result_of("scenario-3"))["metrics"]

    assert metrics["AsyncEventAge"]["unit"] == "Milliseconds"
    assert metrics["AsyncEventAge"]["data_points"][1] == {
        "minute": "2023-01-03T08:24:00.000Z",
        "sample_count": 2,
        "sum": 45_969,
        "minimum": 15_883,
        "maximum": 30_086,
        "average": 22_984.5,
    }
    assert metrics["DeadLetterErrors"]["data_points"] == []


def test_findings_and_expectations_are_there_in_figures_and_in_words():
    run = document(result_of("scenario-4"))

    (finding,) = run["findings"]
    assert (finding["code"], finding["severity"], finding["confidence"]) == ("dropped-stopped", "critical", "certain")
    assert finding["evidence"][0] == {
        "kind": "metric",
        "metric": "AsyncEventsDropped",
        "statistic": "Sum",
        "value": 1,
        "unit": "Count",
        "minutes": ["2023-01-03T08:23:00.000Z"],
        "words": "1",
    }
    assert finding["evidence"][3] == {
        "kind": "fact",
        "name": "Reserved concurrency",
        "value": 0,
        "unit": "Count",
        "is_known": True,
        "words": "0",
    }
    assert run["expectations"][3]["absent"] is True
    assert run["expectations"][3]["is_met"] is True


def test_an_event_that_was_accepted_and_dropped_is_told_as_dropped():
    kept, dropped = document(result_of("scenario-3"))["events"]

    assert (kept["answer"], kept["state"], kept["condition"]) == ("accepted", "succeeded", "Success")
    assert (dropped["answer"], dropped["state"], dropped["condition"]) == ("accepted", "dropped", "EventAgeExceeded")
    assert [attempt["outcome"] for attempt in dropped["attempts"]] == ["throttled"] * 6
    assert dropped["attempts"][1]["age_seconds"] == 1.02
    assert (dropped["sent_at"], dropped["ended_at"]) == ("2023-01-03T08:23:45.000Z", "2023-01-03T08:24:15.086Z")


def test_where_an_attempts_log_lines_are_is_told_and_how_they_are_looked_up_is_not():
    result = result_of("baseline")
    (event,) = result.events
    logged = replace(event.attempts[0], log_group="/aws/lambda/async-lab", look_up=lambda _: ["a secret"])
    run = json.loads(text(replace(result, events=(replace(event, attempts=(logged,)),))))

    VALIDATOR.validate(run)
    assert run["events"][0]["attempts"][0]["log_group"] == "/aws/lambda/async-lab"
    assert "a secret" not in json.dumps(run)


def test_without_single_events_the_sender_is_believed_and_the_gap_told():
    run = document(result_of("scenario-3", events=(), gaps=("Not seen.",)))

    assert [(event["answer"], event["state"]) for event in run["events"]] == [("accepted", "unknown")] * 2
    assert run["gaps"] == ["Not seen."]
    VALIDATOR.validate(run)


def test_events_of_somebody_else_come_last():
    result = result_of("baseline")
    stranger = Event("another", "async-lab", "live", result.started_at - 1)
    run = document(replace(result, events=(stranger, *result.events)))

    assert [(event["request_id"], event["event_id"]) for event in run["events"]] == [
        ("request-1", "0f3a9c21-1"),
        ("another", None),
    ]
    VALIDATOR.validate(run)


@pytest.mark.parametrize("name", METRICS)
def test_the_document_is_json_and_tells_no_path_of_the_machine(name):
    result = result_of(name)

    assert json.loads(text(result)) == document(result)
    assert str(result.scenario.path.parent) not in text(result)


@pytest.mark.parametrize("name", METRICS)
def test_the_published_schema_describes_every_key_of_a_document(name):
    VALIDATOR.validate(json.loads(text(result_of(name))))


def test_the_published_schema_is_of_this_version():
    assert json.loads(SCHEMA_FILE.read_text())["$id"] == SCHEMA


@pytest.mark.parametrize("key", ["events", "gaps", "findings"])
def test_a_document_without_a_key_is_no_document(key):
    run = document(result_of("scenario-3"))
    del run[key]
    assert not VALIDATOR.is_valid(run)


# --- written and read back ---

times = st.integers(1_600_000_000_000, 1_900_000_000_000).map(lambda ms: ms / 1000)
seconds = st.integers(0, 10**8).map(lambda ms: ms / 1000)
words = st.none() | st.text(max_size=5)
attempts = st.builds(
    Attempt,
    at=times,
    age_seconds=seconds,
    outcome=st.sampled_from(Outcome),
    duration_seconds=st.none() | seconds,
    init_seconds=st.none() | seconds,
    error_type=words,
    error_message=words,
    log_stream=words,
    version=words,
)
events = st.builds(
    Event,
    request_id=st.uuids().map(str),
    function=st.just("async-lab"),
    qualifier=st.sampled_from(("", "live", "1")),
    accepted_at=times,
    attempts=st.lists(attempts, max_size=3).map(tuple),
    condition=st.sampled_from((None, "Success", "RetriesExhausted")),
    ended_at=st.none() | times,
    next_attempt_at=st.none() | times,
    maximum_event_age_seconds=st.none() | st.integers(60, 21600),
    deliveries=st.lists(st.builds(Delivery, st.just("arn:aws:sqs:::q"), st.booleans(), words), max_size=2).map(tuple),
)


def without_path(result):
    """A document has no path of the machine: of the scenario's file only the name is read back."""
    return replace(result, scenario=replace(result.scenario, path=Path(result.scenario.path.name)))


@pytest.mark.parametrize("name", METRICS)
def test_a_run_that_is_written_and_read_back_is_the_same(name, tmp_path):
    result = result_of(name)

    assert read(write(result, tmp_path)) == without_path(result)


@given(
    st.lists(events, max_size=4, unique_by=lambda event: event.request_id), st.lists(st.text(max_size=9), max_size=2)
)
def test_any_events_and_gaps_that_are_written_and_read_back_are_the_same(found, gaps):
    found = tuple(sorted(found, key=lambda event: event.accepted_at))
    result = result_of("scenario-3", events=found, gaps=tuple(gaps), comparisons=(), seed=None)
    written = json.loads(text(result))

    VALIDATOR.validate(written)
    assert parse(written) == without_path(result)
    assert document(parse(written)) == written


def test_findings_of_every_kind_of_evidence_are_read_back():
    result = result_of("scenario-2")
    facts = (Fact("Runtime", "python3.13", "None"), Fact("Reserved concurrency", None, "Count", is_known=False))
    odd = replace(result, findings=(replace(result.findings[0], evidence=facts, alternatives=("Another.",)),))

    assert parse(document(odd)) == without_path(odd)
    VALIDATOR.validate(document(odd))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "it isn't JSON"),
        (b"[" * 100_000, "it isn't JSON"),
        (b"\xff\xfe", "it isn't JSON"),
        (b"[]", 'its "schema" is null, it must be "async-lab/run/2"'),
        (b'{"schema": "async-lab/run/1"}', 'its "schema" is "async-lab/run/1", it must be "async-lab/run/2"'),
        (b'{"schema": "async-lab/run/2"}', "is no whole document of a run"),
    ],
)
def test_what_is_no_run_is_refused_by_name(tmp_path, content, said):
    file = tmp_path / "result.json"
    file.write_bytes(content)

    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        read(file)
    assert str(caught.value).startswith(str(file))


@pytest.mark.parametrize("gaps", [[1, None], "some", {"a": 1}])
def test_gaps_that_are_no_texts_are_refused(gaps):
    with pytest.raises(UsageError, match="is no whole document of a run"):
        parse(document(result_of("baseline")) | {"gaps": gaps})


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"missing\.json can't be read"):
        read(tmp_path / "missing.json")


# --- files ---


def test_a_run_is_written_under_a_name_that_sorts_by_time(tmp_path):
    result = result_of("scenario-1")

    file = write(result, tmp_path / "runs" / "first")
    assert file.name == "result.json"
    assert file.read_text(encoding="utf-8") == text(result)


def test_a_directory_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(EnvironmentFailure, match=r"file/run/result\.json can't be written.*--out"):
        write(result_of("baseline"), tmp_path / "file" / "run")


@pytest.fixture
def room_for():
    """Let no file of this process get larger than so many bytes, as a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_document_that_there_is_no_room_for_leaves_nothing_half_and_what_was_there(tmp_path, room_for):
    room_for(1_000)
    with pytest.raises(EnvironmentFailure, match=r"result\.json can't be written"):
        write(result_of("baseline"), tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "result.json").write_text("before")
    with pytest.raises(EnvironmentFailure, match=r"result\.json can't be written"):
        write(result_of("baseline"), tmp_path)
    assert (tmp_path / "result.json").read_text() == "before"


def test_the_document_is_json_in_every_encoding():
    wanted = replace(result_of("baseline").scenario, title="Grundfälle: 正常")

    printed = text(result_of("baseline", scenario=wanted))
    assert printed.isascii()
    assert json.loads(printed)["configuration"]["title"] == "Grundfälle: 正常"
