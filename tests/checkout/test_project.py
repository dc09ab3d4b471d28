from pathlib import Path

import pytest

from async_lab.checkout.project import Project
from async_lab.errors import UsageError

CHECKOUT = Path(__file__).parents[2]


def make_checkout(root):
    (root / "terraform/scenarios").mkdir(parents=True)
    (root / "function_src").mkdir()
    (root / "function_src/app.py").touch()
    return root


def test_a_checkout_is_found_from_a_directory_inside_it(tmp_path):
    root = make_checkout(tmp_path / "lab")

    assert Project.locate(root / "terraform" / "scenarios") == Project(root)
    assert Project.locate(root) == Project(root)


def test_outside_a_checkout_the_one_that_holds_the_package_is_taken(tmp_path):
    assert Project.locate(tmp_path) == Project(CHECKOUT)


def test_a_package_outside_any_checkout_says_what_a_checkout_is_known_by(tmp_path, monkeypatch):
    monkeypatch.setattr("async_lab.checkout.project._EDITABLE", tmp_path / "site-packages")

    with pytest.raises(UsageError, match=r"not inside a checkout.*terraform/scenarios"):
        Project.locate(tmp_path)


def test_paths_inside_are_shown_from_the_root_and_others_in_full(tmp_path):
    project = Project(tmp_path)

    assert project.shown(project.scenarios / "x.tfvars") == "terraform/scenarios/x.tfvars"
    assert project.shown(Path("/elsewhere/x.tfvars")) == "/elsewhere/x.tfvars"
