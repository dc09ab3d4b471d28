import pytest
from lambda_client import ACCOUNT_ID, FUNCTION_ARN, NAME, QUEUE_ARN, REGION, ROLE_ARN, package

from async_lab.endpoint.functions import FunctionNotFound, find


def found(qualifier=None, draw=0.0):
    return find(ACCOUNT_ID, REGION, NAME, qualifier, draw)


def test_function_without_settings_has_lambdas_defaults(create):
    create()
    deployed = found()
    assert (deployed.arn, deployed.version, deployed.state) == (f"{FUNCTION_ARN}:$LATEST", "$LATEST", "Active")
    assert (deployed.maximum_event_age_seconds, deployed.maximum_retry_attempts) == (21600, 2)
    assert (deployed.reserved_concurrency, deployed.dead_letter_target, deployed.on_failure) == (None, None, None)
    assert (deployed.role_arn, deployed.deployment.log_group) == (ROLE_ARN, f"/aws/lambda/{NAME}")


def test_settings_are_those_of_the_qualifier(functions, create, allow):
    allow("*")
    create(DeadLetterConfig={"TargetArn": QUEUE_ARN}, Publish=True)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    functions.update_function_configuration(FunctionName=NAME, DeadLetterConfig={"TargetArn": ""}, Timeout=7)
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    functions.put_function_event_invoke_config(
        FunctionName=NAME,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": QUEUE_ARN}},
    )
    live, latest = found("live"), found()
    assert (live.arn, live.version, live.maximum_retry_attempts, live.on_failure) == (
        f"{FUNCTION_ARN}:live",
        "1",
        0,
        QUEUE_ARN,
    )
    assert (live.dead_letter_target, live.deployment.timeout_seconds) == (QUEUE_ARN, 3)
    assert (latest.maximum_retry_attempts, latest.dead_letter_target, latest.deployment.timeout_seconds) == (2, None, 7)
    assert (live.reserved_concurrency, latest.reserved_concurrency) == (0, 0)


def test_log_format_and_level_reach_the_handlers_environment(functions, create):
    create(LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN"}, Environment={"Variables": {"KEY": "1"}})
    assert dict(found().deployment.environment) == {
        "KEY": "1",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "WARN",
    }
    functions.update_function_configuration(FunctionName=NAME, LoggingConfig={"LogFormat": "Text"})
    assert dict(found().deployment.environment) == {"KEY": "1"}


def test_alias_with_routing_gives_the_additional_version_its_share(functions, create):
    create(Publish=True)
    functions.update_function_code(FunctionName=NAME, ZipFile=package("# new"), Publish=True)
    functions.create_alias(
        FunctionName=NAME,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}},
    )
    shares = [found("live", draw=share / 100).version for share in range(100)]
    assert (shares.count("1"), shares.count("2")) == (75, 25)
    assert found("live").version == "1"
    assert found("live", draw=0.99).arn == f"{FUNCTION_ARN}:live"


def test_revision_changes_with_code_and_configuration_and_only_with_them(functions, create):
    create()
    revisions = [found().revision]
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=1)
    assert found().revision == revisions[0]
    functions.update_function_configuration(FunctionName=NAME, Environment={"Variables": {"KEY": "1"}})
    revisions.append(found().revision)
    functions.update_function_code(FunctionName=NAME, ZipFile=package("# new"))
    revisions.append(found().revision)
    assert len(set(revisions)) == 3


def test_function_keeps_a_layer_that_is_deleted(functions, create):
    content = package()  # once: it holds the time
    layer = functions.publish_layer_version(LayerName="shared", Content={"ZipFile": content})
    create(Layers=[layer["LayerVersionArn"]])
    functions.delete_layer_version(LayerName="shared", VersionNumber=1)
    assert found().deployment.layers == (content,)


@pytest.mark.parametrize("qualifier", [None, "7", "live"])
def test_what_is_not_there_is_not_found(create, qualifier):
    if qualifier:
        create()
    with pytest.raises(FunctionNotFound, match=NAME):
        found(qualifier)
