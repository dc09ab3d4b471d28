"""Real Terraform, on configurations that need no provider."""

import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from async_lab.errors import EnvironmentFailure
from async_lab.terraform import Progress, Step, Terraform, TerraformFailed

TWO = """
variable "text" { type = string }
variable "numbers" {
  type    = list(number)
  default = [1]
  validation {
    condition     = length(var.numbers) > 0
    error_message = "numbers must hold one number or more."
  }
}
resource "terraform_data" "first" { input = var.text }
resource "terraform_data" "second" { input = terraform_data.first.output }
output "text" { value = terraform_data.second.output }
output "numbers" { value = var.numbers }
"""
FAILING = """
resource "terraform_data" "fails" {
  provisioner "local-exec" { command = "exit 3" }
}
"""
UNTIL_INTERRUPTED_OR_DONE = """
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "sleep 0.3" }
}
output "made" { value = terraform_data.slow.id }
"""
Make = Callable[..., Terraform]


def test_a_stack_from_apply_to_destroy(make_terraform: Make) -> None:
    heard: list[Progress] = []
    terraform = make_terraform(TWO, 'text = "from the file"\n', progress=heard.append)
    var_file = terraform.directory / "test.tfvars"
    terraform.init()
    assert [change.address for change in terraform.plan(var_file).changes] == [
        "terraform_data.first",
        "terraform_data.second",
    ]
    terraform.apply(var_file, {"numbers": [1, 2.5]})
    assert terraform.output() == {"text": "from the file", "numbers": [1, 2.5]}
    assert terraform.plan(var_file, {"numbers": [1, 2.5]}).is_empty
    assert not terraform.plan(var_file, {"text": "another"}).is_empty
    heard.clear()
    terraform.destroy(var_file)
    assert [(said.address, said.action) for said in heard if said.step is Step.DONE] == [
        ("terraform_data.second", "delete"),
        ("terraform_data.first", "delete"),
    ]
    assert terraform.output() == {}


def test_a_changed_output_alone_is_not_an_empty_plan(make_terraform: Make) -> None:
    terraform = make_terraform(TWO, 'text = "a"\n')
    var_file = terraform.directory / "test.tfvars"
    terraform.apply(var_file)
    plan = terraform.plan(var_file, {"numbers": [2]})
    assert (plan.is_empty, plan.changes) == (False, ())


def test_a_failure_is_told_in_terraforms_words_with_resource_line_and_log(make_terraform: Make) -> None:
    heard: list[Progress] = []
    terraform = make_terraform(FAILING, progress=heard.append)
    with pytest.raises(TerraformFailed) as failed:
        terraform.apply(terraform.directory / "test.tfvars")
    assert str(failed.value) == (
        "terraform apply failed: terraform_data.fails, main.tf:3: local-exec provisioner error: "
        f"Error running command 'exit 3': exit status 3. Output. The whole log: {terraform.log}"
    )
    assert [(said.address, said.step) for said in heard if said.address][-1] == ("terraform_data.fails", Step.FAILED)
    assert "provision_errored" in terraform.log.read_text()


def test_a_refused_value_is_told_as_the_configuration_words_it(make_terraform: Make) -> None:
    terraform = make_terraform(TWO, 'text = "a"\n')
    with pytest.raises(TerraformFailed, match=r"numbers must hold one number or more\. The whole log: "):
        terraform.plan(terraform.directory / "test.tfvars", {"numbers": []})


def test_a_warning_is_heard(make_terraform: Make) -> None:
    heard: list[Progress] = []
    terraform = make_terraform(TWO, 'text = "a"\nunknown = 1\n', progress=heard.append)
    terraform.plan(terraform.directory / "test.tfvars")
    assert ["Value for undeclared variable" in said.message for said in heard if said.step is Step.WARNING] == [True]


def test_a_listener_that_fails_does_not_stop_the_apply(make_terraform: Make) -> None:
    def listener(_: Progress) -> None:
        raise BrokenPipeError

    terraform = make_terraform(UNTIL_INTERRUPTED_OR_DONE, progress=listener)
    with pytest.raises(BrokenPipeError):
        terraform.apply(terraform.directory / "test.tfvars")
    assert terraform.output()["made"]


def test_a_log_that_cannot_be_written_is_named(make_terraform: Make) -> None:
    terraform = make_terraform(TWO)
    terraform.log.mkdir()
    with pytest.raises(EnvironmentFailure, match=r"terraform\.log: Is a directory"):
        terraform.init()


class StateThatCannotBeWritten(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def backend() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), StateThatCannotBeWritten) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_state_that_could_not_be_written_is_named(make_terraform: Make, backend: str) -> None:
    terraform = make_terraform(
        f'terraform {{\n  backend "http" {{\n    address   = "{backend}"\n    retry_max = 0\n  }}\n}}\n{TWO}'
    )
    (terraform.directory / "test.tfvars").write_text('text = "a"\n')
    terraform.init()
    with pytest.raises(
        TerraformFailed, match=r"could not be written and is in .*errored\.tfstate: `terraform state push`"
    ):
        terraform.apply(terraform.directory / "test.tfvars")
