"""The embedded endpoint in the foreground, and everybody's own tools on it: a shell, Terraform, boto3, curl."""

import io
import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import boto3
import psutil
import pytest
from processes import is_alive, with_command
from program import LONGEST_SECONDS, call, copy_of_checkout, environment, started

from async_lab.checkout.package import build_package
from async_lab.errors import ExitCode
from async_lab.observation.metrics import collect
from async_lab.target.environment import endpoint_variables
from async_lab.terraform.mirror import find_mirrors, searched
from async_lab.testing.base import TRUST

pytestmark = pytest.mark.e2e

SCENARIO = "-var-file=scenarios/scenario-2.tfvars"
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return copy_of_checkout(tmp_path_factory.mktemp("by-hand"))


@pytest.fixture(scope="module")
def served(checkout):
    with started(checkout, "local", "--port", 0, "--region", REGION) as program:
        program.wait_for("Ctrl-C ends it, and everything in it is gone.")
        yield program


def url_of(program):
    (line,) = (line for line in program.said if line.startswith("Serving AWS at "))
    return line.split()[3].rstrip(".")


@pytest.fixture(scope="module")
def port(served):
    return urlsplit(url_of(served)).port


@pytest.fixture(scope="module")
def shell(checkout, port):
    """The environment of a shell that has evaluated what `local --env` prints."""
    lab = shlex.join([sys.executable, "-m", "async_lab", "local", "--port", str(port), "--region", REGION, "--env"])
    show = shlex.join([sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"])
    evaluated = subprocess.run(
        ["/bin/sh", "-c", f'eval "$({lab})"; {show}'],
        cwd=checkout.root,
        env=environment(),
        capture_output=True,
        check=True,
        timeout=LONGEST_SECONDS,
    )
    return json.loads(evaluated.stdout)


@pytest.fixture(scope="module")
def terraform(checkout, shell):
    """Terraform in that shell, initialized: from a mirror on this machine if the registry is out of reach."""

    def run(*arguments):
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=checkout.terraform,
            env=shell,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )

    build_package(checkout.function_src, checkout.package_zip)
    mirrors = find_mirrors(searched(checkout.terraform, shell))
    initialized = run("init", *(f"-plugin-dir={mirror}" for mirror in mirrors[:1]))
    assert initialized.returncode == 0, initialized.stderr
    return run


def client(service, shell):
    return boto3.client(
        service,
        endpoint_url=shell["AWS_ENDPOINT_URL"],
        region_name=shell["AWS_REGION"],
        aws_access_key_id=shell["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=shell["AWS_SECRET_ACCESS_KEY"],
    )


def now(url, body=None):
    with urlopen(f"{url}/_async-lab/clock", body) as answer:
        return json.load(answer)["now"]


def test_a_scenario_by_hand_from_init_to_destroy(terraform, shell):
    applied = terraform("apply", "-auto-approve", "-input=false", SCENARIO)
    assert applied.returncode == 0, applied.stderr
    assert "Warning" not in applied.stdout + applied.stderr
    planned = terraform("plan", "-detailed-exitcode", "-input=false", SCENARIO)
    assert planned.returncode == 0, planned.stdout

    began = now(shell["AWS_ENDPOINT_URL"])
    for _ in range(2):
        answer = client("lambda", shell).invoke(FunctionName="async-lab", InvocationType="Event")
        assert answer["StatusCode"] == 202
    ended = now(shell["AWS_ENDPOINT_URL"], b"seconds=600")
    assert ended == began + 600
    metrics = collect(client("cloudwatch", shell), "async-lab", began, ended)
    assert metrics["AsyncEventsReceived"].total == metrics["Invocations"].total == 2
    assert metrics["Throttles"].total in {6, 7, 8}

    destroyed = terraform("destroy", "-auto-approve", "-input=false", SCENARIO)
    assert destroyed.returncode == 0, destroyed.stderr
    assert client("lambda", shell).list_functions()["Functions"] == []


def test_its_clock_stands_until_someone_waits(shell):
    assert now(shell["AWS_ENDPOINT_URL"]) == now(shell["AWS_ENDPOINT_URL"])


def test_a_wait_that_is_no_number_is_refused(shell):
    with pytest.raises(HTTPError, match="400") as refused:
        now(shell["AWS_ENDPOINT_URL"], b"seconds=soon")
    refused.value.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the command it prints is curl's")
def test_the_command_it_prints_lets_ten_minutes_pass(served, shell):
    (command,) = (line for line in served.said if line.strip().startswith("curl "))
    before = now(shell["AWS_ENDPOINT_URL"])
    subprocess.run(shlex.split(command), check=True, capture_output=True, timeout=LONGEST_SECONDS)
    assert now(shell["AWS_ENDPOINT_URL"]) == before + 600


def test_a_port_that_is_taken_is_told_in_one_sentence(served, checkout, port):
    second = call(checkout, "local", "--port", port)
    assert second.returncode == ExitCode.ENVIRONMENT
    assert second.stdout == ""
    assert second.stderr == (
        f"Error: Port {port} on 127.0.0.1 can't be used (Address already in use): choose another with --port.\n"
    )


def test_with_a_real_clock_time_runs_by_itself_as_fast_as_asked(checkout):
    with started(checkout, "local", "--port", 0, "--clock", "real", "--speed", 600) as program:
        program.wait_for("Its clock runs 600 times as fast as the wall's.")
        program.wait_for("Ctrl-C ends it")
        url, began = url_of(program), time.monotonic()
        first = now(url)
        while (second := now(url)) < first + 60:
            time.sleep(0.02)
        assert second - first <= 600 * (time.monotonic() - began)
        program.press_ctrl_c()
        code, said = program.end()
    assert code == ExitCode.AS_EXPECTED
    assert said.endswith("Ended.\n")


HANDLER = """
import os, subprocess

subprocess.Popen(["sleep", "600"], start_new_session=True)

def handler(event, context):
    return os.getpid()
"""


def make_function(shell):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", HANDLER)
    role = client("iam", shell).create_role(RoleName="daemon", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
        "Arn"
    ]
    code = {"ZipFile": archive.getvalue()}
    client("lambda", shell).create_function(
        FunctionName="daemon", Runtime="python3.13", Role=role, Handler="app.handler", Code=code
    )
    client("lambda", shell).invoke(FunctionName="daemon")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_it_is_stopped_like_any_service_with_all_its_handlers(checkout, number):
    with started(checkout, "local", "--port", 0, "--region", REGION) as program:
        program.wait_for("Ctrl-C ends it")
        make_function(endpoint_variables(url_of(program), REGION))
        children = psutil.Process(program.process.pid).children(recursive=True)
        assert with_command(children, "lab_child")
        program.process.send_signal(number)
        code, said = program.end()
    assert (code, said.splitlines()[-1]) == (ExitCode.AS_EXPECTED, "Ended.")
    assert not any(map(is_alive, children))
