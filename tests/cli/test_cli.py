"""The command line: what it answers to bad input and trouble, and with which exit code. Nothing here is provisioned."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from documents import strict
from program import PROJECT, call, sentence
from typer.testing import CliRunner

from async_lab.checkout.project import Project
from async_lab.cli import app
from async_lab.errors import ExitCode
from async_lab.target.environment import endpoint_variables

pytestmark = pytest.mark.e2e

RUNS_SCHEMA = PROJECT.root / "docs" / "runs.schema.json"


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
