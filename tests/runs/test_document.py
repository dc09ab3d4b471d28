import json
from dataclasses import replace

import pytest
from results import METRICS, result_of

from async_lab.errors import EnvironmentFailure
from async_lab.runs.document import SCHEMA, document, text, write


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

    assert run["findings"][0]["code"] == "dropped-stopped"
    assert run["findings"][0]["evidence"][1] == {
        "subject": "Maximum of AsyncEventAge",
        "value": None,
        "unit": "Milliseconds",
        "words": "no data point",
    }
    assert run["expectations"][3]["absent"] is True
    assert run["expectations"][3]["is_met"] is True


def test_events_and_alarms_have_times():
    run = document(result_of("scenario-2"))

    assert run["events"][1] == {
        "event_id": "0f3a9c21-2",
        "request_id": "request-2",
        "at": "2023-01-03T08:23:45.000Z",
        "outcome": "accepted",
    }
    assert run["alarms"][0]["at"] == "2023-01-03T08:25:00.000Z"


@pytest.mark.parametrize("name", METRICS)
def test_the_document_is_json_and_tells_no_path_of_the_machine(name):
    result = result_of(name)

    assert json.loads(text([result])) == document(result)
    assert str(result.scenario.path.parent) not in text([result])


def test_a_run_is_written_under_a_name_that_sorts_by_time(tmp_path):
    result = result_of("scenario-1")

    file = write(result, tmp_path / "runs" / "first")
    assert file.name == "result.json"
    assert file.read_text(encoding="utf-8") == text([result])


def test_a_directory_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(EnvironmentFailure, match=r"file/run/result\.json can't be written.*--out"):
        write(result_of("baseline"), tmp_path / "file" / "run")


def test_the_document_is_json_in_every_encoding():
    wanted = replace(result_of("baseline").scenario, title="Grundfälle: 正常")

    printed = text([result_of("baseline", scenario=wanted)])
    assert printed.isascii()
    assert json.loads(printed)["configuration"]["title"] == "Grundfälle: 正常"
