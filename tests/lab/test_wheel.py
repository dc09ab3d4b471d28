"""What somebody has who installed the wheel, and no checkout."""

import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from program import PROJECT, sentence

from async_lab.errors import ExitCode

pytestmark = pytest.mark.e2e


PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel that was built now."""
    root = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", root, PROJECT.root], check=True)
    [wheel] = root.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def tools(wheel) -> Path:
    """The directory of uvx and pipx, which come from the package index as what the wheel depends on does."""
    root = wheel.parent / "tools"
    venv.create(root, symlinks=True)
    pip = [*PIP, "--python", root / "bin" / "python", "install", "uv", "pipx"]
    if subprocess.run(pip, capture_output=True, check=False).returncode:
        pytest.skip("uv and pipx can't be had: pip reaches no package index that has them")
    return root / "bin"


@pytest.fixture(scope="module")
def installed(wheel) -> Path:
    """The program, installed from the wheel; what it depends on is the tests' own."""
    root = wheel.parent
    venv.create(root / "environment", symlinks=True)
    python = root / "environment" / "bin" / "python"
    subprocess.run([*PIP, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True)
    [packages] = (root / "environment").glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))  # but not what is editable there
    return root / "environment" / "bin" / "async-lab"


@pytest.fixture
def call(installed, wheel, tmp_path):
    """Call the program in an empty folder, as somebody without a checkout does."""
    folder = tmp_path / "empty"
    folder.mkdir()

    def run(*arguments: str, program: Path = installed) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        # Nothing of the user's changes, and both tests download once.
        environment |= {
            "UV_CACHE_DIR": f"{wheel.parent}/cache",
            "UV_PYTHON": sys.executable,
            "PIPX_DEFAULT_BACKEND": "uv",
        }
        environment |= {
            "PIPX_HOME": f"{tmp_path}/pipx",
            "PIPX_BIN_DIR": f"{tmp_path}/bin",
            "PIPX_MAN_DIR": f"{tmp_path}/man",
        }
        return subprocess.run(
            [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    run.folder = folder
    return run


@pytest.mark.long
def test_uvx_runs_a_scenario_in_an_empty_folder(call, tools, wheel):
    ran = call("--from", str(wheel), "async-lab", "run", "scenario-2", program=tools / "uvx")

    assert ran.returncode == ExitCode.AS_EXPECTED, ran.stderr
    assert "Late: waiting for reserved concurrency" in ran.stdout
    assert [path.name for path in call.folder.iterdir()] == [".lab"]


@pytest.mark.long
def test_pipx_installs_the_program_and_runs_it(call, tools, wheel, tmp_path):
    installing = call("install", str(wheel), program=tools / "pipx")
    assert installing.returncode == 0, installing.stdout + installing.stderr

    doctor = call("doctor", program=tmp_path / "bin" / "async-lab")
    assert doctor.returncode == ExitCode.AS_EXPECTED, doctor.stdout
    assert f"{tmp_path}/pipx/venvs/async-lab" in doctor.stdout.replace("\n", "")
    run = call("run", "--spec", str(wheel), "async-lab", "--version", program=tools / "pipx")
    assert run.stdout.startswith("async-lab 0."), run.stderr


EXAMPLE = """
import pytest


def test_bad_file_is_tried_three_times_and_kept(async_lab):
    stack = async_lab.apply("infra")                       # their own Terraform, with the real provider
    async_lab.client("s3").put_object(Bucket=stack["bucket"], Key="empty.csv", Body=b"a,b\\n")
    async_lab.run_until_idle()
    [event] = async_lab.events("csv-to-json")
    assert [attempt.outcome for attempt in event.attempts] == ["error"] * 3
    assert event.attempts[1].age_seconds == pytest.approx(61, abs=8)
    assert event.condition == "RetriesExhausted"
    assert event.delivered_to == [stack["queue_arn"]]
"""


def test_users_own_test_passes_in_a_folder_of_theirs(installed, call):
    shutil.copytree(PROJECT.root / "examples" / "csv-to-json", call.folder, dirs_exist_ok=True)
    (call.folder / "tests" / "test_csv_to_json.py").write_text(EXAMPLE)
    (call.folder / "tests" / "test_where.py").write_text(
        "import async_lab\ndef test_it():\n    assert 'environment' in async_lab.__file__\n"
    )
    python = installed.with_name("python")
    before = {path.name for path in call.folder.iterdir()}

    ran = call("-m", "pytest", "-q", "-p", "no:cacheprovider", program=python)

    assert "2 passed" in ran.stdout, ran.stdout + ran.stderr
    assert {path.name for path in call.folder.iterdir()} == before | {"build"}


def test_scenarios_are_listed_and_the_machine_is_examined(call):
    assert call("scenarios").stdout.startswith("baseline")
    assert call("doctor").returncode == ExitCode.AS_EXPECTED


def test_the_package_is_the_one_that_a_checkout_builds(call):
    assert call("package").stdout.split()[-1] == call_of_the_checkout().split()[-1]


def call_of_the_checkout() -> str:
    return subprocess.run(
        [sys.executable, "-m", "async_lab", "package"], cwd=PROJECT.root, capture_output=True, text=True, check=True
    ).stdout


def test_a_checkout_serves_where_one_is(call):
    (call.folder / "terraform" / "scenarios").mkdir(parents=True)
    (call.folder / "function_src").mkdir()
    (call.folder / "function_src" / "app.py").write_text("")

    ran = call("run", "scenario-2")

    assert ran.returncode == ExitCode.USAGE
    assert "no scenario" in sentence(ran).lower()
