import json
from dataclasses import replace
from pathlib import Path

import pytest

from async_lab.errors import EnvironmentFailure
from async_lab.stack.journal import Entry, Journal

ENTRY = Entry("aws", "123456789012", "eu-west-1", "async-lab", "/checkout/terraform", "/checkout/baseline.tfvars")


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "stacks"


def test_a_noted_stack_is_known_until_it_is_erased_also_to_another_process(directory):
    assert not Journal(directory).knows(ENTRY)
    Journal(directory).write(ENTRY)
    assert Journal(directory).knows(ENTRY)
    assert Journal(directory).entries("aws") == [ENTRY]
    Journal(directory).erase(ENTRY)
    assert not Journal(directory).knows(ENTRY)
    assert Journal(directory).entries("aws") == []


def test_resources_are_noted_with_their_exact_names(directory):
    entry = replace(ENTRY, resources=(("aws_iam_role", "async-lab"),))
    assert Journal(directory).noted(entry) == entry
    Journal(directory).write(entry)
    assert Journal(directory).noted(ENTRY) == entry
    assert Journal(directory).entries("aws") == [entry]


def test_notes_of_earlier_versions_have_no_resources(directory):
    Journal(directory).write(ENTRY)
    (note,) = directory.iterdir()
    document = json.loads(note.read_text())
    del document["resources"]
    note.write_text(json.dumps(document))
    assert Journal(directory).entries("aws") == [ENTRY]


@pytest.mark.parametrize("moment", ["stat", "read_text"])
def test_a_stack_that_another_run_takes_down_meanwhile_is_none(directory, monkeypatch, moment):
    journal, other = Journal(directory), replace(ENTRY, name="others")
    for entry in (other, ENTRY):
        journal.write(entry)
    note = directory / other.file_name
    looked = getattr(Path, moment)

    def erased_before(path, *arguments, **options):
        if path == note:
            note.unlink(missing_ok=True)
        return looked(path, *arguments, **options)

    monkeypatch.setattr(Path, moment, erased_before)
    assert journal.entries("aws") == [ENTRY]
    assert journal.noted(other) == other


def test_noting_a_stack_twice_notes_it_once(directory):
    for _ in range(2):
        Journal(directory).write(ENTRY)
    assert Journal(directory).entries("aws") == [ENTRY]


@pytest.mark.parametrize(
    "other",
    [{"account_id": "210987654321"}, {"region": "eu-north-1"}, {"name": "async-lab-2"}, {"directory": "/elsewhere"}],
)
def test_stacks_of_another_account_region_name_or_state_are_others(directory, other):
    journal = Journal(directory)
    journal.write(ENTRY)
    journal.write(replace(ENTRY, **other))
    journal.erase(ENTRY)
    assert journal.entries("aws") == [replace(ENTRY, **other)]


def test_targets_are_told_apart(directory):
    journal = Journal(directory)
    journal.write(ENTRY)
    journal.write(replace(ENTRY, target="local"))
    assert journal.entries("local") == [replace(ENTRY, target="local")]


def test_erasing_what_was_never_noted_does_nothing(directory):
    Journal(directory).erase(ENTRY)


def test_a_journal_that_can_not_be_written_is_told(tmp_path):
    (tmp_path / "stacks").write_text("a file where the directory should be")
    with pytest.raises(EnvironmentFailure, match=r"stacks can't be written \(.*\): make it writable\."):
        Journal(tmp_path / "stacks").write(ENTRY)


@pytest.mark.parametrize("content", ["", "{", '{"target": "aws"}', "[]"])
def test_a_note_that_nobody_can_read_is_not_passed_over(directory, content):
    directory.mkdir()
    (directory / "aws-broken.json").write_text(content)
    with pytest.raises(EnvironmentFailure, match=r"aws-broken\.json can't be read .* look on AWS for what stands"):
        Journal(directory).entries("aws")
