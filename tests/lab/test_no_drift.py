"""The no-drift matrix: after every apply a plan is empty, and destroy leaves nothing."""

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from async_lab.checkout.project import Project
from async_lab.endpoint.embedded import ACCOUNT_ID, Endpoint
from async_lab.target.environment import local_environment
from async_lab.terraform import Terraform, init_from_anywhere, installed_provider, kept_provider

CONFIGURATION = Path(__file__).parent / "no_drift"
STAGES = ("first", "changed", "bare")
REGION = "eu-west-1"

pytestmark = pytest.mark.e2e


@pytest.fixture
def endpoint():
    with Endpoint() as running:
        yield running


@pytest.fixture
def terraform(tmp_path, endpoint):
    """Terraform in a copy of the configuration, with two packages beside it and one provider for all commands."""
    project = Project.locate(Path(__file__))
    shutil.copytree(CONFIGURATION, tmp_path, dirs_exist_ok=True)
    shutil.copy(project.lock_file, tmp_path)
    for package in ("handler", "changed"):
        with zipfile.ZipFile(tmp_path / f"{package}.zip", "w") as archive:
            archive.writestr("app.py", f"# {package}")
    made = Terraform(tmp_path, local_environment(endpoint.url, REGION), tmp_path / "terraform.log")
    program = installed_provider(project.lock_file, project.providers, made)
    with kept_provider(program, made.environment, made.log, tmp_path) as attached:
        kept = replace(made, environment=attached)
        init_from_anywhere(kept)
        yield kept


def left() -> dict[str, object]:
    """What still stands of what the configuration makes."""
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


def test_what_was_applied_reads_back_and_what_was_destroyed_is_gone(terraform, tmp_path):
    no_file = tmp_path / "empty.tfvars"
    no_file.write_text("")
    for stage in STAGES:
        terraform.apply(no_file, {"stage": stage})
        plan = terraform.plan(no_file, {"stage": stage})
        assert plan.is_empty, (stage, plan.changes)
    terraform.destroy(no_file, {"stage": "bare"})
    assert not any(left().values()), left()
