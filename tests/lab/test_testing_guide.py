"""docs/testing.md does what it says: its files, written as they stand, are red first and green at the end."""

import re
import subprocess
import sys

import pytest
from program import PROJECT, environment

pytestmark = pytest.mark.e2e

GUIDE = (PROJECT.root / "docs" / "testing.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```python\n# (?P<path>\S+)\n(?P<text>.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def write(folder, files):
    for path, text in files:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)


def run(folder):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_tutorial_is_red_and_then_green(tmp_path):
    write(tmp_path, FILES[:2])
    said = run(tmp_path)
    assert "assert ['success'] == ['error', 'error', 'error']" in said
    assert "- async-lab: events -" in said
    assert "1 failed" in said

    write(tmp_path, FILES)
    assert f"{len(FILES) - 3} passed" in run(tmp_path)  # all but app.py, its correction, and alerts.py


def test_every_method_of_the_lab_is_in_the_reference():
    from async_lab import Lab

    public = [name for name in vars(Lab) if not name.startswith("_") and name not in {"open", "close", "around"}]
    assert [name for name in public if f"`{name}" not in GUIDE and f", `{name}" not in GUIDE] == []
