"""The pytest plugin, in test runs of its own: fixtures, variables, reports, workers."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

pytestmark = pytest.mark.e2e

APP = """
    def handler(event, context):
        print("got", event)
        raise ValueError("no rows")
"""


@pytest.fixture
def run(tmp_path):
    """Run pytest in a project of the user's; return what it prints."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(dedent(APP))

    def call(tests, *options, **variables):
        (tmp_path / "test_it.py").write_text(dedent(tests))
        users = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST"))}
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
            cwd=tmp_path,
            env=users | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.stdout + ran.stderr

    return call


def test_failing_test_shows_timelines_log_lines_and_the_finding(run):
    said = run("""
        def test_it(async_lab):
            async_lab.function("src/app.py:handler", failure_queue=True).send({"n": 7})
            async_lab.run_until_idle()
            assert async_lab.events()[0].condition == "Success"
    """)
    assert "1 failed" in said
    assert "- async-lab: events -" in said
    assert "of app, accepted" in said
    assert "ValueError: no rows" in said
    assert "delivered to destination" in said
    assert "- async-lab: log of app -" in said
    assert "got {'n': 7}" in said
    assert "- async-lab: finding for app -" in said
    assert "Dropped after function errors" in said


def test_passing_test_shows_nothing(run):
    said = run("""
        def test_it(async_lab):
            async_lab.function("src/app.py:handler").send()
            async_lab.run_until_idle()
    """)
    assert "1 passed" in said
    assert "async-lab" not in said


def test_variables_are_the_labs_in_its_tests_and_the_users_in_others(run):
    said = run(
        """
        import os, boto3

        def test_before():
            assert os.environ["AWS_PROFILE"] == "prod" and "AWS_ENDPOINT_URL" not in os.environ

        def test_with(async_lab):
            assert "AWS_PROFILE" not in os.environ
            boto3.client("sqs").create_queue(QueueName="mine")
            assert async_lab.messages("mine") == []

        def test_after():
            assert os.environ["AWS_PROFILE"] == "prod" and "AWS_ENDPOINT_URL" not in os.environ

        def test_fresh(async_lab):
            assert "QueueUrls" not in boto3.client("sqs").list_queues()
        """,
        AWS_PROFILE="prod",
    )
    assert "4 passed" in said


SHARED = """
    import pytest

    @pytest.fixture(scope="session")
    def bucket(async_lab_session):
        async_lab_session.client("s3").create_bucket(Bucket="shared")
        async_lab_session.advance(minutes=2)
        return "shared"

    @pytest.fixture(scope="session")
    def queue(async_lab_session):
        return async_lab_session.client("sqs").create_queue(QueueName="shared")["QueueUrl"]

    @pytest.mark.parametrize("number", range(3))
    def test_alone(async_lab, bucket, number):
        s3 = async_lab.client("s3")
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="mine", Body=b"")
        async_lab.function("src/app.py:handler").send()
        async_lab.run_until_idle()
        assert len(async_lab.events()) == 1

    def test_with_both(async_lab, queue, bucket):
        async_lab.client("sqs").send_message(QueueUrl=queue, MessageBody="mine")
        assert "Contents" not in async_lab.client("s3").list_objects_v2(Bucket=bucket)

    def test_again(async_lab, queue):
        assert async_lab.messages(queue) == []
        assert async_lab.client("s3").list_buckets()["Buckets"]
"""


def test_what_session_fixtures_make_stands_at_the_beginning_of_every_test(run):
    assert "5 passed" in run(SHARED)


def test_no_test_closes_the_lab_for_those_after_it(run):
    said = run("""
        import pytest
        from async_lab.errors import UsageError

        def test_closes(async_lab):
            with pytest.raises(UsageError, match="closed at the end of the session: reset"):
                async_lab.close()
            with pytest.raises(UsageError, match="The lab is open already"), async_lab:
                pass

        def test_after(async_lab):
            assert async_lab.events() == []
    """)
    assert "2 passed" in said, said


def test_ctrl_c_ends_a_test_whose_callable_never_ends(run):
    said = run("""
        import os, signal

        def test_it(async_lab):
            def handler(event, context):
                os.kill(os.getpid(), signal.SIGINT)
                while True:
                    pass

            async_lab.function(handler).send()
            async_lab.run_until_idle()
    """)
    assert "KeyboardInterrupt" in said


def test_workers_have_labs_of_their_own(run):
    said = run(SHARED, "-n", "2")
    assert "5 passed" in said


def test_lab_is_not_begun_by_tests_that_do_not_ask_for_it(run):
    said = run(
        """
        import sys

        def test_it():
            assert not {"boto3", "moto", "time_machine"} & set(sys.modules)
    """,
        "-p",
        "no:time_machine",
    )
    assert "1 passed" in said


def test_function_of_another_python_is_named_once(run):
    tests = """
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_it(async_lab, number):
            function = async_lab.function("src/app.py:handler", retries=0)
            client = async_lab.client("lambda")
            client.update_function_configuration(FunctionName="app", Runtime="python3.14")
            function.send()
            async_lab.run_until_idle()
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    sentence = f"The runtime of app is python3.14; here its code runs on Python {version}, the lab's own."
    for options in ((), ("-n", "2")):
        said = run(tests, *options)
        assert said.count(sentence) == 1
        assert "2 passed" in said
