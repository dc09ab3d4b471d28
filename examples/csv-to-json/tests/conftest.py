import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def package():
    """Build what the Terraform code deploys, as the project's own build does."""
    shutil.make_archive(str(PROJECT / "build" / "function"), "zip", PROJECT / "src")
