import pytest
from lambda_client import FUNCTION_ARN, NAME, QUEUE_ARN, START, TOPIC_ARN, refused

EMPTY = {"OnSuccess": {}, "OnFailure": {}}


@pytest.fixture
def config(functions, create):
    """The function's event-invoke configs."""
    create()
    return functions


def without_metadata(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def read(config, **whose):
    return without_metadata(config.get_function_event_invoke_config(FunctionName=NAME, **whose))


def test_answer_leaves_out_what_is_not_set_and_always_has_both_destinations(config):
    config.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=0)
    answer = read(config)
    assert answer.pop("LastModified").timestamp() == START
    assert answer == {"FunctionArn": f"{FUNCTION_ARN}:$LATEST", "MaximumRetryAttempts": 0, "DestinationConfig": EMPTY}


def test_put_replaces_and_update_merges(config, allow):
    allow("sqs:SendMessage")
    on_failure = {"OnFailure": {"Destination": QUEUE_ARN}}
    config.put_function_event_invoke_config(
        FunctionName=NAME, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60, DestinationConfig=on_failure
    )
    config.update_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=0)
    merged = read(config)
    assert (merged["MaximumRetryAttempts"], merged["MaximumEventAgeInSeconds"]) == (0, 60)
    assert merged["DestinationConfig"] == {"OnSuccess": {}, **on_failure}
    config.put_function_event_invoke_config(FunctionName=NAME, MaximumEventAgeInSeconds=90)
    replaced = read(config)
    assert "MaximumRetryAttempts" not in replaced
    assert (replaced["MaximumEventAgeInSeconds"], replaced["DestinationConfig"]) == (90, EMPTY)


def test_latest_versions_and_aliases_each_have_their_own(config):
    config.publish_version(FunctionName=NAME)
    config.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    for retries, qualifier in enumerate(("$LATEST", "1", "live")):
        config.put_function_event_invoke_config(FunctionName=NAME, Qualifier=qualifier, MaximumRetryAttempts=retries)
    assert read(config)["MaximumRetryAttempts"] == 0
    assert read(config, Qualifier="live")["FunctionArn"] == f"{FUNCTION_ARN}:live"
    listed = config.list_function_event_invoke_configs(FunctionName=NAME)["FunctionEventInvokeConfigs"]
    found = {entry["FunctionArn"].rpartition(":")[2]: entry["MaximumRetryAttempts"] for entry in listed}
    assert found == {"$LATEST": 0, "1": 1, "live": 2}
    config.delete_function_event_invoke_config(FunctionName=NAME, Qualifier="1")
    assert len(config.list_function_event_invoke_configs(FunctionName=NAME)["FunctionEventInvokeConfigs"]) == 2


@pytest.mark.parametrize("name", [f"{NAME}:live", f"{FUNCTION_ARN}:live", f"123456789012:function:{NAME}:live"])
def test_qualifier_may_be_part_of_the_name(config, name):
    config.create_alias(FunctionName=NAME, Name="live", FunctionVersion="$LATEST")
    config.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    assert read(config, Qualifier="live")["MaximumRetryAttempts"] == 1


@pytest.mark.parametrize("request_name", ["get", "delete", "update"])
def test_config_that_is_not_there_is_404(config, request_name):
    ask = getattr(config, f"{request_name}_function_event_invoke_config")
    named = {"FunctionName": NAME} | ({"MaximumRetryAttempts": 1} if request_name == "update" else {})
    message = f"The function {FUNCTION_ARN}:$LATEST doesn't have an EventInvokeConfig"
    with refused("ResourceNotFoundException", 404, message):
        ask(**named)


def test_qualifier_that_is_not_there_is_404(config):
    with refused("ResourceNotFoundException", 404, f"Function not found: {FUNCTION_ARN}:live"):
        config.put_function_event_invoke_config(FunctionName=NAME, Qualifier="live", MaximumRetryAttempts=1)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("MaximumRetryAttempts", 3, "Value '3' at 'maximumRetryAttempts'|less than or equal to 2"),
        ("MaximumRetryAttempts", -1, "Value '-1' at 'maximumRetryAttempts'|greater than or equal to 0"),
        ("MaximumEventAgeInSeconds", 59, "Value '59' at 'maximumEventAgeInSeconds'|greater than or equal to 60"),
        ("MaximumEventAgeInSeconds", 21601, "Value '21601' at 'maximumEventAgeInSeconds'|less than or equal to 21600"),
    ],
)
def test_value_out_of_range_is_refused(config, field, value, said):
    what, bound = said.split("|")
    message = f"1 validation error detected: {what} failed to satisfy constraint: Member must have value {bound}"
    with refused("ValidationException", 400, message):
        config.put_function_event_invoke_config(FunctionName=NAME, **{field: value})


def test_config_that_says_nothing_is_refused(config):
    message = "You must specify at least one of error handling or destination setting."
    with refused("InvalidParameterValueException", 400, message):
        config.put_function_event_invoke_config(FunctionName=NAME)


@pytest.mark.parametrize(
    ("arn", "action", "verb"),
    [
        (QUEUE_ARN, "sqs:SendMessage", "SendMessage"),
        (TOPIC_ARN, "sns:Publish", "Publish"),
        (FUNCTION_ARN.replace(NAME, "other"), "lambda:InvokeFunction", "InvokeFunction"),
        ("arn:aws:events:eu-west-1:123456789012:event-bus/failed", "events:PutEvents", "PutEvents"),
        ("arn:aws:s3:::failed", "s3:*", "PutObject"),
    ],
)
def test_destination_that_the_role_may_not_write_to_is_refused(config, create, allow, arn, action, verb):
    create(FunctionName="other")
    wanted = {"FunctionName": NAME, "DestinationConfig": {"OnFailure": {"Destination": arn}}}
    message = f"The function's execution role does not have permissions to call {verb} on {arn}"
    with refused("InvalidParameterValueException", 400, message):
        config.put_function_event_invoke_config(**wanted)
    allow(action)
    config.put_function_event_invoke_config(**wanted)
    assert read(config)["DestinationConfig"]["OnFailure"] == {"Destination": arn}


@pytest.mark.parametrize(
    ("on", "arn", "said"),
    [
        ("OnFailure", f"{QUEUE_ARN}.fifo", "onSuccess=null, onFailure=OnFailure(destination={arn})"),
        (
            "OnFailure",
            "arn:aws:dynamodb:eu-west-1:123456789012:table/failed",
            "onSuccess=null, onFailure=OnFailure(destination={arn})",
        ),
        ("OnSuccess", "arn:aws:s3:::succeeded", "onSuccess=OnSuccess(destination={arn}), onFailure=null"),
    ],
)
def test_destination_of_another_kind_is_refused(config, allow, on, arn, said):
    allow("*")
    message = f"The provided destination config DestinationConfig({said.format(arn=arn)}) is invalid."
    with refused("InvalidParameterValueException", 400, message):
        config.put_function_event_invoke_config(FunctionName=NAME, DestinationConfig={on: {"Destination": arn}})


def test_function_that_is_not_there_is_refused_as_destination(config, allow):
    allow("*")
    arn = FUNCTION_ARN.replace(NAME, "nobody")
    with refused("InvalidParameterValueException", 400, f"The destination ARN {arn} is invalid."):
        config.put_function_event_invoke_config(
            FunctionName=NAME, DestinationConfig={"OnFailure": {"Destination": arn}}
        )


def test_function_can_not_be_its_own_destination(config):
    message = "You can't specify the function as a destination for itself."
    with refused("InvalidParameterValueException", 400, message):
        config.put_function_event_invoke_config(
            FunctionName=NAME, DestinationConfig={"OnSuccess": {"Destination": FUNCTION_ARN}}
        )


def test_config_goes_with_its_alias(config):
    config.create_alias(FunctionName=NAME, Name="live", FunctionVersion="$LATEST")
    config.put_function_event_invoke_config(FunctionName=NAME, Qualifier="live", MaximumRetryAttempts=1)
    config.delete_alias(FunctionName=NAME, Name="live")
    assert config.list_function_event_invoke_configs(FunctionName=NAME)["FunctionEventInvokeConfigs"] == []
