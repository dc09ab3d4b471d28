import json

import pytest
from botocore.exceptions import ClientError
from lambda_client import FUNCTION_ARN, NAME, QUEUE_ARN, ROLE_ARN, TOPIC_ARN, client, package, refused

ACCESS_POINTS = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point"
SETTINGS = {
    "Description": "first",
    "Timeout": 10,
    "MemorySize": 256,
    "DeadLetterConfig": {"TargetArn": QUEUE_ARN},
    "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/lab", "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO"},
    "TracingConfig": {"Mode": "Active"},
    "EphemeralStorage": {"Size": 1024},
    "Environment": {"Variables": {"KEY": "1"}},
    "KMSKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/one",
    "FileSystemConfigs": [
        {
            "Arn": "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0",
            "LocalMountPath": "/mnt/a",
        }
    ],
}
CHANGED = {
    "Description": "second",
    "Timeout": 20,
    "MemorySize": 512,
    "DeadLetterConfig": {"TargetArn": TOPIC_ARN},
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/other"},
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 2048},
    "Environment": {"Variables": {"OTHER": "2"}},
    "KMSKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/two",
    "FileSystemConfigs": [],
}


def configuration(functions, **whose):
    return functions.get_function_configuration(FunctionName=NAME, **whose)


def of(answer, names):
    return {name: answer.get(name, []) for name in names}  # an empty list is left out


@pytest.fixture
def lenient(allow):
    """A role that may do everything."""
    allow("*")


def test_settings_read_back_as_they_were_created_and_as_they_were_changed(functions, create, lenient):
    created = create(**SETTINGS, Architectures=["arm64"], SnapStart={"ApplyOn": "PublishedVersions"})
    assert (created["State"], created["Architectures"]) == ("Pending", ["arm64"])
    assert of(configuration(functions), SETTINGS) == SETTINGS
    functions.update_function_configuration(FunctionName=NAME, **CHANGED)
    answer = configuration(functions)
    assert of(answer, CHANGED) == CHANGED
    assert (answer["State"], answer["LastUpdateStatus"]) == ("Active", "Successful")


def test_empty_dead_letter_config_keeps_it_and_an_empty_target_clears_it(functions, create, lenient):
    create(DeadLetterConfig={"TargetArn": QUEUE_ARN})
    functions.update_function_configuration(FunctionName=NAME, DeadLetterConfig={}, Description="new")
    assert configuration(functions)["DeadLetterConfig"] == {"TargetArn": QUEUE_ARN}
    functions.update_function_configuration(FunctionName=NAME, DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in configuration(functions)


def test_environment_can_be_emptied(functions, create):
    create(Environment={"Variables": {"KEY": "1"}})
    functions.update_function_configuration(FunctionName=NAME, Environment={})
    assert "Environment" not in configuration(functions)


def test_json_logs_have_default_levels(functions, create):
    create(LoggingConfig={"LogFormat": "JSON"})
    assert configuration(functions)["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": f"/aws/lambda/{NAME}",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }


def test_new_code_may_be_for_another_architecture(functions, create):
    before = create()["CodeSha256"]
    functions.update_function_code(FunctionName=NAME, ZipFile=package("# new"), Architectures=["arm64"])
    answer = configuration(functions)
    assert answer["Architectures"] == ["arm64"]
    assert answer["CodeSha256"] != before


def test_version_keeps_what_latest_changes(functions, create, clock):
    create(Description="first", SnapStart={"ApplyOn": "PublishedVersions"})
    published = functions.publish_version(FunctionName=NAME)
    clock.move_to(clock.now() + 60)
    functions.update_function_configuration(FunctionName=NAME, Description="second")
    kept = configuration(functions, Qualifier="1")
    assert (published["Version"], kept["Description"]) == ("1", "first")
    assert kept["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert configuration(functions)["Description"] == "second"
    assert (kept["LastModified"], configuration(functions)["LastModified"]) == (
        "2026-11-23T08:23:45.000+0000",
        "2026-11-23T08:24:45.000+0000",
    )


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"DeadLetterConfig": {"TargetArn": QUEUE_ARN}}, "SendMessage on SQS"),
        ({"DeadLetterConfig": {"TargetArn": TOPIC_ARN}}, "Publish on SNS"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}, "CreateNetworkInterface on EC2"),
        ({"TracingConfig": {"Mode": "Active"}}, "PutTraceSegments on XRAY"),
    ],
)
def test_settings_that_the_role_can_not_serve_are_refused(functions, create, wanted, said):
    message = f"The provided execution role does not have permissions to call {said}"
    with refused("InvalidParameterValueException", 400, message):
        create(**wanted)
    create()
    before = configuration(functions)["Description"]
    with refused("InvalidParameterValueException", 400, message):
        functions.update_function_configuration(FunctionName=NAME, Description="new", **wanted)
    assert configuration(functions)["Description"] == before


def test_statements_belong_to_a_qualifier(functions, create):
    create()
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="$LATEST")
    wanted = {"FunctionName": NAME, "StatementId": "s3", "Action": "lambda:InvokeFunction"}
    wanted |= {"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::in", "SourceAccount": "123456789012"}
    functions.add_permission(**wanted)
    functions.add_permission(**wanted, Qualifier="live")
    message = (
        "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing "
        "statement."
    )
    with refused("ResourceConflictException", 409, message):
        functions.add_permission(**wanted)
    for qualifier, arn in (({}, FUNCTION_ARN), ({"Qualifier": "live"}, f"{FUNCTION_ARN}:live")):
        statements = json.loads(functions.get_policy(FunctionName=NAME, **qualifier)["Policy"])["Statement"]
        assert [statement["Resource"] for statement in statements] == [arn]
    functions.remove_permission(FunctionName=NAME, StatementId="s3")
    with refused("ResourceNotFoundException", 404, "The resource you requested does not exist."):
        functions.get_policy(FunctionName=NAME)
    assert functions.get_policy(FunctionName=NAME, Qualifier="live")


def test_image_configuration_reads_back_and_can_be_taken_away(functions):
    image = {"Code": {"ImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/orders:1"}, "PackageType": "Image"}
    functions.create_function(FunctionName=NAME, Role=ROLE_ARN, **image, ImageConfig={"Command": ["app.first"]})
    functions.update_function_configuration(FunctionName=NAME, ImageConfig={"Command": ["app.second"]})
    assert configuration(functions)["ImageConfigResponse"]["ImageConfig"]["Command"] == ["app.second"]
    functions.update_function_configuration(FunctionName=NAME, ImageConfig={})
    assert "ImageConfigResponse" not in configuration(functions)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"Timeout": 901}, "Value '901' at 'timeout'|less than or equal to 900"),
        ({"Timeout": 0}, "Value '0' at 'timeout'|greater than or equal to 1"),
        ({"MemorySize": 127}, "Value '127' at 'memorySize'|greater than or equal to 128"),
        ({"EphemeralStorage": {"Size": 511}}, "Value '511' at 'ephemeralStorage.size'|greater than or equal to 512"),
    ],
)
def test_size_out_of_range_is_refused_at_creation_and_at_a_change(functions, create, settings, said):
    what, bound = said.split("|")
    message = f"1 validation error detected: {what} failed to satisfy constraint: Member must have value {bound}"
    with refused("ValidationException", 400, message):
        create(**settings)
    create()
    with refused("ValidationException", 400, message):
        functions.update_function_configuration(FunctionName=NAME, **settings)


def test_number_of_a_deleted_version_is_not_given_again(functions, create):
    create(Publish=True)
    for code in ("# second", "# third"):
        published = functions.update_function_code(FunctionName=NAME, ZipFile=package(code), Publish=True)["Version"]
        functions.delete_function(FunctionName=NAME, Qualifier=str(int(published) - 1))
    assert published == "3"
    versions = functions.list_versions_by_function(FunctionName=NAME)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "3"]


def test_a_network_that_is_not_there_is_refused_and_changes_nothing(url, functions, create, lenient):
    subnet = client("ec2", url).describe_subnets()["Subnets"][0]["SubnetId"]
    create()
    for wanted, said in (
        ({"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}, "InvalidSubnetID.NotFound"),
        ({"SubnetIds": [subnet], "SecurityGroupIds": ["sg-1"]}, "InvalidGroup.NotFound"),
    ):
        with pytest.raises(ClientError, match=said):
            functions.update_function_configuration(FunctionName=NAME, VpcConfig=wanted)
        assert "VpcConfig" not in configuration(functions)
