"""`--async-lab-target=aws`, where an embedded endpoint in another process than the tests' plays AWS."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import boto3
import pytest
from calls import Recorder, standing_before_endpoints
from program import call, copy_of_checkout

from async_lab.endpoint.embedded import Endpoint
from async_lab.stack.journal import Journal
from async_lab.target.environment import endpoint_variables
from async_lab.testing import announcement

pytestmark = pytest.mark.e2e

REGION = "eu-west-1"
APP = """
    def handler(event, context):
        print("got", event)
        raise ValueError("no rows")
"""
HERE = Path(__file__).parent


@pytest.fixture
def recorder():
    recorder = Recorder()
    with standing_before_endpoints(recorder):
        yield recorder


@pytest.fixture
def account():
    with Endpoint(seed=0) as endpoint:
        yield endpoint


@pytest.fixture
def client(account):
    return lambda service: boto3.client(
        service,
        region_name=REGION,
        endpoint_url=account.url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


@pytest.fixture
def project(tmp_path):
    project = copy_of_checkout(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(dedent(APP))
    (tmp_path / "src" / "works.py").write_text("def handler(event, context):\n    return event\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return project


@pytest.fixture
def run(account, project):
    """Run pytest in a project of the user's; return what it prints."""

    def tested(tests, *options, **variables):
        (project.root / "test_it.py").write_text(dedent(tests))
        users = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST"))}
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-p", "stands_in", *options],
            cwd=project.root,
            env=users | endpoint_variables(account.url, REGION) | {"PYTHONPATH": str(HERE)} | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.stdout + ran.stderr

    return tested


def standing(client):
    """Everything that tests could have made."""
    return [
        *(one["FunctionName"] for one in client("lambda").list_functions()["Functions"]),
        *(one["RoleName"] for one in client("iam").list_roles()["Roles"]),
        *(one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]),
        *client("sqs").list_queues().get("QueueUrls", []),
    ]


ON_AWS = "--async-lab-target=aws"


def test_bad_event_is_tried_three_times_and_kept(recorder, run, client, project):
    said = run(
        """
        import pytest

        def test_it(async_lab):
            function = async_lab.function("src/app.py:handler", failure_queue=True, dead_letter_queue=True)
            sent = function.send({"n": 7})
            async_lab.run_until_idle()

            event = async_lab.event(sent)
            assert [attempt.outcome for attempt in event.attempts] == ["error"] * 3
            assert event.attempts[1].age_seconds == pytest.approx(61, abs=8)
            assert event.attempts[0].error_message == "no rows"
            assert "got {'n': 7}" in event.attempts[0].log_lines
            assert event.condition == "RetriesExhausted"
            assert set(event.delivered_to) == {function.failure_queue, function.dead_letter_queue}
            [message] = async_lab.messages(function.failure_queue)
            assert message.json["requestPayload"] == {"n": 7}
            assert function.metrics["AsyncEventsDropped"].total == 1
            assert async_lab.events("app") == [event]
    """,
        ON_AWS,
    )
    assert "1 passed" in said, said
    assert said.startswith(f"async-lab: tests run on AWS, account 123456789012, region {REGION}, in real time.")
    assert "Cost (list prices of 20" in said
    assert "async-lab: waiting until idle (1 event pending): 30 s of at most 24 h" in said
    assert f"async-lab: Nothing is left in account 123456789012, {REGION} (5 resources made and removed)." in said
    needed = {f"{service}:{action}" for service, actions in announcement.NEEDED.items() for action in actions}
    with_others = {"iam:PassRole", "iam:TagRole", "lambda:TagResource", "logs:TagResource", "sqs:TagQueue"}
    layers = {f"lambda:{verb}LayerVersion" for verb in ("Delete", "Publish")} | {"lambda:ListLayerVersions"}
    sometimes = {"iam:DetachRolePolicy", "lambda:PutFunctionConcurrency", *layers}
    asked = {action.removesuffix("Batch") for action in recorder.actions}  # IAM has one name for both
    assert asked == needed - with_others - sometimes
    assert standing(client) == []
    assert Journal(project.stacks).entries("aws") == []


def test_other_senders_events_are_told_from_other_requests(run):
    said = run(
        """
        import boto3, pytest

        def test_it(async_lab):
            works = async_lab.function("src/works.py:handler", name="works", success_queue=True)
            assert async_lab.invoke("works", {"n": 1}) == {"n": 1}
            boto3.client("lambda").invoke(FunctionName=works.name, InvocationType="Event", Payload=b"{}")
            sent = works.send()
            async_lab.run_until_idle()

            first, second = sorted(async_lab.events("works"), key=lambda event: event.request_id == sent.request_id)
            assert first.request_id != sent.request_id == second.request_id
            assert [event.condition for event in (first, second)] == ["Success"] * 2
            assert (first.inferred, second.inferred) == (("accepted_at",), ())
            assert first.attempts[0].inferred == ("age_seconds",)
            assert second.attempts[0].outcome == "success" and second.attempts[0].inferred == ()
            assert "(inferred: accepted_at)" in repr(first)

        def test_without_a_destination(async_lab):
            works = async_lab.function("src/works.py:handler")
            lambda_ = async_lab.client("lambda")
            with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
                lambda_.get_function_event_invoke_config(FunctionName=works.name)
            works.send()
            async_lab.run_until(lambda: works.events[0].attempts)
            async_lab.run_until_idle()
            [event] = works.events
            assert (event.condition, event.inferred) == ("Success", ("condition", "ended_at"))
            assert event.attempts[0].inferred == ("outcome",)
    """,
        ON_AWS,
    )
    assert "2 passed" in said, said


def test_events_that_left_no_log_line_are_told_from_records_and_counts(run, client):
    said = run(
        """
        import pytest
        from async_lab.testing import StillWaiting

        def test_stopped(async_lab):
            queue = async_lab.queue("kept")
            kept = async_lab.function("src/works.py:handler", name="kept", reserved_concurrency=0, on_failure=queue)
            lost = async_lab.function("src/works.py:handler", name="lost", reserved_concurrency=0)
            kept.send()
            lost.send()
            async_lab.run_until_idle()
            [kept], [lost] = kept.events, lost.events
            assert (kept.condition, kept.inferred) == ("ZeroReservedConcurrency", ())
            assert (lost.condition, lost.inferred) == ("ZeroReservedConcurrency", ("condition",))
            assert lost.attempts == ()
            assert len(async_lab.messages(queue)) == 1

        def test_waits_longer_than_the_limit(async_lab):
            async_lab.function("src/app.py:handler").send()
            with pytest.raises(StillWaiting, match="is still running its attempt|waits for its attempt|Event"):
                async_lab.run_until_idle(limit=60)
            with pytest.raises(StillWaiting, match="didn't come within 60 s"):
                async_lab.run_until(lambda: False, limit=60)
    """,
        ON_AWS,
    )
    assert "2 passed" in said, said
    assert standing(client) == []


def test_what_aws_cannot_do_is_refused_by_name_and_its_test_skipped(run, client):
    calls = {
        "advance": "async_lab.advance(hours=1)",
        "reset": "async_lab.reset()",
        "snapshot": "async_lab.snapshot()",
        "restore": "async_lab.restore(None)",
        "throttle": 'async_lab.throttle("app", attempts=1)',
        "deny": 'async_lab.deny("s3:GetObject")',
        "system_errors": "async_lab.system_errors(1)",
        "duplicate": "async_lab.duplicate()",
        "url": "async_lab.url",
        "callable": "async_lab.function(print)",
    }
    tests = "".join(f"def test_{name}(async_lab):\n    {call}\n    assert False\n" for name, call in calls.items())
    said = run(tests, ON_AWS)
    assert f"{len(calls)} skipped" in said, said
    assert said.count("async-lab: ") >= len(calls)
    for name in set(calls) - {"callable", "url"}:
        assert f"SKIPPED [1] test_it.py:{1 + 3 * list(calls).index(name)}: async-lab: {name}()" in said
    assert "The callable print runs in the test's own process; on AWS give PATH:HANDLER." in said
    assert standing(client) == []


def test_only_the_command_line_sends_tests_to_an_account(run, project):
    tests = "def test_it(async_lab): ..."
    assert "counts only on the command line itself" in run(tests, PYTEST_ADDOPTS=ON_AWS)
    (project.root / "pytest.ini").write_text(f"[pytest]\naddopts = {ON_AWS}\n")
    assert "counts only on the command line itself" in run(tests)
    (project.root / "pytest.ini").write_text("[pytest]\n")
    assert "--async-lab-profile is for --async-lab-target=aws" in run(tests, "--async-lab-profile=prod")
    said = run(tests, ON_AWS, "--async-lab-profile=prod")
    assert "ERROR: --async-lab-target=aws: The config profile (prod) could not be found" in said
    assert "in real time" not in run(tests, ON_AWS, "--collect-only")


def test_all_is_removed_when_tests_fail_or_are_interrupted(run, client, project):
    said = run(
        """
        def test_fails(async_lab):
            async_lab.function("src/app.py:handler", failure_queue=True).send()
            async_lab.run_until_idle()
            assert async_lab.events()[0].condition == "Success"

        def test_is_interrupted(async_lab):
            async_lab.function("src/app.py:handler", failure_queue=True)
            raise KeyboardInterrupt
    """,
        ON_AWS,
    )
    assert "1 failed" in said, said
    assert "Dropped after function errors" in said
    assert "KeyboardInterrupt" in said
    assert f"Nothing is left in account 123456789012, {REGION} (8 resources made and removed)." in said
    assert standing(client) == []
    assert Journal(project.stacks).entries("aws") == []


def test_what_a_killed_process_left_is_removed_by_destroy(run, account, client, project):
    run(
        """
        import os

        def test_is_killed(async_lab):
            async_lab.function("src/app.py:handler", failure_queue=True, layers=["src"])
            os._exit(9)
    """,
        ON_AWS,
    )
    assert len(standing(client)) == 4
    assert len(client("lambda").list_layers()["Layers"]) == 1
    variables = endpoint_variables(account.url, REGION)
    destroyed = call(project, "destroy", "--target", "aws", "--yes", **variables)
    assert destroyed.returncode == 0, destroyed.stderr
    assert f"Nothing is left in account 123456789012, {REGION}." in destroyed.stdout
    assert standing(client) == []
    assert client("lambda").list_layers()["Layers"] == []


def test_what_cannot_be_removed_is_named_and_the_rest_goes(run, account, client, project):
    said = run(
        """
        def test_it(async_lab):
            async_lab.function("src/app.py:handler", failure_queue=True)
    """,
        ON_AWS,
        REFUSED="DeleteQueue",
    )
    assert "1 passed, 1 error" in said, said
    assert f"LeftBehind: Still standing in account 123456789012, {REGION}: aws_sqs_queue async-lab-test-" in said
    assert "destroy --target aws" in said
    assert f"-1 may stand in account 123456789012, {REGION}." in said.replace("\n", " ")
    assert "Nothing is left" not in said
    [queue] = standing(client)
    assert queue.endswith("-app-failed")
    assert (
        call(project, "destroy", "--target", "aws", "--yes", **endpoint_variables(account.url, REGION)).returncode == 0
    )
    assert standing(client) == []


SHARED = """
    import os, boto3, pytest

    @pytest.fixture(scope="session")
    def shared(async_lab_session):
        return async_lab_session.function("src/works.py:handler", name="shared", success_queue=True)

    @pytest.mark.parametrize("number", range(2))
    def test_alone(async_lab, shared, number):
        assert boto3.client("lambda").get_function(FunctionName=shared.name)["Tags"].keys() == {"async-lab-test"}
        sent = async_lab.send("shared", {"n": number})
        async_lab.run_until_idle()
        [event], [message] = async_lab.events("shared"), async_lab.messages(shared.success_queue)
        assert event.request_id == sent.request_id
        assert message.json["requestPayload"] == {"n": number}

    def test_outside():
        assert os.environ["AWS_REGION"] == "eu-west-1"
"""


def test_session_fixtures_functions_stand_for_all_tests_without_the_events_of_others(run, client):
    assert "3 passed" in (said := run(SHARED, ON_AWS)), said
    assert standing(client) == []


def test_workers_have_notes_of_their_own(run, client):
    assert "3 passed" in (said := run(SHARED, ON_AWS, "-n", "2")), said
    assert said.count("async-lab: tests run on AWS") == 1
    assert "Nothing is left" in said
    assert standing(client) == []


INFRA = """
variable "name" { type = string }
provider "aws" {
  region  = "us-east-1"
  profile = "prod"
  default_tags { tags = { Project = "mine" } }
}
resource "aws_s3_bucket" "uploads" { bucket_prefix = "uploads-" }
resource "aws_lambda_function" "this" {
  function_name    = var.name
  role             = aws_iam_role.this.arn
  filename         = "${path.module}/../build/function.zip"
  source_code_hash = filebase64sha256("${path.module}/../build/function.zip")
  handler          = "works.handler"
  runtime          = "python3.13"
}
resource "aws_iam_role" "this" {
  name_prefix        = var.name
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}
resource "aws_iam_role_policy" "this" {
  role   = aws_iam_role.this.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "logs:*", Resource = "*" }]
  })
}
output "bucket" { value = aws_s3_bucket.uploads.bucket }
"""
APPLIED = """
    import shutil, pytest
    from async_lab.errors import EnvironmentFailure, UsageError

    @pytest.fixture(autouse=True)
    def package():
        shutil.make_archive("build/function", "zip", "src")

    @pytest.fixture
    def stack(async_lab):
        return async_lab.apply("infra", scope="session", name="converts")

    def test_it(async_lab, stack):
        async_lab.client("s3").put_object(Bucket=stack["bucket"], Key="left", Body=b"")
        async_lab.send("converts", {"n": 1})
        async_lab.run_until_idle()
        [event] = async_lab.events()
        assert event.condition == "Success"

    def test_again(async_lab, stack):
        assert async_lab.events() == []
        tags = async_lab.client("s3").get_bucket_tagging(Bucket=stack["bucket"])["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags}.keys() == {"Project", "async-lab-test"}

    def test_what_is_refused(async_lab, stack):
        with pytest.raises(EnvironmentFailure, match="aws_lambda_function converts.* stands in account .* already"):
            async_lab.apply("infra", name="converts")
        with open("infra/other.tf", "w") as other:
            other.write('provider "aws" {\\n  alias  = "other"\\n  region = "us-east-1"\\n}\\n')
            other.write('resource "aws_sns_topic" "other" { provider = aws.other }\\n')
        with pytest.raises(UsageError, match="The provider aws.other of .*infra is another one beside the default"):
            async_lab.apply("infra", name="another")
"""


@pytest.mark.long
def test_terraform_is_applied_with_tags_and_taken_down_with_what_lies_in_its_buckets(run, client, project):
    (project.root / "infra").mkdir()
    (project.root / "infra" / "main.tf").write_text(INFRA)

    said = run(APPLIED, ON_AWS)

    assert "3 passed" in said, said
    assert "async-lab: infra: terraform apply, 4 resources" in said
    assert "Nothing is left" in said
    assert standing(client) == []
    assert client("s3").list_buckets()["Buckets"] == []
    assert Journal(project.stacks).entries("aws") == []
