"""The command line: what it answers to bad input and trouble, and with which exit code. Nothing here is provisioned."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest
from documents import strict
from program import PROGRAM, PROJECT, call, copy_of_checkout, environment, sentence
from typer.testing import CliRunner

from async_lab.checkout.project import Project
from async_lab.cli import app
from async_lab.errors import ExitCode
from async_lab.target.environment import endpoint_variables
from async_lab.terraform import mirror

pytestmark = pytest.mark.e2e

RUNS_SCHEMA = PROJECT.root / "docs" / "runs.schema.json"
CLOSED = "http://127.0.0.1:9"  # the port "discard", which nobody listens on any more


@pytest.fixture
def checkout(tmp_path: Path) -> Project:
    return copy_of_checkout(tmp_path)


# --- a scenario that is wrong ---


@pytest.fixture
def run_with(checkout: Project) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the baseline with lines added, or without one of its variables."""

    def run(*lines: str, without: str = "nothing") -> subprocess.CompletedProcess[str]:
        baseline = (checkout.scenarios / "baseline.tfvars").read_text().splitlines()
        kept = [line for line in baseline if line.partition("=")[0].strip() != without]
        (checkout.scenarios / "mine.tfvars").write_text("\n".join([*lines, *kept, ""]))
        return call(checkout, "run", "mine")

    return run


@pytest.mark.parametrize("name", ["9", "scenario-9", "x"])
def test_another_number_is_no_typing_error(checkout, name):
    ran = call(checkout, "run", name)
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == f'There is no scenario "{name}"; list them with: async-lab scenarios'


def test_an_alias_that_two_scenarios_have_is_refused_with_both_names(checkout):
    for name in ("one", "two"):
        text = (checkout.scenarios / "baseline.tfvars").read_text().replace('"healthy"', '"mine"')
        (checkout.scenarios / f"{name}.tfvars").write_text(text)
    ran = call(checkout, "run", "mine")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == "Several scenarios have the alias mine (one, two): run one by its own name."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scenaro-2",), 'There is no scenario "scenaro-2"; did you mean scenario-2? Or list them with: '),
        (("baseline", "--events", "0"), "Invalid value for '--events': 0 is not allowed: give a whole number"),
        (("baseline", "--set", "timeout"), '--set "timeout" must be KEY=VALUE, such as timeout=3 or events.count=20.'),
        (("baseline", "--set", "timeout=0"), "--set: timeout is 0; Lambda allows 1 to 900 (seconds)."),
        (("baseline", "--quiet", "--verbose"), "--quiet and --verbose exclude each other: give one of them."),
    ],
)
def test_json_is_one_object_also_when_nothing_was_run(checkout, arguments, message):
    ran = call(checkout, "run", *arguments, "--json")
    assert ran.returncode == ExitCode.USAGE
    answer = json.loads(ran.stdout)
    assert strict(json.loads(RUNS_SCHEMA.read_text())).is_valid(answer)
    assert answer["runs"] == []
    assert answer["error"]["exit_code"] == ExitCode.USAGE
    assert answer["error"]["message"].startswith(message)


def test_the_version_is_that_of_the_package(checkout):
    told = call(checkout, "--version")
    assert (told.returncode, told.stdout) == (0, f"async-lab {version('async-lab')}\n")


def test_help_has_examples_groups_and_exit_codes_and_calls_no_flag_a_bool(checkout):
    overview, of_run = call(checkout, "--help").stdout, call(checkout, "run", "--help").stdout
    assert "<bool>" not in overview + of_run
    for words in ("The lab", "What runs have shown", "This machine and your account", "Exit codes: 0 as expected"):
        assert words in overview
    assert "async-lab run function-errors expired --json" in of_run


@pytest.mark.parametrize("command", [command.name or command.callback.__name__ for command in app.registered_commands])
def test_help_names_what_is_to_be_given_and_no_type_of_pythons(command):
    said = CliRunner().invoke(app, [command, "--help"]).output
    assert "Usage:" in said
    assert not re.search(r"<(\w+\[)?(str|bool|int|float|Path)\b", said)


def test_an_unknown_scenario_is_answered_with_the_nearest(checkout):
    ran = call(checkout, "run", "scenaro-2")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == (
        'There is no scenario "scenaro-2"; did you mean scenario-2? Or list them with: async-lab scenarios'
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("timeout =", "there is a syntax error at column"),
        ("time_out = 3", "time_out is not declared in terraform/variables.tf"),
        ("maximum_event_age_in_seconds = 59", "maximum_event_age_in_seconds is 59; Lambda allows 60 to 21600"),
        ("maximum_event_age_in_seconds = 21601", "maximum_event_age_in_seconds is 21601; Lambda allows 60 to 21600"),
        ("maximum_retry_attempts = 3", "maximum_retry_attempts is 3; Lambda allows 0 to 2"),
        ("timeout = 901", "timeout is 901; Lambda allows 1 to 900"),
        ("reserved_concurrent_executions = -2", "reserved_concurrent_executions is -2; Lambda allows -1 or more"),
        ("memory_size = 64", "memory_size is 64; Lambda allows 128 to 10240"),
        ('name = "my fn"', 'name is "my fn"; Lambda allows 1 to 64 letters, digits, hyphens and underscores'),
        (f'name = "{"x" * 300}"', "Lambda allows 1 to 64 letters, digits, hyphens and underscores"),
        ('runtime = "nodejs20.x"', 'runtime is "nodejs20.x"; the lab\'s handler needs a Python runtime'),
    ],
)
def test_a_wrong_line_of_a_scenario_is_named_by_file_line_and_what_is_allowed(run_with, line, said):
    ran = run_with("# one", "# two", line)
    assert ran.returncode == ExitCode.USAGE
    file, number, what = sentence(ran).split(":", 2)
    assert file == "terraform/scenarios/mine.tfvars"
    assert number == "3"
    assert said in what


def test_a_variable_that_is_missing_is_named(run_with):
    ran = run_with(without="title")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran).startswith("terraform/scenarios/mine.tfvars: title is ")


# --- options that are wrong ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "baseline", "--events", "0"), "'--events': 0 is not allowed: give a whole number from 1 to 10,000."),
        (("run", "baseline", "--seed", "-1"), "'--seed': -1 is not allowed: give a whole number from 0 to"),
        (("run", "baseline", "--out", "terraform/main.tf"), "is a file"),
        (("run", "baseline", "--target", "gcp"), "'gcp' is not one of 'local', 'aws'"),
        (("run",), "Missing argument 'SCENARIO'"),
        (("local", "--port", "65536"), "'--port': 65536 is not allowed: give a whole number from 0 to 65,535."),
        (("local", "--speed", "inf"), "'--speed': inf is not allowed: give a number from 0.001 to 100,000."),
        (("local", "--speed", "nan"), "'--speed': nan is not allowed: give a number from 0.001 to 100,000."),
        (("local", "--seed", "9" * 20), "is not allowed: give a whole number from 0 to 9,223,372,036,854,775,807."),
        (("local", "--region", ""), "'--region': it is empty."),
        (("local", "--region", "", "--env"), "'--region': it is empty."),
        (("run", "baseline", "--region", ""), "'--region': it is empty."),
        (("run", "baseline", "--profile", ""), "'--profile': it is empty."),
        (("run", "baseline", "--out", ""), "'--out': it is empty."),
        (("run", "baseline", "--out", "a" * 300), "can't be a directory's name (File name too long)"),
        (("destroy", "--target", "aws", "--region", ""), "'--region': it is empty."),
        (("doctor", "--target", "aws", "--profile", ""), "'--profile': it is empty."),
    ],
)
def test_a_wrong_option_is_answered_with_what_is_allowed(checkout, arguments, said):
    ran = call(checkout, *arguments)
    assert ran.returncode == ExitCode.USAGE
    assert ran.stdout == ""
    assert said in " ".join(ran.stderr.replace("│", " ").split())
    assert "Traceback" not in ran.stderr


def test_a_profile_on_the_embedded_endpoint_is_refused(checkout):
    ran = call(checkout, "run", "baseline", "--profile", "mine")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == "--profile is for --target aws; the embedded endpoint knows no accounts but its own."


def test_a_region_that_is_none_is_refused_before_anything_is_prepared(checkout):
    ran = call(checkout, "run", "baseline", "--region", "eu-wst-1")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == '--region is "eu-wst-1"; it must be a region of AWS, did you mean eu-west-1?'


@pytest.mark.parametrize(
    ("region", "said"), [("eu-wst-1", "did you mean eu-west-1?"), ("x; touch made", "such as eu-west-1.")]
)
@pytest.mark.parametrize("options", [(), ("--env",)])
def test_a_region_that_is_none_is_not_served_either(checkout, region, said, options):
    ran = call(checkout, "local", "--port", "4699", "--region", region, *options)
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == f'--region is "{region}"; it must be a region of AWS, {said}'


def test_a_scenario_that_is_a_fifo_is_refused_at_once(checkout):
    os.mkfifo(checkout.scenarios / "mine.tfvars")
    ran = call(checkout, "run", "mine")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == "terraform/scenarios/mine.tfvars is not a regular file."


def test_what_a_sentence_repeats_does_nothing_to_the_terminal(checkout):
    ran = call(checkout, "run", "\x1b[31mred[/bold]")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran).startswith('There is no scenario "\\x1b[31mred[/bold]"')


def test_events_that_would_take_days_to_send_are_refused(run_with):
    ran = run_with("events = { count = 3, interval_seconds = 80000 }", without="events")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran).endswith("3 events, 80,000 s apart, take 44 h 26 min to send; the lab allows a day.")


def test_a_place_where_no_result_can_be_written_is_refused_before_anything_is_prepared(checkout):
    ran = call(checkout, "run", "baseline", "--out", "terraform/main.tf/results")
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran).startswith("terraform/main.tf/results can't be written (Not a directory): make the directory")


def test_a_file_that_is_no_scenario_is_told_from_a_wrong_name(checkout):
    ran = call(checkout, "run", "terraform/main.tf")
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == "terraform/main.tf is no scenario: a scenario's file ends in .tfvars."


# --- a machine on which something is missing ---


@pytest.fixture
def path_with(tmp_path: Path) -> Callable[[str | None], str]:
    """Makes a PATH that has no Terraform but the given script."""

    def make(script: str | None) -> str:
        directory = tmp_path / "bin"
        directory.mkdir()
        (directory / "sh").symlink_to(shutil.which("sh"))
        (directory / "cat").symlink_to(shutil.which("cat"))
        if script is not None:
            (directory / "terraform").write_text(f"#!/bin/sh\n{script}\n")
            (directory / "terraform").chmod(0o755)
        return str(directory)

    return make


VERSION = """case "$1" in version) echo '{"terraform_version": "1.9.0"}'; exit 0;; esac"""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", "terraform output answers what is no outputs as JSON: look at what is on the PATH."),
        ("echo '[[[{'", "terraform output answers what is no outputs as JSON: look at what is on the PATH."),
        ("echo '{}'", "Terraform's outputs have no function_name that can be used"),
        ("""echo '{"function_name": {"value": 7}}'""", "Terraform's outputs have no function_name that can be used"),
        (r"printf '\\377\\376\\n' >&2; exit 1", "terraform init failed: exit code 1, without a reason."),
    ],
)
def test_a_terraform_that_answers_oddly_is_told_in_a_sentence(checkout, path_with, script, said):
    assert call(checkout, "doctor").returncode == 0  # the provider is installed
    ran = call(checkout, "run", "baseline", PATH=path_with(f"{VERSION}\n{script}"))
    assert ran.returncode == ExitCode.ENVIRONMENT, ran.stderr
    assert "Traceback" not in ran.stderr
    assert f"Error: {said}" in ran.stderr


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "Terraform is not on the PATH: install version 1.9 or newer"),
        ("""echo '{"terraform_version": "1.8.5"}'""", "terraform is Terraform 1.8.5; the lab needs 1.9 or newer"),
        ("exit 1", "does not answer `terraform version -json`"),
    ],
)
def test_no_usable_terraform_is_told_with_where_to_get_one(checkout, path_with, script, said):
    ran = call(checkout, "run", "baseline", PATH=path_with(script))
    assert ran.returncode == ExitCode.ENVIRONMENT
    *_, last = ran.stderr.splitlines()
    assert last.startswith("Error: ")
    assert said in last
    assert "https://developer.hashicorp.com/terraform/install" in last
    assert list(checkout.stacks.glob("*")) == []


def test_no_provider_and_no_registry_is_told_with_what_was_searched(checkout, tmp_path, monkeypatch):
    (checkout.lab / "providers").unlink()
    configuration = tmp_path / "terraformrc"
    configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{tmp_path}/none" }}\n}}\n')
    monkeypatch.setattr(mirror, "OPT", tmp_path / "opt")  # in this process: a machine may have mirrors in /opt
    nowhere = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS"), str(tmp_path / "nowhere"))
    for name, value in (nowhere | {"TF_CLI_CONFIG_FILE": str(configuration)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(checkout.root)
    ran = CliRunner().invoke(app, ["run", "baseline"])
    assert ran.exit_code == ExitCode.ENVIRONMENT
    assert ran.stdout == ""
    *_, last = ran.stderr.splitlines()
    assert last.startswith("Error: The AWS provider can't be installed: ")
    assert f"{tmp_path}/nowhere/.terraform.d/plugins" in last
    assert "run `terraform providers mirror DIRECTORY`" in last


def test_results_that_can_not_be_written_are_told_before_anything_is_made(checkout):
    shutil.rmtree(checkout.lab)
    checkout.lab.write_text("a file where the directory should be")
    ran = call(checkout, "run", "baseline")
    assert ran.returncode == ExitCode.ENVIRONMENT
    *_, last = ran.stderr.splitlines()
    assert last.startswith(f"Error: {checkout.runs}/")
    assert last.endswith("can't be made (Not a directory): make its parent writable.")
    assert "Terraform: " not in ran.stderr


def test_a_directory_that_is_no_checkout_is_refused(tmp_path):
    # The program that lies in a checkout finds that one; this one lies nowhere.
    alone = tmp_path / "alone"
    shutil.copytree(PROJECT.root / "runner", alone, ignore=shutil.ignore_patterns("__pycache__", "endpoint"))
    ran = subprocess.run(
        [*PROGRAM, "scenarios"], cwd=alone, env=environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == ExitCode.USAGE
    assert "is not inside a checkout of async-lab" in sentence(ran)


# --- an account that can't be used ---


@contextmanager
def answering(status: int, code: str, message: str, *, text: str | None = None) -> Iterator[str]:
    """An endpoint that answers every request with this error, as STS writes it, or else with this text."""
    error = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    body = (error if text is None else text).encode()

    class Refusal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("command", [("run", "baseline", "--yes"), ("destroy", "--yes")])
def test_without_credentials_nothing_is_begun(checkout, command):
    ran = call(checkout, *command, "--target", "aws", AWS_ENDPOINT_URL=CLOSED, AWS_REGION="eu-west-1")
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran) == ("No AWS credentials are set: log in, or choose a profile that has some with --profile.")


@pytest.mark.parametrize("option", ["--junit", "--markdown"])
def test_a_file_that_can_not_be_written_is_named_before_anything_is_made(checkout, option):
    ran = call(checkout, "run", "baseline", "--json", option, checkout.root / "nope" / "file")
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert "nope/file can't be written (No such file or directory)" in json.loads(ran.stdout)["error"]["message"]
    assert not checkout.runs.exists()


def test_a_queue_that_is_late_is_refused_on_aws_before_anybody_asks_who_you_are(checkout):
    ran = call(
        checkout, "run", "baseline", "backlog", "--target", "aws", AWS_ENDPOINT_URL=CLOSED, AWS_REGION="eu-west-1"
    )
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran) == (
        "backlog can't be run on AWS, which nobody can ask for a queue that is late (first_attempt_after): "
        "run it with --target local."
    )


def test_expired_credentials_are_told_in_awss_own_words(checkout):
    with answering(403, "ExpiredToken", "The security token included in the request is expired") as url:
        ran = call(checkout, "run", "baseline", "--target", "aws", **endpoint_variables(url, "eu-west-1"))
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert "AWS does not accept your credentials" in sentence(ran)
    assert "The security token included in the request is expired" in sentence(ran)


@pytest.mark.parametrize("status", [400, 429])
def test_an_sts_that_is_busy_is_not_blamed_on_the_credentials(checkout, status):
    with answering(status, "Throttling", "Rate exceeded") as url:
        variables = endpoint_variables(url, "eu-west-1") | {"AWS_MAX_ATTEMPTS": "1"}
        ran = call(checkout, "run", "baseline", "--target", "aws", **variables)
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran).startswith("AWS is busy and doesn't say who you are (An error occurred (Throttling)")
    assert sentence(ran).endswith("Rate exceeded): try again in a minute.")


@pytest.mark.parametrize("text", [None, "<html>Bad gateway</html>", ""])
def test_an_sts_that_fails_is_not_blamed_on_the_credentials(checkout, text):
    with answering(503, "ServiceUnavailable", "Try later", text=text) as url:
        variables = endpoint_variables(url, "eu-west-1") | {"AWS_MAX_ATTEMPTS": "1"}
        ran = call(checkout, "run", "baseline", "--target", "aws", **variables)
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran).startswith("AWS fails to say who you are (")


@pytest.mark.parametrize("text", ["<html><p>Log in to the network<br></html>", "<html/>", "", "{}", "no markup"])
@pytest.mark.parametrize("command", [("run", "baseline"), ("destroy",)])
def test_what_answers_in_awss_place_is_told_from_aws(checkout, command, text):
    with answering(200, "", "", text=text) as url:
        ran = call(checkout, *command, "--target", "aws", **endpoint_variables(url, "eu-west-1"))
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran).startswith("What answers for AWS is not AWS (")


@pytest.mark.parametrize(
    "url", ["localhost:4600", "nonsense", "http://", "ftp://x", "http://a b", "http://127.0.0.1:99999", "http://[::1"]
)
@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"])
def test_an_endpoint_that_is_no_url_is_named_with_its_variable(checkout, name, url):
    ran = call(checkout, "run", "baseline", "--target", "aws", AWS_REGION="eu-west-1", **{name: url})
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran) == f'{name} is "{url}"; it must be a URL, such as http://127.0.0.1:4600.'


_ROLE = "role_arn = arn:aws:iam::123456789012:role/x"
_EXPIRES_NEVER = (
    'credential_process = echo \'{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", '
    '"Expiration": "never"}\''
)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ("[profile mine]", _ROLE, "source_profile = b", "[profile b]", _ROLE, "source_profile = mine"),
            "Infinite loop",
        ),
        (("[profile mine]", _ROLE, "source_profile = mine"), "Infinite loop"),
        (("[profile mine]", _ROLE, "source_profile = none"), '"none" referenced in the profile "mine" does not exist'),
        (("[profile mine]", _ROLE), "Partial credentials"),
        (("[profile mine]", _ROLE, "credential_source = Moon"), 'credential source "Moon"'),
        (("[profile mine]", _ROLE, "web_identity_token_file = /none"), "No such file or directory: '/none'"),
        (("[profile mine]", "aws_access_key_id = a"), "missing: aws_secret_access_key"),
        (("[profile mine]", "credential_process = /none/at/all"), "No such file or directory: '/none/at/all'"),
        (("[profile mine]", 'credential_process = echo "a'), "No closing quotation"),
        (("[profile mine]", "credential_process = echo hello"), "JSONDecodeError"),
        (("[profile mine]", "credential_process = echo []"), "'list' object"),
        (("[profile mine]", "credential_process = false"), "Your credentials can't be fetched"),
        (("[profile mine]", _EXPIRES_NEVER), "never"),
        (
            ("[profile mine]", "endpoint_url = nonsense", "aws_access_key_id = a", "aws_secret_access_key = b"),
            "nonsense",
        ),
        (("[profile mine]", "metadata_service_timeout = soon", "max_attempts = many"), "invalid literal"),
        (("[profile mine]", "sso_session = none", "sso_account_id = 1", "sso_role_name = r"), 'exist: "none"'),
        (
            (
                "[profile mine]",
                "sso_start_url = https://x.example",
                "sso_region = eu-west-1",
                "sso_account_id = 1",
                "sso_role_name = r",
            ),
            "Your login has expired or was never made",
        ),
        (("nothing that is a section", "["), "Unable to parse config file"),
        (("\udcff\udcfe",), "Unable to parse config file"),
    ],
)
def test_settings_that_are_broken_are_told_in_a_sentence(checkout, tmp_path, lines, said):
    config = tmp_path / "config"
    config.write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    ran = call(
        checkout,
        "run",
        "baseline",
        "--target",
        "aws",
        "--profile",
        "mine",
        AWS_CONFIG_FILE=str(config),
        AWS_REGION="eu-west-1",
    )
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert said in sentence(ran)
    assert "does not accept your credentials" not in sentence(ran)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_MAX_ATTEMPTS", "many"),
        ("AWS_RETRY_MODE", "often"),
        ("AWS_DEFAULTS_MODE", "none"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://elsewhere.example/"),
        ("AWS_REGION", "eu west!"),
    ],
)
def test_variables_that_are_broken_are_told_in_a_sentence(checkout, variable, value):
    keys = {} if "CREDENTIALS" in variable else endpoint_variables(CLOSED, "eu-west-1")
    variables = {"AWS_REGION": "eu-west-1"} | keys | {variable: value}
    ran = call(checkout, "run", "baseline", "--target", "aws", **variables)
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran).startswith("Your AWS settings can't be used (")


def test_a_credential_that_can_not_be_sent_is_not_shown(checkout):
    variables = endpoint_variables(CLOSED, "eu-west-1") | {
        "AWS_SESSION_TOKEN": "secret\nsecret",
        "AWS_MAX_ATTEMPTS": "1",
    }
    ran = call(checkout, "run", "baseline", "--target", "aws", **variables)
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran).startswith("Your credentials can't be sent: ")
    assert "secret" not in ran.stderr


def test_an_aws_that_is_out_of_reach_is_not_blamed_on_the_credentials(checkout):
    variables = endpoint_variables(CLOSED, "eu-west-1") | {"AWS_MAX_ATTEMPTS": "1"}
    ran = call(checkout, "run", "baseline", "--target", "aws", **variables)
    assert ran.returncode == ExitCode.ENVIRONMENT
    assert sentence(ran).startswith(f'AWS can\'t be reached (Could not connect to the endpoint URL: "{CLOSED}/")')


def test_a_region_and_a_profile_that_are_not_there_are_named(checkout):
    no_region = call(checkout, "run", "baseline", "--target", "aws")
    no_profile = call(checkout, "run", "baseline", "--target", "aws", "--profile", "mine", AWS_REGION="eu-west-1")
    assert (no_region.returncode, no_profile.returncode) == (ExitCode.USAGE, ExitCode.ENVIRONMENT)
    assert sentence(no_region) == ("No AWS region is set: give --region, or set AWS_REGION or the profile's region.")
    assert "The config profile (mine) could not be found" in sentence(no_profile)


# --- the doctor ---


def test_the_doctor_says_what_is_found(checkout):
    examined = call(checkout, "doctor")
    assert examined.returncode == ExitCode.AS_EXPECTED, examined.stdout
    assert "Traceback" not in examined.stderr
    for subject in ("Python", "moto", "Terraform", "AWS provider", "Results"):
        assert subject in examined.stdout
    assert "All is well." in examined.stdout


def test_the_doctor_says_what_is_missing_and_what_to_do(checkout, path_with):
    examined = call(checkout, "doctor", PATH=path_with(None))
    assert examined.returncode == ExitCode.ENVIRONMENT
    assert "Terraform is not on the PATH: install" in " ".join(examined.stdout.split())
    assert "Something is missing: see above." in examined.stdout


def test_the_doctor_says_that_an_account_can_not_be_used(checkout):
    examined = call(checkout, "doctor", "--target", "aws", AWS_REGION="eu-west-1")
    assert examined.returncode == ExitCode.ENVIRONMENT
    assert "No AWS credentials are set" in " ".join(examined.stdout.split())


# --- all the rest ---


def test_every_scenario_is_listed_with_what_it_shows(checkout):
    shutil.copy(checkout.scenarios / "baseline.tfvars", checkout.scenarios / "another.tfvars")
    listed = call(checkout, "scenarios")
    assert listed.returncode == ExitCode.AS_EXPECTED
    rows = [line.split()[0] for line in listed.stdout.splitlines() if line.strip()]
    for name in ("another", "baseline", "scenario-1", "scenario-2", "scenario-3", "scenario-4"):
        assert name in rows


def test_a_file_that_can_not_be_a_scenario_is_told_and_the_others_are_listed(checkout):
    for name in ("a b", "$(touch made)", "x;touch made"):
        shutil.copy(checkout.scenarios / "baseline.tfvars", checkout.scenarios / f"{name}.tfvars")
    (checkout.scenarios / "broken.tfvars").write_text('title = "Only"\n')
    listed = call(checkout, "scenarios")
    assert listed.returncode == ExitCode.USAGE
    rows = [line.split()[0] for line in listed.stdout.splitlines() if line.strip()]
    assert {"baseline", "scenario-1", "scenario-2", "scenario-3", "scenario-4"} <= set(rows)
    for said in (
        '"$(touch made).tfvars" can\'t be',
        '"a b.tfvars" can\'t be',
        "broken.tfvars: behavior is missing",
    ):
        assert said in listed.stderr
    shutil.copy(PROJECT.root / "Makefile", checkout.root)
    for arguments in (("help",), ("--dry-run", "--old-file=.venv/.installed", "scenarios")):
        (checkout.root / ".venv").mkdir(exist_ok=True)
        (checkout.root / ".venv" / ".installed").touch()
        made = call(checkout, *arguments, program=("make",))
        assert made.returncode == 0, made.stderr
        assert "touch" not in made.stdout
    assert not list(checkout.root.rglob("made"))


def test_a_title_is_shown_as_it_is_on_any_terminal(checkout):
    text = (checkout.scenarios / "baseline.tfvars").read_text().replace("Baseline: a healthy", "Grundfälle: 正常")
    text = text.replace("One event", ":warning: [bold]One[/bold] event \x1b[31m")
    (checkout.scenarios / "mine.tfvars").write_text(text)
    listed = call(checkout, "scenarios", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert listed.returncode == ExitCode.AS_EXPECTED, listed.stderr
    assert r"Grundf\xe4lle: \u6b63\u5e38 function" in listed.stdout
    assert r":warning: [bold]One[/bold] event \x1b[31m" in " ".join(listed.stdout.split())
    assert "Grundfälle: 正常 function" in call(checkout, "scenarios", PYTHONUTF8="1").stdout


# --- settings of the user's ---


def test_modules_on_the_users_pythonpath_do_not_stand_in_for_the_labs(checkout, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name in ("typer", "rich", "boto3", "hcl2", "lark", "secrets", "tempfile"):
        (theirs / f"{name}.py").write_text("raise SystemExit('another module of that name')\n")
    listed = call(checkout, "scenarios", PYTHONPATH=str(theirs))
    assert (listed.returncode, listed.stderr) == (ExitCode.AS_EXPECTED, "")


def test_a_reattached_provider_is_none_of_the_doctors_business(checkout):
    examined = call(checkout, "doctor", TF_REATTACH_PROVIDERS="no json", TMPDIR="/not/there")
    assert examined.returncode == ExitCode.AS_EXPECTED, examined.stdout


def test_destroy_has_nothing_to_do_where_nothing_stands(checkout):
    destroyed = call(checkout, "destroy")
    assert (destroyed.returncode, destroyed.stdout, destroyed.stderr) == (0, "Nothing is left.\n", "")


def test_package_builds_the_functions_package(checkout):
    packed = call(checkout, "package")
    assert packed.returncode == ExitCode.AS_EXPECTED
    assert packed.stdout.startswith("build/function.zip  sha256 ")
    assert checkout.package_zip.is_file()


@pytest.mark.parametrize(
    ("begun", "offered"),
    [("base", ["baseline"]), ("scenario-4", ["scenario-4"]), ("function-e", ["function-errors"]), ("x", [])],
)
def test_the_shell_completes_scenarios(checkout, begun, offered):
    completed = call(
        checkout,
        program=(Path(sys.executable).with_name("async-lab"),),
        _ASYNC_LAB_COMPLETE="complete_bash",
        COMP_WORDS=f"async-lab run {begun}",
        COMP_CWORD="2",
    )
    names = completed.stdout.split()
    assert set(offered) <= set(names)
    assert all(name.startswith(begun) for name in names)
    assert completed.stderr == ""


def test_help_imports_nothing_that_takes_long():
    heavy = ["boto3", "botocore", "moto", "hcl2", "lark", "async_lab.endpoint", "async_lab.lab"]
    code = (
        "import json, sys\n"
        "from typer.testing import CliRunner\n"
        "from async_lab.cli import app\n"
        "for arguments in (['--help'], ['run', '--help']):\n"
        "    assert CliRunner().invoke(app, arguments).exit_code == 0\n"
        f"print(json.dumps([name for name in {heavy} if name in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_both_names_are_the_same_program(checkout):
    script = (Path(sys.executable).with_name("async-lab"),)
    module, installed = call(checkout, "--help"), call(checkout, "--help", program=script)
    assert module.returncode == installed.returncode == 0
    assert module.stdout.replace("python -m async_lab", "async-lab").split() == installed.stdout.split()
    for command in (
        "run",
        "scenarios",
        "local",
        "report",
        "runs",
        "show",
        "compare",
        "export",
        "destroy",
        "doctor",
        "package",
    ):
        assert f" {command} " in installed.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="it is make's own help")
def test_a_new_scenario_is_a_target_of_make_at_once(checkout):
    shutil.copy(PROJECT.root / "Makefile", checkout.root)
    for name in ("another", "scenario-5"):
        shutil.copy(checkout.scenarios / "baseline.tfvars", checkout.scenarios / f"{name}.tfvars")
    listed = call(checkout, "help", program=("make",))
    targets = [line.split()[0] for line in listed.stdout.splitlines() if line.startswith("  ")]
    assert {"scenario-another", "scenario-5", "scenario-baseline", "scenario-2"} <= set(targets)
    (checkout.root / ".venv").mkdir()
    (checkout.root / ".venv" / ".installed").touch()
    for target, name in (("scenario-another", "another"), ("scenario-5", "scenario-5"), ("scenario-2", "scenario-2")):
        would_run = call(checkout, "--dry-run", "--old-file=.venv/.installed", target, program=("make",))
        assert f"async-lab run {name} --target local" in would_run.stdout


def test_the_exports_are_what_a_shell_evaluates(checkout):
    printed = call(checkout, "local", "--env", "--port", "4711", "--region", "eu-north-1")
    lines = dict(line.removeprefix("export ").split("=", 1) for line in printed.stdout.splitlines())
    assert lines == endpoint_variables("http://127.0.0.1:4711", "eu-north-1")
