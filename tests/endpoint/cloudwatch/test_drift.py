import os
import shutil
from pathlib import Path

import pytest

from async_lab.terraform import Terraform, init_from_anywhere

MODULE = Path(__file__).parent / "module"
LOCK_FILE = Path(__file__).parents[3] / "terraform" / ".terraform.lock.hcl"

pytestmark = pytest.mark.long


@pytest.fixture
def terraform(tmp_path, endpoint, clock) -> Terraform:
    shutil.copytree(MODULE, tmp_path, dirs_exist_ok=True)
    shutil.copy(LOCK_FILE, tmp_path)
    (tmp_path / "test.tfvars").write_text("")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    ours = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    terraform = Terraform(tmp_path, kept | ours, tmp_path / "terraform.log")
    init_from_anywhere(terraform)
    return terraform


@pytest.mark.parametrize("cloudwatch", ["json"], indirect=True)  # Terraform's provider chooses its own
def test_alarms_and_dashboards_read_back_as_terraform_wrote_them_and_changed_them(terraform, tmp_path, cloudwatch):
    variables = tmp_path / "test.tfvars"
    for threshold in (0, 2):
        terraform.apply(variables, {"threshold": threshold})
        assert terraform.plan(variables, {"threshold": threshold}).is_empty
    terraform.destroy(variables, {"threshold": 2})
    found = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    left = (found["MetricAlarms"], found["CompositeAlarms"], cloudwatch.list_dashboards()["DashboardEntries"])
    assert left == ([], [], [])
