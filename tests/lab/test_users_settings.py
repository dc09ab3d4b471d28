"""Whatever the user has set for other tools, a local run is the same."""

import json

import pytest
from program import call, copy_of_checkout

from async_lab.errors import ExitCode

pytestmark = pytest.mark.e2e

SETTINGS = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:1"),
    "AWS_CONFIG_FILE": "/not/there",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_LAMBDA": "no URL",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_PROFILE": "nobodys",
    "AWS_REGION": "nowhere-1",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "MOTO_ACCOUNT_ID": "999999999999",
    "MOTO_ALLOW_NONEXISTENT_REGION": "x",
    "MOTO_S3_CUSTOM_ENDPOINTS": "nowhere",
    "TF_CLI_ARGS": "-no-such-option",
    "TF_CLI_ARGS_apply": "-destroy",
    "TF_DATA_DIR": "/not/there",
    "TF_REATTACH_PROVIDERS": "no json",
    "TF_VAR_name": "another",
    "TF_VAR_timeout": "1",
    "TF_WORKSPACE": "another",
    "TMPDIR": "/not/there",
}


def test_a_run_is_the_same_whatever_is_set_for_other_tools(tmp_path):
    checkout = copy_of_checkout(tmp_path)
    (tmp_path / "theirs").mkdir()
    for name in ("moto", "flask", "boto3", "tempfile", "runner_of_theirs"):
        (tmp_path / "theirs" / f"{name}.py").write_text("raise SystemExit('another module of that name')\n")
    ran = call(checkout, "run", "baseline", "--json", **SETTINGS, PYTHONPATH=str(tmp_path / "theirs"))
    assert ran.returncode == ExitCode.AS_EXPECTED, ran.stderr
    target = json.loads(ran.stdout)["runs"][0]["target"]
    assert target == {
        "name": "local",
        "account_id": "123456789012",
        "region": "us-east-1",
        "function_name": "async-lab",
    }
    assert "destroyed; nothing is left" in ran.stderr
