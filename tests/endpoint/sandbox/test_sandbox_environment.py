"""What a handler finds around it."""

from __future__ import annotations

import io
import zipfile

import pytest
from handlers import AT, REQUEST_ID, zipped

from async_lab.endpoint.sandbox import Sandbox, UnsupportedRuntime, UnusablePackage

SHOWS_VARIABLES = """
    import os
    def handler(event, context):
        return dict(os.environ)
"""


def test_the_environment_variables_are_those_that_lambda_defines(deploy):
    variables = deploy(SHOWS_VARIABLES, environment=(("COLOR", "green"),)).returns()
    expected = {
        "AWS_LAMBDA_FUNCTION_NAME": "worker",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/worker",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/09/21/[$LATEST]0123",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "_HANDLER": "app.handler",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "COLOR": "green",
    }
    assert variables.items() >= expected.items()


def test_nothing_of_the_users_own_environment_leaks_in(deploy, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("SOME_TOKEN", "secret")
    sandbox = Sandbox()
    try:
        variables = deploy(SHOWS_VARIABLES, within=sandbox).returns()
    finally:
        sandbox.close()
    assert "AWS_PROFILE" not in variables
    assert "SOME_TOKEN" not in variables
    assert variables["AWS_ACCESS_KEY_ID"] == "testing"
    assert variables.get("HOME") == variables.get("TMPDIR"), "as on Lambda neither, or the environment's own"
    assert "AWS_ENDPOINT_URL" not in variables, "none was given"


def test_the_function_cannot_overwrite_reserved_variables_but_others(deploy):
    variables = deploy(SHOWS_VARIABLES, environment=(("AWS_REGION", "mars-1"), ("TZ", "Europe/Paris"))).returns()
    assert variables["AWS_REGION"] == "eu-west-1"
    assert variables["TZ"] == "Europe/Paris"


def test_the_time_zone_is_the_environments(deploy):
    shows_hour = """
        import time
        def handler(event, context):
            return time.localtime(0).tm_hour
    """
    assert deploy(shows_hour).returns() == 0
    assert deploy(shows_hour, environment=(("TZ", "Asia/Tokyo"),)).returns() == 9


def test_the_context_says_what_lambda_says(deploy):
    function = deploy("""
        def handler(event, context):
            return {
                "event": event,
                "id": context.aws_request_id,
                "arn": context.invoked_function_arn,
                "name": context.function_name,
                "version": context.function_version,
                "memory": context.memory_limit_in_mb,
                "group": context.log_group_name,
                "stream": context.log_stream_name,
                "custom": context.client_context and context.client_context.custom,
            }
    """)
    assert function.returns({"n": 1}, client_context='{"custom": {"who": "me"}}') == {
        "event": {"n": 1},
        "id": REQUEST_ID,
        "arn": "arn:aws:lambda:eu-west-1:123456789012:function:worker:live",
        "name": "worker",
        "version": "$LATEST",
        "memory": "128",
        "group": "/aws/lambda/worker",
        "stream": "2026/09/21/[$LATEST]0123",
        "custom": {"who": "me"},
    }


def test_the_handler_may_be_in_a_package_of_the_zip_with_its_own_dependencies(deploy):
    files = {
        "service/__init__.py": "",
        "service/entry.py": """
            import vendored
            def main(event, context):
                return vendored.WHO
        """,
        "vendored.py": "WHO = 'mine'",
    }
    assert deploy(files, handler="service/entry.main").returns() == "mine"
    assert deploy(files, handler="service.entry.main").returns() == "mine"


def test_the_package_comes_before_layers_and_layers_before_pythons_own(deploy):
    shows_modules = {
        "app.py": """
            import in_package, in_layer, in_site_packages, simplejson, os
            def handler(event, context):
                return [in_package.WHO, in_layer.WHO, in_site_packages.WHO, os.path.exists("here.txt")]
        """,
        "in_package.py": "WHO = 'package'",
        "here.txt": "the working directory is the package's",
    }
    first = zipped({"python/in_package.py": "WHO = 'layer'", "python/in_layer.py": "WHO = 'first'"})
    second = zipped(
        {
            "python/in_layer.py": "WHO = 'second'",
            "python/lib/python3.13/site-packages/in_site_packages.py": "WHO = 'site-packages'",
        }
    )
    found = deploy(shows_modules, layers=(first, second)).returns()
    assert found == ["package", "second", "site-packages", True]


def test_pythonpath_may_name_lambdas_directories(deploy):
    files = {
        "app.py": """
            import deep
            def handler(event, context):
                return deep.WHO
        """,
        "vendor/deep.py": "WHO = 'found'",
    }
    assert deploy(files, environment=(("PYTHONPATH", "/opt/nothing:/var/task/vendor"),)).returns() == "found"


def test_neither_the_lab_nor_its_repository_can_be_imported(deploy):
    function = deploy("""
        import importlib.util
        def handler(event, context):
            return [name for name in ("async_lab", "benchmarks", "sandbox", "model") if importlib.util.find_spec(name)]
    """)
    assert function.returns() == []


def test_a_program_in_the_package_stays_executable(deploy):
    buffer = io.BytesIO(
        zipped(
            {
                "app.py": """
                    import subprocess
                    def handler(event, context):
                        return subprocess.check_output(["./tool"], text=True)
                """
            }
        )
    )
    with zipfile.ZipFile(buffer, "a") as archive:
        tool = zipfile.ZipInfo("tool")
        tool.external_attr = 0o755 << 16
        archive.writestr(tool, "#!/bin/sh\necho works")
    package = buffer.getvalue()
    assert deploy({}, package=package, package_sha256="with a tool").returns() == "works\n"


def test_a_package_that_is_not_a_zip_is_refused_with_a_sentence(deploy):
    function = deploy({}, package=b"not a zip", package_sha256="broken")
    for _ in range(2):
        with pytest.raises(UnusablePackage, match=r"^Could not unzip uploaded file"):
            function()


def test_a_runtime_other_than_python_is_refused_and_the_way_out_named(deploy):
    with pytest.raises(UnsupportedRuntime, match=r"'nodejs22\.x'.*TARGET=aws"):
        deploy("", runtime="nodejs22.x")()


COUNTS = """
    import pathlib, tempfile, uuid
    count, me = 0, uuid.uuid4().hex
    def handler(event, context):
        global count
        count += 1
        mine = pathlib.Path(tempfile.gettempdir(), "mine")
        there = mine.exists()
        mine.touch()
        return [count, there, me]
"""


def test_a_warm_environment_keeps_its_process_its_module_state_and_its_temporary_files(deploy):
    function = deploy(COUNTS)
    first, second = function.returns(), function.returns(at=AT + 1)
    assert first[:2] == [1, False]
    assert second == [2, True, first[2]]


def test_environments_share_nothing(deploy):
    function = deploy(COUNTS)
    one, other = function.returns(environment="one"), function.returns(environment="other")
    assert one[:2] == other[:2] == [1, False]
    assert one[2] != other[2]


def test_only_a_cold_start_has_an_initialization_and_it_is_a_constant(deploy):
    function = deploy(COUNTS)
    assert [function().init_seconds, function().init_seconds] == [0.1, None]


def test_new_code_or_configuration_starts_the_environment_anew(deploy):
    function = deploy(COUNTS)
    function()
    function.deployment = deploy(COUNTS, environment=(("NEW", "1"),)).deployment
    assert function.returns()[0] == 1


def test_an_alias_and_its_version_share_an_environment_and_the_context_names_what_was_invoked(deploy):
    function = deploy("""
        count = 0
        def handler(event, context):
            global count
            count += 1
            return [count, context.invoked_function_arn]
    """)
    function()
    function.deployment = deploy(
        {}, function_arn="arn:of:version:7", package_sha256=function.deployment.package_sha256
    ).deployment
    assert function.returns() == [2, "arn:of:version:7"]


def test_a_handler_reaches_the_endpoint_with_boto3_and_its_dummy_credentials(deploy):
    """boto3 is there as on Lambda, though the package doesn't bring it."""
    function = deploy(
        """
        import boto3
        def handler(event, context):
            client = boto3.client("sqs")
            return [client.meta.endpoint_url, client.meta.region_name]
        """,
        memory_size_mb=512,
    )
    assert function.returns() == ["http://127.0.0.1:4566", "eu-west-1"]
