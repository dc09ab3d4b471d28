"""The runs that lie in a checkout: found, and pruned."""

from dataclasses import replace

import pytest
from results import result_of

from async_lab.checkout.project import Project
from async_lab.errors import UsageError
from async_lab.owned import Owned
from async_lab.runs import history
from async_lab.runs.document import write
from async_lab.stack.journal import Entry, Journal


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def made(project, number, **changes):
    """A run's directory with its log and its result."""
    directory = project.runs / f"20261129T{number:06}-baseline-abcd"
    write(result_of("baseline", run_id=f"{number:08x}", **changes), directory)
    (directory / "terraform.log").write_text("a long log")
    return directory


def test_the_newest_run_is_meant_when_none_is_named(project):
    directories = [made(project, number) for number in (3, 1, 2)]

    assert history.find(project, None) == [directories[0] / "result.json"]
    assert [file.parent.name for file in history.files(project)] == sorted((d.name for d in directories), reverse=True)


def test_a_run_is_found_by_its_directory_its_id_and_its_file(project, monkeypatch):
    made(project, 1)
    directory = made(project, 2)
    monkeypatch.chdir(project.root)
    relative = directory.relative_to(project.root)

    for name in (directory.name, "00000002", str(directory), str(relative / "result.json")):
        assert [file.resolve() for file in history.find(project, name)] == [(directory / "result.json").resolve()]


def test_a_run_of_several_scenarios_has_several_results(project):
    directory = project.runs / "20261129T000001-baseline-abcd"
    for name in ("baseline", "scenario-1"):
        write(result_of(name), directory / name)

    assert [result.scenario.name for result in history.results(project, None)] == ["baseline", "scenario-1"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", 'There is no run "nothing"; list them with: '),
        ("0000000", 'Several runs have ids that begin with "0000000"'),
        ("", 'There is no run ""'),
        ("a\0b", "There is no run"),
        ("x" * 300, "There is no run"),
    ],
)
def test_a_run_that_is_not_there_is_told(project, name, said):
    made(project, 1)
    made(project, 2)

    with pytest.raises(UsageError) as caught:
        history.find(project, name)
    assert str(caught.value).startswith(said)


def test_without_any_run_it_says_how_to_make_one(project):
    with pytest.raises(UsageError, match="There is no run yet: make one with async-lab run function-errors"):
        history.find(project, None)


def test_old_logs_go_and_results_stay(project, monkeypatch):
    monkeypatch.setattr(history, "KEPT_LOGS", 2)
    monkeypatch.setattr(history, "KEPT_RUNS", 4)
    directories = [made(project, number) for number in range(6)]

    history.prune(project)

    assert [(d / "terraform.log").exists() for d in directories] == [False] * 4 + [True] * 2
    assert [(d / "result.json").exists() for d in directories] == [False] * 2 + [True] * 4


def test_what_a_run_or_a_stack_needs_stays(project, monkeypatch):
    monkeypatch.setattr(history, "KEPT_LOGS", 0)
    monkeypatch.setattr(history, "KEPT_RUNS", 0)
    goes_on, stands, over = (made(project, number) for number in (1, 2, 3))
    own = Owned(goes_on)
    Journal(project.stacks).write(_entry(stands))

    history.prune(project)

    assert [d.exists() for d in (goes_on, stands, over)] == [True, True, False]
    assert (stands / "terraform.log").exists()
    own.release()


def test_a_note_that_can_not_be_read_keeps_everything(project, monkeypatch):
    monkeypatch.setattr(history, "KEPT_LOGS", 0)
    directory = made(project, 1)
    project.stacks.mkdir(parents=True)
    (project.stacks / "aws-broken.json").write_text("{")

    history.prune(project)

    assert (directory / "terraform.log").exists()


def _entry(run):
    fields = {name: "x" for name in Entry.__dataclass_fields__ if name != "resources"}
    return replace(Entry(**fields), target="aws", directory=str(run / "terraform"), run=str(run))
