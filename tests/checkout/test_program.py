import sys

import pytest

from async_lab.checkout import program


@pytest.fixture
def called(tmp_path, monkeypatch):
    """Pretends that the program was called so; it is installed in ``bin``, which may be on the PATH."""
    installed = tmp_path / "bin" / "async-lab"
    installed.parent.mkdir()
    installed.write_text("#!/bin/sh")
    installed.chmod(0o755)
    monkeypatch.chdir(tmp_path)

    def call(name, path="/nowhere"):
        monkeypatch.setenv("PATH", path)
        monkeypatch.setattr(sys, "argv", [name])

    return call


def test_a_program_off_the_path_is_named_as_it_was_called(called):
    called("bin/async-lab")
    assert program.command("run 2") == "bin/async-lab run 2"


def test_a_program_on_the_path_is_named_by_its_name(called, tmp_path):
    called(str(tmp_path / "bin" / "async-lab"), path=str(tmp_path / "bin"))
    assert program.command("run 2") == "async-lab run 2"


def test_a_program_that_runs_under_another_name_is_named_by_its_own(called):
    called("runner/async_lab/__main__.py")
    assert program.command("run 2") == "async-lab run 2"


def test_a_program_in_an_odd_place_is_quoted_for_the_shell(called, tmp_path):
    odd = tmp_path / "my programs;id"
    (tmp_path / "bin").rename(odd)
    called("my programs;id/async-lab")
    assert program.command("run 2") == "'my programs;id/async-lab' run 2"


def test_an_export_is_one_assignment_whatever_the_value_holds():
    assert program.export("NAME", "a;id $(id) 'b'") == """export NAME='a;id $(id) '"'"'b'"'"''"""
