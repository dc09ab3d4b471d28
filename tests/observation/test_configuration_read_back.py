"""A function's configuration, read back from AWS: from functions that the async_lab didn't deploy."""

import pytest
from botocore.exceptions import ClientError
from observed import ARN, configuration_of

from async_lab.errors import UsageError
from async_lab.observation.configuration import (
    PERMISSIONS,
    AccountConcurrency,
    AsyncSettings,
    Configuration,
    Kind,
    Reservation,
    read_configuration,
)
from async_lab.observation.gaps import Looks
from async_lab.observation.observations import Observations


@pytest.fixture(scope="module")
def lab_settings():
    return {"region": "eu-west-1", "account_concurrency": 500}


@pytest.fixture
def client(target):
    return target.client("lambda")


def read(client, function):
    looks = Looks()
    return read_configuration(client, str(function), looks), looks.gaps


def refuse(client, operation, code="AccessDeniedException", message="no identity-based policy allows it"):
    """Answer one operation as AWS does to a caller who is not allowed it."""

    def answer(**_):
        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    client.meta.events.register(f"before-call.lambda.{operation}", answer)


def test_a_function_without_any_settings_has_lambdas_defaults(as_told, client):
    function = as_told()
    configuration, gaps = read(client, function)

    assert gaps == []
    assert (configuration.function.timeout_seconds, configuration.function.memory_mb) == (100, 128)
    assert configuration.function.kind is Kind.STANDARD
    assert configuration.function.dead_letter_arn is None
    assert configuration.reservation == Reservation(None)
    assert configuration.written == ()
    assert configuration.settings_of("$LATEST") == AsyncSettings("$LATEST", 21600, 2, is_written=False)
    assert configuration.account == AccountConcurrency(500, 500)


def test_what_was_set_is_read_back(as_told, client):
    function = as_told(reserved_concurrency=0, retries=0, maximum_age=60, failure_queue=True, dead_letter_queue=True)
    configuration, _ = read(client, function)

    assert configuration.reservation == Reservation(0)
    assert configuration.written == (AsyncSettings("$LATEST", 60, 0, on_failure=function.failure_queue),)
    assert configuration.function.dead_letter_arn == function.dead_letter_queue


def test_each_qualifier_has_its_own_settings_and_takes_no_others(as_told, lambda_, client):
    function = as_told()
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    lambda_.put_function_event_invoke_config(FunctionName=function.name, Qualifier="1", MaximumRetryAttempts=1)
    configuration, _ = read(client, function)

    assert configuration.aliases == {"live": "1"}
    assert configuration.settings_of("1").maximum_retry_attempts == 1
    assert configuration.settings_of("live") == AsyncSettings("live", is_written=False)
    assert configuration.settings_of("$LATEST").is_written is False


def test_a_function_that_is_not_there_is_named(client):
    with pytest.raises(UsageError, match="There is no function nowhere in eu-west-1"):
        read(client, "nowhere")


PARTS = {
    "GetFunctionConfiguration": "function",
    "GetFunctionConcurrency": "reservation",
    "ListFunctionEventInvokeConfigs": "written",
    "ListAliases": "aliases",
    "GetAccountSettings": "account",
}


@pytest.mark.parametrize(("operation", "part"), PARTS.items())
def test_a_call_that_is_denied_is_a_gap_and_all_else_is_seen(as_told, client, operation, part):
    function = as_told(reserved_concurrency=1)
    refuse(client, operation)
    configuration, gaps = read(client, function)

    unseen = [other for other in PARTS.values() if getattr(configuration, other) is None]
    assert unseen == [part]
    (gap,) = gaps
    assert gap.permission == f"lambda:{operation}"
    assert f"you are not allowed lambda:{operation}" in str(gap)
    assert gap.permission in PERMISSIONS.values()


def test_a_call_that_fails_is_a_gap_with_awss_words(as_told, client):
    function = as_told()
    refuse(client, "ListAliases", "ServiceException", "An error\noccurred.")
    _, gaps = read(client, function)

    assert list(map(str, gaps)) == [
        "The function's aliases could not be seen: lambda:ListAliases failed (ServiceException: An error occurred)."
    ]


def test_unknown_settings_are_not_taken_for_defaults():
    unseen = Configuration("async-lab")
    seen = Observations(0, 60, {}, unseen)

    assert unseen.settings_of("$LATEST") is None
    assert seen.standing == {}
    assert seen.keeps_failed_events is None


def test_the_settings_in_effect_are_those_of_the_qualifier_that_most_events_came_to():
    live = AsyncSettings("live", maximum_retry_attempts=0)
    configuration = Configuration("async-lab", written=(AsyncSettings("$LATEST", 60), live))

    assert Observations(0, 60, {}, configuration, {"$LATEST": 2, "live": 3}).settings == live
    assert Observations(0, 60, {}, configuration, {"$LATEST": 3, "live": 2}).settings.maximum_event_age_seconds == 60
    assert Observations(0, 60, {}, configuration).settings.maximum_event_age_seconds == 60


def test_settings_are_not_claimed_where_nobody_knows_which_qualifier_was_invoked():
    without, with_one = (
        Configuration("async-lab", written=()),
        Configuration("async-lab", written=(AsyncSettings("1"),)),
    )

    assert Observations(0, 60, {}, without, None).settings.maximum_event_age_seconds == 21600  # whichever it is
    assert Observations(0, 60, {}, with_one, None).settings is None


def test_settings_are_certain_where_they_are_the_same_for_all_events():
    live, one = AsyncSettings("live", 60), AsyncSettings("1", 60)
    same, differing = (Configuration("async-lab", written=(live, other)) for other in (one, AsyncSettings("1", 61)))
    both = {"live": 1, "1": 1}

    assert Observations(0, 60, {}, same, both).are_settings_certain
    assert not Observations(0, 60, {}, differing, both).are_settings_certain
    assert Observations(0, 60, {}, differing, {"live": 1}).are_settings_certain


def test_events_are_kept_only_where_every_qualifier_that_gets_them_has_a_destination():
    function = configuration_of().function
    kept = AsyncSettings("live", on_failure=ARN)
    configuration = Configuration("async-lab", function=function, written=(kept, AsyncSettings("1")))

    assert Observations(0, 60, {}, configuration, {"live": 1}).keeps_failed_events is True
    assert Observations(0, 60, {}, configuration, {"live": 2, "1": 1}).keeps_failed_events is False
    assert Observations(0, 60, {}, configuration, None).keeps_failed_events is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"DurableConfig": {"ExecutionTimeout": 3600}}, Kind.DURABLE),
        ({"CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {}}}, Kind.MANAGED_INSTANCES),
        ({}, Kind.STANDARD),
    ],
)
def test_functions_with_other_rules_are_known_as_such(client, answer, kind):
    whole = {"FunctionArn": ARN, "Timeout": 3, "MemorySize": 128, "Role": "r", "LastModified": "", **answer}
    client.meta.events.register("before-call.lambda.GetFunctionConfiguration", lambda **_: (Answered(), whole))

    assert read(client, "any")[0].function.kind is kind


class Answered:
    """An HTTP answer of which only the status counts."""

    status_code = 200
