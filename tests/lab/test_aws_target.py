"""`--target aws` from the question to the last orphan, on an embedded endpoint that stands in for the account."""

import json
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import boto3
import psutil
import pytest
from processes import wait_until
from program import call, copy_of_checkout, environment

from async_lab.checkout.project import Project
from async_lab.endpoint.embedded import Endpoint
from async_lab.errors import ExitCode
from async_lab.target.environment import endpoint_variables

pytestmark = pytest.mark.e2e

REGION = "eu-west-1"
CTRL_C = b"\x03"
PROGRAM = (sys.executable, Path(__file__).with_name("aws_program.py"))
Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def account() -> Iterator[Endpoint]:
    with Endpoint(seed=0) as endpoint:
        yield endpoint


@pytest.fixture
def checkout(tmp_path: Path) -> Project:
    return copy_of_checkout(tmp_path)


@pytest.fixture
def run(account: Endpoint, checkout: Project) -> Run:
    variables = endpoint_variables(account.url, REGION)
    return lambda *arguments: call(checkout, *arguments, "--target", "aws", program=PROGRAM, **variables)


@pytest.fixture
def client(account: Endpoint) -> Callable[[str], object]:
    return lambda service: boto3.client(
        service,
        region_name=REGION,
        endpoint_url=account.url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def answer(checkout: Project, account: Endpoint, typed: bytes, *arguments: str) -> tuple[int, str]:
    """Run a command at a terminal where somebody types this."""
    variables = environment(**endpoint_variables(account.url, REGION))
    process, terminal = os.forkpty()
    if process == 0:
        os.chdir(checkout.root)
        os.execve(PROGRAM[0], [*map(str, PROGRAM), *arguments, "--target", "aws"], variables)
    said = b""
    while b"[y/N]" not in said:
        said += os.read(terminal, 4096)
    wait_until(lambda: _waits(psutil.Process(process)))
    os.write(terminal, typed)
    while some := _read(terminal, typed):
        said += some
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), said.decode()


def _waits(process: psutil.Process) -> bool:
    """Whether it waits: Python sees a Ctrl-C just before it begins to with the next only."""
    before = process.num_ctx_switches().voluntary
    time.sleep(0.1)
    return process.status() == psutil.STATUS_SLEEPING and process.num_ctx_switches().voluntary == before


def _read(terminal: int, typed: bytes) -> bytes:
    """Read some; type Ctrl-C again where nothing comes for long, and no sooner: the third has another meaning."""
    while typed == CTRL_C and not select.select([terminal], [], [], 30)[0]:
        os.write(terminal, typed)
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that nobody is at the other end any more
        return b""


def noted(checkout: Project) -> list[str]:
    return [path.name.rpartition("-")[0] for path in checkout.stacks.glob("*")]


def test_from_the_question_to_the_last_orphan(account, checkout, run, client):
    kept = run("run", "baseline", "--yes", "--keep", "--json", "--events", "3")
    assert kept.returncode == ExitCode.AS_EXPECTED, kept.stderr
    assert "Kept. Remove it with: async-lab destroy --target aws" in kept.stderr
    (document,) = json.loads(kept.stdout)["runs"]
    assert document["target"] == {
        "name": "aws",
        "account_id": account.account_id,
        "region": REGION,
        "function_name": "async-lab",
    }
    assert document["seed"] is None
    assert len(document["events"]) == 3
    assert document["expectations"] == []  # they are about the scenario's own number of events
    assert client("lambda").get_function_configuration(FunctionName="async-lab")["State"] == "Active"
    assert noted(checkout) == [f"aws-{account.account_id}-{REGION}-async-lab"]

    # A neighbor, whose name begins like ours, and what Terraform forgot of ours, as an interrupted apply leaves it.
    document = json.loads(next(checkout.stacks.glob("*")).read_text())
    assert Path(document["run"]) == max(checkout.runs.iterdir(), key=lambda run: run.stat().st_mtime)
    noted_alarms = {name for kind, name in document["resources"] if kind == "aws_cloudwatch_metric_alarm"}
    assert {alarm["AlarmName"] for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]} == noted_alarms
    alarm = {"MetricName": "Errors", "Namespace": "AWS/Lambda", "Statistic": "Sum", "Period": 60, "Threshold": 1}
    client("cloudwatch").put_metric_alarm(
        AlarmName="async-lab-eu-errors",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Tags=[{"Key": "Project", "Value": "async-lab"}, {"Key": "Stack", "Value": "async-lab-eu"}],
        **alarm,
    )
    (checkout.terraform / "terraform.tfstate").unlink()

    assert "without a terminal" in run("destroy").stderr
    code, said = answer(checkout, account, b"y\n", "destroy")
    assert code == ExitCode.AS_EXPECTED, said
    assert f"Nothing is left in account {account.account_id}, {REGION}." in said
    assert [alarm["AlarmName"] for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]] == [
        "async-lab-eu-errors"
    ]
    assert client("iam").list_roles()["Roles"] == []
    assert noted(checkout) == []


def test_a_name_that_somebody_else_uses_is_refused_before_anything_is_made(checkout, run, client):
    client("logs").create_log_group(logGroupName="/aws/lambda/async-lab")
    client("cloudwatch").put_dashboard(DashboardName="async-lab", DashboardBody='{"widgets": []}')  # it has no tags
    refused = run("run", "baseline", "--yes")
    assert refused.returncode == ExitCode.ENVIRONMENT
    said = "Error: aws_cloudwatch_dashboard async-lab, aws_cloudwatch_log_group /aws/lambda/async-lab stands in account"
    assert said in refused.stderr
    assert "this checkout didn't make it: set another `name`" in refused.stderr
    assert noted(checkout) == []
    assert client("iam").list_roles()["Roles"] == []
    assert len(client("logs").describe_log_groups()["logGroups"]) == 1
    assert len(client("cloudwatch").list_dashboards()["DashboardEntries"]) == 1


@pytest.mark.parametrize(("typed", "code"), [(b"n\n", ExitCode.AS_EXPECTED), (CTRL_C, ExitCode.INTERRUPTED)])
def test_without_a_yes_nothing_is_changed(typed, code, account, checkout, client):
    ended, said = answer(checkout, account, typed, "run", "baseline")
    assert ended == code, said
    shown = said.replace("\r", "").splitlines()
    assert all(len(line) <= 80 for line in shown if "Traceback" not in line)
    assert "1 event sent; about" in said
    assert "Cost: at most about $0.0" in said
    assert "Your credentials need these permissions:" in said
    assert "lambda: CreateFunction, DeleteFunction" in said
    assert "othing was changed" in said or "nothing is left behind" in said
    assert client("iam").list_roles()["Roles"] == []
    assert noted(checkout) == []


def test_without_anybody_to_ask_nothing_is_changed(checkout, run):
    refused = run("run", "baseline")
    assert refused.returncode == ExitCode.USAGE
    assert "Can't ask for confirmation without a terminal. Pass --yes to skip it." in refused.stderr
    assert refused.stdout == ""
    assert noted(checkout) == []


def test_an_account_with_too_little_concurrency_is_refused_before_anything_is_made(checkout, run):
    scenario = checkout.scenarios / "greedy.tfvars"
    text = (checkout.scenarios / "scenario-2.tfvars").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("reserved_concurrent_executions")]
    scenario.write_text("\n".join([*lines, "reserved_concurrent_executions = 901", ""]))
    refused = run("run", "greedy", "--yes")
    assert refused.returncode == ExitCode.ENVIRONMENT
    assert "greedy reserves 901 of account 123456789012's concurrent executions" in refused.stderr
    assert noted(checkout) == []


def test_the_doctor_knows_the_accounts_concurrency_limit(run):
    examined = run("doctor")
    assert examined.returncode == ExitCode.AS_EXPECTED, examined.stdout
    assert f"123456789012, {REGION}" in examined.stdout
    assert "1000 of 1000 concurrent executions are free" in " ".join(examined.stdout.split())


def test_nothing_standing_needs_no_question(run):
    destroyed = run("destroy")
    assert (destroyed.returncode, destroyed.stderr) == (ExitCode.AS_EXPECTED, "")
    assert destroyed.stdout == f"Nothing is left in account 123456789012, {REGION}.\n"
