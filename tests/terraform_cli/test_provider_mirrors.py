from pathlib import Path

import pytest

from async_lab.terraform import mirror
from async_lab.terraform.mirror import AWS_PROVIDER, find_mirrors, searched, this_platform


@pytest.fixture
def opt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(mirror, "OPT", tmp_path / "opt")
    return tmp_path / "opt"


def test_an_unpacked_mirror_is_found_one_level_below_opt(opt: Path, tmp_path: Path) -> None:
    (opt / "plugins" / AWS_PROVIDER / "5.100.0" / this_platform()).mkdir(parents=True)
    (opt / "something-else").mkdir()
    assert find_mirrors(searched(tmp_path, {"HOME": str(tmp_path)})) == [opt / "plugins"]


def test_a_packed_mirror_is_found(tmp_path: Path) -> None:
    (tmp_path / AWS_PROVIDER).mkdir(parents=True)
    (tmp_path / AWS_PROVIDER / f"terraform-provider-aws_5.100.0_{this_platform()}.zip").touch()
    assert find_mirrors([tmp_path]) == [tmp_path]


def test_a_mirror_for_another_machine_is_none(tmp_path: Path) -> None:
    (tmp_path / AWS_PROVIDER / "5.100.0" / "plan9_mips").mkdir(parents=True)
    (tmp_path / AWS_PROVIDER / "terraform-provider-aws_5.100.0_plan9_mips.zip").touch()
    assert find_mirrors([tmp_path]) == []


def test_on_linux_terraforms_implied_directories_are_searched(
    opt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert searched(Path("work"), {"HOME": "/home/me", "XDG_DATA_DIRS": "/usr/share:/data"}) == (
        Path("work/terraform.d/plugins"),
        Path("/home/me/.terraform.d/plugins"),
        Path("/home/me/.local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        Path("/data/terraform/plugins"),
    )


def test_on_macos_terraforms_implied_directories_are_searched(opt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert searched(Path("work"), {"HOME": "/Users/me"})[2:] == (
        Path("/Users/me/Library/Application Support/io.terraform/plugins"),
        Path("/Library/Application Support/io.terraform/plugins"),
    )
