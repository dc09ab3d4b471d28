"""What a whole run says and leaves when the metrics are others than expected, and when Terraform fails half-way."""

import json

import pytest
from program import call, copy_of_checkout

from async_lab.errors import ExitCode

pytestmark = pytest.mark.e2e


@pytest.fixture
def checkout(tmp_path):
    return copy_of_checkout(tmp_path)


@pytest.fixture
def make_scenario(checkout):
    """Writes a scenario that is the baseline with other lines."""

    def make(name, **lines):
        text = (checkout.scenarios / "baseline.tfvars").read_text()
        kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in lines]
        added = [f"{variable} = {value}" for variable, value in lines.items()]
        (checkout.scenarios / f"{name}.tfvars").write_text("\n".join([*kept, *added, ""]))
        return name

    return make


def test_other_metrics_than_expected_end_with_1_and_all_results_are_there(checkout, make_scenario):
    sleeper = make_scenario("sleeper", behavior='{ action = "sleep", sleep_seconds = 7 }', timeout=3)
    out = checkout.root / "results"
    ran = call(checkout, "run", "baseline", sleeper, "--json", "--out", out)
    assert ran.returncode == ExitCode.NOT_AS_EXPECTED, ran.stderr
    as_expected, other = json.loads(ran.stdout)["runs"]
    assert [as_expected["is_as_expected"], other["is_as_expected"]] == [True, False]
    assert json.loads((out / "baseline" / "result.json").read_text()) == as_expected
    assert json.loads((out / "sleeper" / "result.json").read_text()) == other
    assert "destroyed; nothing is left" in ran.stderr
    assert list(checkout.stacks.glob("*")) == []


def test_what_terraform_made_before_it_failed_is_taken_down(checkout):
    (checkout.terraform / "fails.tf").write_text(
        'resource "terraform_data" "fails" {\n'
        "  depends_on = [module.function]\n"
        '  provisioner "local-exec" { command = "exit 3" }\n'
        "}\n"
    )
    ran = call(checkout, "run", "baseline")
    assert ran.returncode == ExitCode.ENVIRONMENT, ran.stderr
    *_, taken_down, sentence = ran.stderr.splitlines()
    assert taken_down.endswith("destroyed; nothing is left")
    assert not taken_down.strip().startswith("no resources")
    assert sentence.startswith(
        "Error: terraform apply failed: terraform_data.fails, fails.tf:3: local-exec provisioner"
    )
    log = checkout.root / sentence.partition("The whole log: ")[2]
    assert "exit status 3" in log.read_text()
    assert ran.stdout == ""
    assert list(checkout.stacks.glob("*")) == []


def test_a_backlog_is_settled_before_the_next_scenario_begins(checkout):
    common = "events = { count = 40, interval_seconds = 1 }\nobserve_seconds = 60\n"
    slow = 'behavior = { action = "sleep", sleep_seconds = 20 }\ntimeout = 30\nreserved_concurrent_executions = 1\n'
    quick = 'behavior = { action = "succeed" }\n'
    for name, lines, metric in (("backlog", slow, "AsyncEventsReceived"), ("after", quick, "Invocations")):
        expected = f'expectations = [{{ metric = "{metric}", equals = 40 }}]\n'
        head = f'title = "{name}"\ndescription = "{name}"\n'
        (checkout.scenarios / f"{name}.tfvars").write_text(head + lines + common + expected)
    ran = call(checkout, "run", "backlog", "after", "--json")
    assert ran.returncode == ExitCode.AS_EXPECTED, ran.stderr
    documents = json.loads(ran.stdout)["runs"]
    ids = {event["request_id"] for document in documents for event in document["events"]}
    assert len(ids) == 80
    assert list(checkout.stacks.glob("*")) == []
