"""The no-drift matrix: after every apply a plan is empty, and destroy leaves nothing."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from runner.terraform import Terraform, init_from_anywhere

CONFIGURATIONS = Path(__file__).parent / "no_drift"
LOCK_FILE = Path(__file__).parents[2] / "terraform" / ".terraform.lock.hcl"
STAGES = ("first", "changed", "bare")
ACCOUNT_ID, REGION = "123456789012", "eu-west-1"
START = 1_795_422_225.0

pytestmark = pytest.mark.lab


@pytest.fixture
def endpoint():
    """Our functions behind our server, empty."""
    from runner.endpoint.functions import install
    from runner.endpoint.server import Server, moto_application

    install(lambda: START)
    server = Server(0, moto_application())
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def terraform(tmp_path, endpoint):
    """Makes a Terraform for one of the configurations, with two packages beside it."""

    def make(name: str) -> Terraform:
        shutil.copytree(CONFIGURATIONS / name, tmp_path, dirs_exist_ok=True)
        shutil.copy(LOCK_FILE, tmp_path)
        for package in ("handler", "changed"):
            with zipfile.ZipFile(tmp_path / f"{package}.zip", "w") as archive:
                archive.writestr("app.py", f"# {package}")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        ours = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        made = Terraform(tmp_path, kept | ours, tmp_path / "terraform.log")
        init_from_anywhere(made)
        return made

    return make


def left() -> dict[str, object]:
    """What still stands of what the configurations make."""
    from moto.awslambda.models import lambda_backends
    from moto.events.models import events_backends
    from moto.iam.models import iam_backends
    from moto.logs.models import logs_backends
    from moto.s3.models import s3_backends
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    functions = lambda_backends[ACCOUNT_ID][REGION]
    return {
        "functions": [function.function_name for function in functions.list_functions()],
        "layers": list(functions.list_layers()),
        "roles": [role.name for role in iam_backends[ACCOUNT_ID]["aws"].get_roles()],
        "log groups": list(logs_backends[ACCOUNT_ID][REGION].groups),
        "topics": list(sns_backends[ACCOUNT_ID][REGION].topics),
        "queues": list(sqs_backends[ACCOUNT_ID][REGION].queues),
        "buckets": list(s3_backends[ACCOUNT_ID]["aws"].buckets),
        "buses": [name for name in events_backends[ACCOUNT_ID][REGION].event_buses if name != "default"],
    }


@pytest.mark.parametrize("name", sorted(path.name for path in CONFIGURATIONS.iterdir()))
def test_what_was_applied_reads_back_and_what_was_destroyed_is_gone(terraform, tmp_path, name):
    subject, no_file = terraform(name), tmp_path / "empty.tfvars"
    no_file.write_text("")
    for stage in STAGES:
        subject.apply(no_file, {"stage": stage})
        plan = subject.plan(no_file, {"stage": stage})
        assert plan.is_empty, (stage, plan.changes)
    subject.destroy(no_file, {"stage": "bare"})
    assert not any(left().values()), left()
