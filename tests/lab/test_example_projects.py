"""The projects in examples/: their own tests pass where somebody copied them to, and leave nothing there."""

import shutil
import subprocess
import sys

import pytest
from program import PROJECT, environment

pytestmark = pytest.mark.e2e

EXAMPLES = sorted(path.parent.name for path in PROJECT.root.glob("examples/*/pyproject.toml"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_passes(tmp_path, example):
    folder = tmp_path / example
    unwanted = shutil.ignore_patterns("build", "__pycache__", ".pytest_cache")
    shutil.copytree(PROJECT.root / "examples" / example, folder, ignore=unwanted)
    before = {path for path in folder.rglob("*") if path.is_file()}
    ran = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    made = {path for path in folder.rglob("*") if path.is_file()} - before
    assert {path.relative_to(folder).parts[0] for path in made} <= {"build"}


def test_there_are_two_examples():
    assert EXAMPLES == ["csv-to-json", "orders"]
