"""``async-lab local`` for programs that start it: a free port, variables in their form, Terraform at the start."""

import json
from urllib.request import urlopen

import pytest
from program import call, copy_of_checkout, sentence, started

from async_lab.errors import ExitCode

pytestmark = pytest.mark.e2e

GROUP = """
resource "aws_cloudwatch_log_group" "made" { name = "made-at-the-start" }
output "name" { value = aws_cloudwatch_log_group.made.name }
"""


@pytest.fixture
def checkout(tmp_path):
    return copy_of_checkout(tmp_path)


def test_free_port_is_taken_and_printed_and_a_directory_applied(checkout):
    (checkout.root / "infra").mkdir()
    (checkout.root / "infra" / "main.tf").write_text(GROUP)
    with started(checkout, "local", "--port", 0, "--init", "infra", "--format", "json") as program:
        assert '{"name": "made-at-the-start"}' in program.wait_for("Applied.")
        url = program.wait_for("Serving AWS at ").split()[3].rstrip(".")
        program.wait_for("Ctrl-C ends it")
        variables = json.loads("".join(program.said).partition("terminal:\n\n")[2].partition("\n\n")[0])
        assert variables["AWS_ENDPOINT_URL"] == url
        with urlopen(f"{url}/_localstack/health") as answer:
            assert answer.status == 200
        program.press_ctrl_c()
        assert program.end()[0] == ExitCode.AS_EXPECTED
    assert [path.name for path in (checkout.root / "infra").iterdir()] == ["main.tf"]


def test_directory_that_cannot_be_applied_ends_it_with_terraforms_words(checkout):
    (checkout.root / "infra").mkdir()
    (checkout.root / "infra" / "main.tf").write_text('resource "aws_cloudwatch_log_group" "made" { nome = "x" }')
    ran = call(checkout, "local", "--port", 0, "--init", "infra")
    assert ran.returncode == ExitCode.ENVIRONMENT
    [line] = ran.stderr.splitlines()
    assert line.startswith("Error: terraform ")
    assert "nome" in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--env", "--port", "0"), "--env needs the --port of an endpoint that runs: 0 takes another each time."),
        (("--init", "build"), "There is no directory "),
        (("--init", "."), "There is no Terraform in "),
    ],
)
def test_what_cannot_be_is_said_before_anything_begins(checkout, options, said):
    ran = call(checkout, "local", *options)
    assert ran.returncode == ExitCode.USAGE
    assert sentence(ran).startswith(said)


def test_variables_are_printed_in_the_form_that_is_asked_for(checkout):
    dotenv = call(checkout, "local", "--env", "--format", "dotenv", "--port", 4711).stdout.splitlines()
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:4711" in dotenv
    assert json.loads(call(checkout, "local", "--env", "--format", "json").stdout)["AWS_ACCESS_KEY_ID"] == "local"
