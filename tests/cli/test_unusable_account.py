"""The command line with an account, settings or an endpoint that can't be used. Nothing here is provisioned."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from program import call, sentence

from async_lab.errors import ExitCode
from async_lab.target.environment import endpoint_variables

pytestmark = pytest.mark.e2e

CLOSED = "http://127.0.0.1:9"  # the port "discard", which nobody listens on any more


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
