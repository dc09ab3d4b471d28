"""What the wheel carries is what a checkout has."""

import tomllib

from async_lab.checkout.project import Project

PROJECT = Project.locate()


def test_the_wheel_carries_every_file_of_the_root_module():
    settings = tomllib.loads((PROJECT.root / "pyproject.toml").read_text(encoding="utf-8"))
    carried = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    files = {f"terraform/{path.name}" for path in PROJECT.terraform.glob("*.tf") if "override" not in path.name}
    assert files - set(carried) == set()
