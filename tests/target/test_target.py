import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from botocore.loaders import JSONFileLoader, Loader
from moto.core.base_backend import AccountSpecificBackend
from packages import deployed

from async_lab.endpoint.embedded import ACCOUNT_ID, Endpoint
from async_lab.errors import UsageError
from async_lab.target import served
from async_lab.target.aws import AwsTarget, open_aws
from async_lab.target.environment import endpoint_variables, local_environment
from async_lab.target.local import LocalTarget, open_local
from async_lab.target.served import ServedTarget, is_served

REGION = "eu-west-1"


@pytest.fixture
def endpoint():
    with Endpoint(start=1_692_778_920.0) as running:  # the first second of a minute
        yield running


@pytest.fixture
def users_settings(monkeypatch, tmp_path):
    """A user who has profiles, credentials and Terraform variables of their own."""
    config = tmp_path / "config"
    config.write_text("[default]\nregion = us-gov-west-1\n[profile mine]\nregion = eu-south-1\n")
    credentials = tmp_path / "credentials"
    keys = "aws_access_key_id = {0}\naws_secret_access_key = {0}\n"
    credentials.write_text(f"[default]\n{keys.format('users')}[mine]\n{keys.format('mine')}")
    for name in [name for name in os.environ if name.startswith(("AWS_", "TF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("TF_VAR_name", "the-users")
    monkeypatch.setenv("TF_WORKSPACE", "theirs")
    return monkeypatch


def test_waiting_on_the_endpoint_moves_its_clock_and_takes_no_time(endpoint):
    target = LocalTarget(endpoint, REGION)
    before = target.now()
    target.wait(21_600)
    assert target.now() == before + 21_600


@pytest.mark.parametrize(("second", "waited"), [(0, 105), (44, 61), (45, 60), (59, 46)])
def test_a_run_begins_at_second_45_of_a_minute_that_holds_nothing_else(endpoint, second, waited):
    target = LocalTarget(endpoint, REGION)
    target.wait(second)
    before = target.now()
    target.align()
    assert target.now() == before + waited


def test_nothing_of_the_users_account_or_stack_reaches_a_local_run(users_settings, endpoint):
    users_settings.setenv("AWS_PROFILE", "mine")
    environment = local_environment(endpoint.url, REGION)
    assert not any(name.startswith("TF_") for name in environment)
    assert "AWS_PROFILE" not in environment
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert endpoint_variables(endpoint.url, REGION).items() <= environment.items()
    target = LocalTarget(endpoint, REGION)
    assert target.session.profile_name == "default"
    assert target.session.get_credentials().access_key == "local"
    assert target.client("sts").get_caller_identity()["Account"] == ACCOUNT_ID


def test_only_what_says_where_providers_are_is_left_of_terraforms_own_settings(users_settings, endpoint):
    kept = {"TF_CLI_CONFIG_FILE": "a", "TF_PLUGIN_CACHE_DIR": "b", "TF_TOKEN_example_com": "c", "TF_LOG": "info"}
    gone = [
        "TF_REATTACH_PROVIDERS",
        "TF_CLI_ARGS_plan",
        "TF_HTTP_ADDRESS",
        "MOTO_ACCOUNT_ID",
        "AWS_ENDPOINT_URL_LAMBDA",
    ]
    for name, value in (kept | dict.fromkeys(gone, "x")).items():
        users_settings.setenv(name, value)
    environment = local_environment(endpoint.url, REGION)
    assert kept.items() <= environment.items()
    assert environment.keys().isdisjoint(gone)


def test_on_aws_terraform_does_what_the_scenario_says_and_nothing_else(users_settings, endpoint):
    users_settings.setenv("AWS_ENDPOINT_URL", endpoint.url)
    users_settings.setenv("TF_REATTACH_PROVIDERS", "{}")
    users_settings.setenv("TF_DATA_DIR", "theirs")
    environment = open_aws(None, None).environment
    assert environment.keys().isdisjoint({"TF_VAR_name", "TF_REATTACH_PROVIDERS"})
    assert (environment["TF_WORKSPACE"], environment["TF_DATA_DIR"]) == ("theirs", "theirs")


def test_models_of_services_that_a_user_keeps_are_not_a_local_runs(users_settings, endpoint, tmp_path, monkeypatch):
    for folder in (tmp_path / "home", tmp_path / "named"):
        (folder / "sts" / "2099-01-01").mkdir(parents=True)
        (folder / "sts" / "2099-01-01" / "service-2.json").write_text("{}")
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path / "home"))
    users_settings.setenv("AWS_DATA_PATH", str(tmp_path / "named"))
    assert LocalTarget(endpoint, REGION).client("sts").get_caller_identity()["Account"] == ACCOUNT_ID


def test_a_services_model_is_read_once_for_all_targets(endpoint, monkeypatch):
    LocalTarget(endpoint, REGION).client("sts")
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda *_: pytest.fail("read again"))
    assert LocalTarget(endpoint, REGION).client("sts").get_caller_identity()["Account"] == ACCOUNT_ID


def test_a_profile_that_does_not_exist_is_none_of_the_endpoints_business(users_settings):
    users_settings.setenv("AWS_PROFILE", "nobodys")
    AccountSpecificBackend.get_session.cache_clear()
    AccountSpecificBackend._generate_regions.cache_clear()
    before = dict(os.environ)
    with open_local(REGION, seed=0) as target:
        assert target.cloudwatch().describe_alarms()["MetricAlarms"] == []
        assert target.client("logs").describe_log_groups()["logGroups"] == []
    assert dict(os.environ) == before


def test_what_is_opened_locally_is_gone_afterwards():
    with open_local(REGION, seed=0) as target:
        assert (target.region, target.account_id, target.is_disposable) == (REGION, ACCOUNT_ID, True)
        target.client("logs").create_log_group(logGroupName="/lab")
    with open_local(REGION, seed=0) as another:
        assert another.client("logs").describe_log_groups()["logGroups"] == []


def test_the_account_is_that_of_the_credentials(users_settings, endpoint):
    users_settings.setenv("AWS_ENDPOINT_URL", endpoint.url)
    target = open_aws(profile=None, region=None)
    assert isinstance(target, AwsTarget)
    assert (target.name, target.account_id, target.is_disposable) == ("aws", ACCOUNT_ID, False)


@pytest.mark.parametrize(
    ("option", "variable", "profile", "region"),
    [
        ("eu-west-1", "eu-north-1", "mine", "eu-west-1"),
        (None, "eu-north-1", "mine", "eu-north-1"),
        (None, None, "mine", "eu-south-1"),
        (None, None, None, "us-gov-west-1"),
    ],
)
def test_boto3_and_terraform_work_in_the_same_region(users_settings, endpoint, option, variable, profile, region):
    users_settings.setenv("AWS_ENDPOINT_URL", endpoint.url)
    if variable:
        users_settings.setenv("AWS_REGION", variable)
    target = open_aws(profile, option)
    assert target.region == target.environment["AWS_REGION"] == region
    assert target.environment.get("AWS_PROFILE") == profile
    assert target.client("lambda").meta.region_name == region


def test_terraform_is_who_the_profile_says_whatever_else_the_environment_has(users_settings, endpoint):
    users_settings.setenv("AWS_ENDPOINT_URL", endpoint.url)
    users_settings.setenv("AWS_ACCESS_KEY_ID", "another")
    users_settings.setenv("AWS_SECRET_ACCESS_KEY", "another")
    environment = open_aws("mine", None).environment
    assert environment["AWS_PROFILE"] == "mine"
    assert environment.keys().isdisjoint({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
    assert open_aws(None, None).environment["AWS_ACCESS_KEY_ID"] == "another"


def test_without_any_region_it_is_asked_for(users_settings):
    users_settings.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(UsageError, match="No AWS region is set"):
        open_aws(None, None)


PROXIES = [f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL")]


@pytest.mark.parametrize("spelled", [str.upper, str.lower])
def test_a_proxy_is_not_asked_for_the_endpoint(monkeypatch, endpoint, spelled):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in PROXIES:
        monkeypatch.setenv(spelled(name), "http://127.0.0.1:1")
    target = LocalTarget(endpoint, REGION)
    assert target.client("logs").describe_log_groups()["logGroups"] == []
    assert target.invoking_client().list_functions()["Functions"] == []


@pytest.mark.parametrize(
    ("users", "merged"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "intranet, .corp"}, "intranet,.corp,127.0.0.1,localhost,::1"),
        ({"no_proxy": "one", "NO_PROXY": "other"}, "one,other,127.0.0.1,localhost,::1"),
        ({"no_proxy": "*"}, "*"),
        ({"no_proxy": "localhost"}, "localhost,127.0.0.1,::1"),
    ],
)
def test_what_terraform_and_shells_get_keeps_the_users_exceptions(monkeypatch, users, merged):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in users.items():
        monkeypatch.setenv(name, value)
    for variables in (
        endpoint_variables("http://127.0.0.1:1", REGION),
        local_environment("http://127.0.0.1:1", REGION),
    ):
        assert (variables["NO_PROXY"], variables["no_proxy"]) == (merged, merged)


def test_events_are_told_of_one_function_since_then(endpoint):
    target = LocalTarget(endpoint, REGION)
    one, other = deployed(target.client, "one"), deployed(target.client, "other")

    def send(name, payload):
        target.invoking_client().invoke(FunctionName=name, InvocationType="Event", Payload=payload)

    send(one, b'{"secret": 1}')
    send(other, b"{}")
    target.wait(60)
    since = target.now()
    send(one, b'{"fail": "no"}')
    target.wait(30)

    before, after = target.events(one, 0)
    assert (before.condition, before.payload) == ("Success", b'{"secret": 1}')
    assert [attempt.outcome for attempt in after.attempts] == ["error"]
    assert target.events(one, since) == (after,)
    assert LocalTarget(endpoint, "us-east-1").events(one, 0) == ()


def test_an_endpoint_that_is_served_elsewhere_has_its_own_time(endpoint, users_settings):
    target = ServedTarget(endpoint.url, REGION)
    assert target.now() == 1_692_778_920
    target.wait(90)
    assert target.now() == endpoint.clock.now() == 1_692_779_010
    assert (target.account_id, target.name, target.events("any", 0)) == (endpoint.account_id, "local", None)
    assert is_served(endpoint.url)


def test_moving_the_clock_of_one_takes_as_long_as_what_runs_on_the_way(endpoint, users_settings):
    target, wait = ServedTarget(endpoint.url, REGION), endpoint.wait

    def slow(seconds):
        time.sleep(0.5)
        wait(seconds)

    users_settings.setattr(endpoint, "wait", slow)
    with users_settings.context() as impatient:
        impatient.setattr(served, "_ANSWER_SECONDS", 0.1)
        target.wait(90)
    assert endpoint.clock.now() == 1_692_779_010


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "https://sqs.eu-west-1.amazonaws.com", "http://example.com:4600"]
)
def test_what_is_no_embedded_endpoint_is_not_taken_for_one(url):
    assert not is_served(url)


def test_another_server_of_this_machine_is_not_taken_for_one(httpserver_that_knows_nothing):
    assert not is_served(httpserver_that_knows_nothing)


@pytest.fixture
def httpserver_that_knows_nothing():
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_answers_for_aws_at_another_url_is_asked_for_everything(endpoint, users_settings):
    target = open_aws("mine", REGION, endpoint.url)
    assert target.account_id == endpoint.account_id
    assert target.client("lambda").list_functions()["Functions"] == []
