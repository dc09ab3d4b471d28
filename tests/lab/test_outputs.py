"""What a whole run leaves for people and for pipelines, besides what it prints."""

import json
from xml.etree import ElementTree as ET

import pytest
from documents import strict
from program import PROJECT, call, copy_of_checkout

from async_lab.errors import ExitCode

pytestmark = pytest.mark.e2e

DOCUMENTS = PROJECT.root / "docs"


@pytest.fixture
def checkout(tmp_path):
    return copy_of_checkout(tmp_path)


def test_a_quiet_run_prints_its_verdicts_and_writes_all_that_ci_shows(checkout):
    summary = checkout.root / "summary.md"
    summary.write_text("What another step wrote.\n")
    files = ("--junit", checkout.root / "junit.xml", "--markdown", checkout.root / "run.md")
    ran = call(checkout, "run", "healthy", "reserved-zero", "--quiet", *files, GITHUB_STEP_SUMMARY=str(summary))

    assert ran.returncode == ExitCode.AS_EXPECTED, ran.stderr
    assert ran.stdout.splitlines() == [
        "baseline: as expected, 6 of 6 expectations met.",
        "No event was lost or late.",
        "scenario-4: as expected, 6 of 6 expectations met.",
        "Dropped because reserved concurrency is 0.",
    ]
    assert ran.stderr == ""
    suites = ET.parse(checkout.root / "junit.xml").getroot().findall("testsuite")
    assert [(suite.get("name"), suite.get("failures")) for suite in suites] == [("baseline", "0"), ("scenario-4", "0")]
    markdown = (checkout.root / "run.md").read_text()
    assert "dropped at t+0:00: reserved concurrency is 0; kept nowhere" in markdown
    assert summary.read_text() == f"What another step wrote.\n{markdown}"
    (work,) = checkout.runs.iterdir()
    page = (work / "report.html").read_text()
    assert 'id="run-baseline"' in page
    assert 'id="run-scenario-4"' in page


def test_json_is_one_object_with_the_runs_that_were_made(checkout):
    ran = call(checkout, "run", "reserved-zero", "--json")

    assert ran.returncode == ExitCode.AS_EXPECTED, ran.stderr
    printed = json.loads(ran.stdout)
    assert printed["error"] is None
    (run,) = printed["runs"]
    assert strict(json.loads((DOCUMENTS / "result.schema.json").read_text())).is_valid(run)
    (event,) = run["events"]
    assert (event["state"], event["condition"], event["attempts"]) == ("dropped", "ZeroReservedConcurrency", [])
    assert "[2/4] Terraform: scenario-4" in ran.stderr
    assert "aws_lambda_function.this created" not in ran.stderr


def test_json_tells_of_terraforms_failure_with_the_runs_before_it(checkout):
    (checkout.terraform / "fails.tf").write_text(
        'resource "terraform_data" "fails" {\n'
        '  count = var.title == "Fails" ? 1 : 0\n'
        '  provisioner "local-exec" { command = "exit 3" }\n'
        "}\n"
    )
    text = (checkout.scenarios / "baseline.tfvars").read_text()
    (checkout.scenarios / "fails.tfvars").write_text(
        text.replace("Baseline: a healthy function", "Fails").replace('"healthy"', '"failing"')
    )
    ran = call(checkout, "run", "baseline", "fails", "--json")

    assert ran.returncode == ExitCode.ENVIRONMENT, ran.stderr
    printed = json.loads(ran.stdout)
    assert [run["scenario"] for run in printed["runs"]] == ["baseline"]
    assert printed["error"]["exit_code"] == ExitCode.ENVIRONMENT
    assert printed["error"]["message"].startswith("terraform apply failed: terraform_data.fails")
