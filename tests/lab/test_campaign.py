"""The campaign of faults, where it is started as long programs are."""

import subprocess
import sys

import pytest
from program import LONGEST_SECONDS, PROJECT, environment

pytestmark = pytest.mark.e2e


def test_under_nohup_a_hangup_ends_no_run():
    campaign = (sys.executable, "-m", "tools.campaign", "--kind", "kills", "--seed", "1", "--only", "7")
    ran = subprocess.run(
        ["nohup", *campaign],
        cwd=PROJECT.root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "kills: 1 tried, 1 as promised, 0 not\n")
