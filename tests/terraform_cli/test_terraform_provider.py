import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import botocore
import pytest
from places import LOCK_FILE, ROOT
from processes import MARK, is_alive, processes_of, wait_until, with_command
from program import LONGEST_SECONDS
from slow_endpoint import SlowEndpoint

from async_lab.errors import EnvironmentFailure
from async_lab.target.environment import local_environment
from async_lab.terraform import (
    Progress,
    ProviderNotFound,
    Step,
    Terraform,
    TerraformFailed,
    init_from_anywhere,
    installed_provider,
    kept_provider,
    mirror,
)
from async_lab.terraform.mirror import AWS_PROVIDER, this_platform

NEEDS_AWS = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
Make = Callable[..., Terraform]


@pytest.fixture
def isolated(make_terraform: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Terraform without a registry, on a machine without a mirror. It keeps mirrors in ``opt``."""
    configuration = tmp_path / "terraformrc"
    configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{tmp_path}/none" }}\n}}\n')
    monkeypatch.setattr(mirror, "OPT", tmp_path / "opt")
    nowhere = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_DATA_DIRS": str(tmp_path)}

    def make(**settings: object) -> Terraform:
        terraform = make_terraform(NEEDS_AWS, **settings)
        environment = {**terraform.environment, **nowhere, "TF_CLI_CONFIG_FILE": str(configuration)}
        return replace(terraform, environment=environment)

    return make


def make_mirror(directory: Path, version: str) -> Path:
    """A mirror whose provider is a program that Terraform can hash, which is all that init does with it."""
    package = directory / AWS_PROVIDER / version / this_platform()
    package.mkdir(parents=True)
    (package / f"terraform-provider-aws_v{version}").write_text("#!/bin/sh\n")
    return directory


def test_without_registry_and_mirror_it_says_what_was_searched_and_how_to_make_one(isolated: Make) -> None:
    terraform = isolated()
    with pytest.raises(ProviderNotFound) as not_found:
        init_from_anywhere(terraform)
    assert f"no mirror is in {terraform.directory}/terraform.d/plugins, " in str(not_found.value)
    assert "run `terraform providers mirror DIRECTORY` in terraform/" in str(not_found.value)


def test_a_mirror_on_the_machine_is_taken_and_named(isolated: Make, tmp_path: Path) -> None:
    heard: list[Progress] = []
    taken = make_mirror(tmp_path / "opt" / "plugins", "5.100.0")
    init_from_anywhere(isolated(progress=heard.append))
    assert heard[-1] == Progress(Step.NOTE, f"The registry has no provider for us: taken from {taken}.")


def test_a_mirror_with_another_version_than_the_lock_file_is_refused(isolated: Make, tmp_path: Path) -> None:
    other = make_mirror(tmp_path / "opt" / "plugins", "5.99.0")
    terraform = isolated()
    (terraform.directory / ".terraform.lock.hcl").write_bytes(LOCK_FILE.read_bytes())
    with pytest.raises(ProviderNotFound, match=rf"{other} was refused \(terraform init failed: "):
        init_from_anywhere(terraform)


def test_what_is_wrong_besides_the_provider_is_not_blamed_on_it(isolated: Make) -> None:
    terraform = isolated()
    (terraform.directory / "broken.tf").write_text("resource")
    with pytest.raises(TerraformFailed, match=r"broken\.tf:1"):
        init_from_anywhere(terraform)


def test_the_provider_is_installed_once_per_lock_file(isolated: Make, tmp_path: Path) -> None:
    make_mirror(tmp_path / "opt" / "plugins", "5.100.0")
    lock_file, cache, terraform = tmp_path / "lock", tmp_path / "cache", isolated()
    lock_file.write_text("")
    program = installed_provider(lock_file, cache, terraform)
    assert program.read_text() == "#!/bin/sh\n"
    assert installed_provider(lock_file, cache, replace(terraform, executable=Path("/nowhere"))) == program
    assert [home.name for home in cache.iterdir()] == [program.relative_to(cache).parts[0]]


def test_a_provider_whose_mirror_has_moved_is_installed_again(isolated: Make, tmp_path: Path) -> None:
    opt = tmp_path / "opt"
    make_mirror(opt / "plugins", "5.100.0")
    lock_file, cache, terraform = tmp_path / "lock", tmp_path / "cache", isolated()
    lock_file.write_text("")
    installed_provider(lock_file, cache, terraform)
    (opt / "plugins").rename(opt / "moved")
    assert installed_provider(lock_file, cache, terraform).resolve().is_relative_to(opt / "moved")


@pytest.mark.e2e
def test_a_kept_provider_serves_several_commands_without_being_installed(
    module: Path, provider: Path, environment: Mapping[str, str]
) -> None:
    bundle = Path(botocore.__file__).with_name("cacert.pem")
    with SlowEndpoint("nothing") as endpoint:
        users = {**local_environment(endpoint.url, "eu-west-1"), "AWS_CA_BUNDLE": str(bundle)}
        with kept_provider(provider, users, module / "provider.log") as attached:
            terraform = Terraform(module, attached, module / "terraform.log")
            terraform.init()
            for _ in range(2):
                assert len(terraform.plan(module / "test.tfvars").changes) == 2
    assert not (module / ".terraform").exists()


@pytest.mark.e2e
@pytest.mark.parametrize("end", ["return", "killed"])
def test_a_kept_provider_does_not_outlive_us(
    end: str, provider: Path, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    keep = (
        "import os, sys, pathlib\n"
        "from async_lab.terraform import kept_provider\n"
        "program, log = map(pathlib.Path, sys.argv[1:])\n"
        "with kept_provider(program, os.environ, log):\n"
        "    print('kept', flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", keep, provider, tmp_path / "provider.log"],
        env={**environment, MARK: str(tmp_path)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as keeper:
        assert keeper.stdout.readline() == b"kept\n"
        kept = [process for process in processes_of(tmp_path) if process.pid != keeper.pid]
        assert with_command(kept, "terraform-provider-aws")
        if end == "killed":
            keeper.send_signal(signal.SIGKILL)
        else:
            keeper.communicate(b"\n", timeout=LONGEST_SECONDS)
            assert processes_of(tmp_path) == []
    wait_until(lambda: not any(map(is_alive, kept)))


def test_a_provider_that_does_not_start_is_told_with_its_log(tmp_path: Path, environment: Mapping[str, str]) -> None:
    program = tmp_path / "provider"
    program.write_text("#!/bin/sh\necho Provider started\necho broken >&2\nexit 1\n")
    program.chmod(0o755)
    with (
        pytest.raises(EnvironmentFailure, match=f"The AWS provider did not start; its log: {tmp_path}/log"),
        kept_provider(program, environment, tmp_path / "log"),
    ):
        pass
    assert (tmp_path / "log").read_text() == "broken\n"


ATTACHABLE = """#!/bin/sh
echo "TF_REATTACH_PROVIDERS='{}'"
"""
SILENT = "#!/bin/sh\n"
DEAF = "trap '' INT TERM\nsleep 600 & while :; do wait; done\n"


def make_provider(directory: Path, beginning: str) -> Path:
    """A provider that listens to no signal, as one does before it has begun to listen."""
    program = directory / "terraform-provider-aws"
    program.write_text(beginning + DEAF)
    program.chmod(0o755)
    return program


def test_ctrl_c_while_it_starts_ends_it_at_once(
    tmp_path: Path, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_provider(tmp_path, f"{SILENT}touch {tmp_path}/started\n")
    marked = {**environment, MARK: str(tmp_path), "TMPDIR": str(tmp_path)}
    waits = []

    class Interrupted(selectors.DefaultSelector):
        """Is interrupted while it waits for the provider to say something; what came of all later waits is kept."""

        def select(self, timeout: float | None = None) -> list[object]:
            if not waits:
                waits.append(["interrupted"])
                wait_until((tmp_path / "started").exists)
                signal.raise_signal(signal.SIGINT)
            waits.append(super().select(timeout))
            return waits[-1]

    monkeypatch.setattr(selectors, "DefaultSelector", Interrupted)
    with pytest.raises(KeyboardInterrupt), kept_provider(program, marked, tmp_path / "log"):
        pass
    assert all(waits)  # none in vain
    assert processes_of(tmp_path) == []


def test_a_killed_guard_does_not_leave_the_provider(tmp_path: Path, environment: Mapping[str, str]) -> None:
    program = make_provider(tmp_path, ATTACHABLE)
    with kept_provider(program, {**environment, MARK: str(tmp_path)}, tmp_path / "log"):
        (guard,) = (process for process in processes_of(tmp_path) if process.ppid() == os.getpid())
        guard.kill()
        wait_until(lambda: not is_alive(guard))
        assert processes_of(tmp_path) != []
    assert processes_of(tmp_path) == []


def test_its_sockets_lie_in_a_directory_of_their_own_which_goes_with_it(
    tmp_path: Path, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    program = make_provider(tmp_path, ATTACHABLE)
    with kept_provider(program, {**environment, MARK: str(tmp_path)}, tmp_path / "log"):
        (home,) = (tmp_path / "temporary").iterdir()
        places = {process.environ()["TMPDIR"] for process in processes_of(tmp_path)}
        assert places == {str(home)}
    assert list((tmp_path / "temporary").iterdir()) == []


def test_several_first_uses_at_once_install_it_once(isolated: Make, tmp_path: Path) -> None:
    make_mirror(tmp_path / "opt" / "plugins", "5.100.0")
    terraform = isolated()
    (tmp_path / "lock").write_text("")
    first_use = (
        "import json, os, pathlib, sys, time\n"
        "from async_lab.terraform import Terraform, installed_provider, mirror\n"
        "here = pathlib.Path(sys.argv[1])\n"
        "mirror.OPT = here / 'opt'\n"
        "directory = here / str(os.getpid())\n"
        "directory.mkdir()\n"
        "terraform = Terraform(directory, os.environ, directory / 'log')\n"
        "print('ready', flush=True)\n"
        "while not (here / 'go').exists(): time.sleep(0.001)\n"
        "program = installed_provider(here / 'lock', here / 'cache', terraform)\n"
        "print((directory / 'log').exists(), flush=True)\n"
        "while not (here / 'enough').exists():\n"
        "    program.stat()\n"
        "    time.sleep(0.001)\n"
    )
    users = [
        subprocess.Popen(
            [sys.executable, "-c", first_use, tmp_path],
            env=terraform.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    assert [user.stdout.readline() for user in users] == ["ready\n"] * 5
    (tmp_path / "go").touch()
    has_installed = [user.stdout.readline() for user in users]
    (tmp_path / "enough").touch()
    assert [user.communicate(timeout=LONGEST_SECONDS) for user in users] == [("", "")] * 5
    assert sorted(has_installed) == ["False\n"] * 4 + ["True\n"]
    assert len(list((tmp_path / "cache").iterdir())) == 1
