"""Lambda's answers, whole: what AWS's recorded ones have and moto's have not."""

import json
import re

import pytest
from botocore.exceptions import ClientError
from lambda_client import FUNCTION_ARN, NAME, ROLE_ARN, package, refused, settings

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)
OTHER = "8d9b9a0e-3a84-4c3c-9a57-1b1f5c6d7e8f"


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_function_is_pending_when_it_is_made_and_active_when_it_is_asked_for(functions, create):
    made = create()
    assert (made["State"], made["StateReason"], made["StateReasonCode"]) == (
        "Pending",
        "The function is being created.",
        "Creating",
    )
    assert "LastUpdateStatus" not in made
    found = functions.get_function_configuration(FunctionName=NAME)
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in found


def test_a_change_is_in_progress_when_it_is_made(functions, create):
    create()
    for changed in (
        functions.update_function_configuration(FunctionName=NAME, Description="new"),
        functions.update_function_code(FunctionName=NAME, ZipFile=package("# new")),
    ):
        assert (changed["State"], changed["LastUpdateStatus"]) == ("Active", "InProgress")
    assert functions.get_function_configuration(FunctionName=NAME)["LastUpdateStatus"] == "Successful"


def test_lists_leave_states_out(functions, create):
    create()
    for listed in (
        functions.list_functions()["Functions"],
        functions.list_versions_by_function(FunctionName=NAME)["Versions"],
    ):
        assert [name for name in listed[0] if name.startswith(("State", "LastUpdate"))] == []
        assert listed[0]["RevisionId"]


def test_what_is_not_set_is_left_out_and_the_runtimes_version_is_there(functions, create):
    made = create()
    assert "Layers" not in made
    assert "FileSystemConfigs" not in made
    assert re.fullmatch(
        r"arn:aws:lambda:eu-west-1::runtime:[0-9a-f]{64}", made["RuntimeVersionConfig"]["RuntimeVersionArn"]
    )


def test_every_change_gives_a_new_revision_and_a_stale_one_is_refused(functions, create):
    first = create()["RevisionId"]
    assert UUID.fullmatch(first)
    assert functions.get_function_configuration(FunctionName=NAME)["RevisionId"] == first
    second = functions.update_function_configuration(FunctionName=NAME, Description="b", RevisionId=first)["RevisionId"]
    assert second != first
    for call, arguments in (
        (functions.update_function_configuration, {"Description": "c"}),
        (functions.update_function_code, {"ZipFile": package("# c")}),
        (functions.publish_version, {}),
    ):
        with refused("PreconditionFailedException", 412, STALE):
            call(FunctionName=NAME, RevisionId=first, **arguments)
    assert functions.get_function_configuration(FunctionName=NAME)["Description"] == "b"


def test_an_alias_has_revisions_of_its_own(functions, create):
    create(Publish=True)
    made = functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    changed = functions.update_alias(FunctionName=NAME, Name="live", Description="b", RevisionId=made["RevisionId"])
    assert changed["RevisionId"] != made["RevisionId"]
    with refused("PreconditionFailedException", 412, STALE):
        functions.update_alias(FunctionName=NAME, Name="live", Description="c", RevisionId=made["RevisionId"])


def test_every_answer_has_awss_status(functions, create):
    create(Publish=True)
    assert status(functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")) == 201
    assert status(functions.get_alias(FunctionName=NAME, Name="live")) == 200
    assert status(functions.update_alias(FunctionName=NAME, Name="live", Description="b")) == 200
    permission = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    assert status(functions.add_permission(FunctionName=NAME, **permission)) == 201
    assert status(functions.remove_permission(FunctionName=NAME, StatementId="s")) == 204
    ready = {"Qualifier": "live", "ProvisionedConcurrentExecutions": 1}
    assert status(functions.put_provisioned_concurrency_config(FunctionName=NAME, **ready)) == 202
    assert status(functions.delete_provisioned_concurrency_config(FunctionName=NAME, Qualifier="live")) == 204
    assert status(functions.create_function_url_config(FunctionName=NAME, AuthType="NONE")) == 201
    assert status(functions.get_function_url_config(FunctionName=NAME)) == 200
    assert status(functions.delete_function_url_config(FunctionName=NAME)) == 204
    assert status(functions.tag_resource(Resource=FUNCTION_ARN, Tags={"a": "b"})) == 204
    assert status(functions.untag_resource(Resource=FUNCTION_ARN, TagKeys=["a"])) == 204
    assert status(functions.delete_alias(FunctionName=NAME, Name="live")) == 204


@pytest.mark.parametrize(
    "called",
    [
        NAME,
        f"{NAME}:$LATEST",
        f"123456789012:function:{NAME}",
        FUNCTION_ARN,
        f"{FUNCTION_ARN}:$LATEST",
        f"123456789012:function:{NAME}:live",
    ],
)
def test_a_function_is_found_by_whatever_lambda_takes_for_its_name(functions, create, called):
    create(Publish=True)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    found = functions.get_function_configuration(FunctionName=called)
    qualifier = called.rpartition(":")[2] if called.endswith(("live", "$LATEST")) else None
    assert found["FunctionArn"] == (f"{FUNCTION_ARN}:{qualifier}" if qualifier else FUNCTION_ARN)
    assert functions.get_function(FunctionName=called)["Configuration"]["FunctionArn"] == found["FunctionArn"]


def test_an_aliass_arn_is_the_aliass_and_a_versions_the_versions(functions, create):
    create(Publish=True)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    by_alias = functions.get_function_configuration(FunctionName=NAME, Qualifier="live")
    assert (by_alias["FunctionArn"], by_alias["Version"]) == (f"{FUNCTION_ARN}:live", "1")
    assert (
        functions.get_function(FunctionName=NAME, Qualifier="1")["Configuration"]["FunctionArn"] == f"{FUNCTION_ARN}:1"
    )


def test_a_name_says_nothing_else_than_the_qualifier_beside_it(functions, create):
    create(Publish=True)
    message = "The derived qualifier from the function name does not match the specified qualifier."
    with refused("InvalidParameterValueException", 400, message):
        functions.put_function_event_invoke_config(
            FunctionName=f"{FUNCTION_ARN}:1", Qualifier="$LATEST", MaximumRetryAttempts=0
        )
    elsewhere = FUNCTION_ARN.replace("eu-west-1", "us-east-1")
    message = "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')"
    with refused("ResourceNotFoundException", 404, message):
        functions.get_function(FunctionName=elsewhere)


def test_errors_have_their_type_and_message_in_the_body_too(functions):
    with pytest.raises(ClientError) as raised:
        functions.get_function(FunctionName="nobody")
    answer = raised.value.response
    assert (answer["Type"], answer["Message"]) == ("User", answer["Error"]["Message"])


@pytest.mark.parametrize(
    ("named", "principal"),
    [
        ("s3.amazonaws.com", {"Service": "s3.amazonaws.com"}),
        ("210987654321", {"AWS": "arn:aws:iam::210987654321:root"}),
        ("arn:aws:iam::210987654321:role/r", {"AWS": "arn:aws:iam::210987654321:role/r"}),
        ("*", "*"),
    ],
)
def test_a_permissions_principal_reads_as_policies_have_it(functions, create, named, principal):
    create()
    request = {"FunctionName": NAME, "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": named}
    added = json.loads(functions.add_permission(**request)["Statement"])
    assert added["Principal"] == principal
    assert json.loads(functions.get_policy(FunctionName=NAME)["Policy"])["Statement"] == [added]


@pytest.mark.parametrize(
    "named", ["s3", "123", "arn:aws:iam::123456789012:role/missing", "arn:aws:iam::12:root", "arn:aws:s3:::bucket"]
)
def test_a_permission_is_for_somebody_that_there_may_be(functions, create, named):
    create()
    wanted = {"FunctionName": NAME, "StatementId": "s", "Action": "lambda:InvokeFunction"}
    sentence = "The provided principal was invalid. Please check the principal and try again."
    with refused("InvalidParameterValueException", 400, sentence):
        functions.add_permission(**wanted, Principal=named)
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_policy(FunctionName=NAME)
    functions.add_permission(**wanted, Principal=ROLE_ARN)


def test_a_urls_authorization_is_for_its_own_action(functions, create):
    create()
    wanted = {"FunctionName": NAME, "StatementId": "s", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    sentence = "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"
    with refused("InvalidParameterValueException", 400, sentence):
        functions.add_permission(**wanted, Action="lambda:InvokeFunction")
    functions.add_permission(**wanted, Action="lambda:InvokeFunctionUrl")


@pytest.mark.parametrize(
    ("runtime", "is_taken"),
    [
        ("python3.12", True),
        ("python3.11", False),
        ("java21", True),
        ("dotnet8", True),
        ("nodejs22.x", False),
        ("provided.al2023", False),
    ],
)
def test_snapstart_is_for_some_runtimes(create, runtime, is_taken):
    wanted = {"Runtime": runtime, "SnapStart": {"ApplyOn": "PublishedVersions"}}
    if is_taken:
        assert create(**wanted)["SnapStart"]["ApplyOn"] == "PublishedVersions"
        return
    sentence = f"{runtime} is not supported for SnapStart enabled functions."
    with refused("InvalidParameterValueException", 400, sentence):
        create(**wanted)
    create(Runtime=runtime, SnapStart={"ApplyOn": "None"})


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ({"ZipFile": package(), "S3Bucket": "b" * 3, "S3Key": "k"}, "other FunctionCode parameters"),
        ({"ZipFile": package(), "ImageUri": "i"}, "other FunctionCode parameters"),
    ],
)
def test_code_comes_from_one_place(functions, create, code, said):
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match=said):
        create(Code=code)
    create()
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match=said):
        functions.update_function_code(FunctionName=NAME, **code)


def test_a_container_image_has_no_handler_of_lambdas(functions, create):
    image = {"Code": {"ImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/orders:1"}, "PackageType": "Image"}
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match="container image"):
        create(**image)


def test_a_change_of_tags_has_some(functions, create):
    create()
    sentence = "An error occurred and the request cannot be processed."
    with refused("InvalidParameterValueException", 400, sentence):
        functions.tag_resource(Resource=FUNCTION_ARN, Tags={})


def test_a_permissions_conditions_stand_beside_each_other(functions, create):
    create()
    functions.add_permission(
        FunctionName=NAME,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
        SourceAccount="210987654321",
        SourceArn="arn:aws:s3:::b",
        PrincipalOrgID="o-a1b2c3d4e5",
    )
    (statement,) = json.loads(functions.get_policy(FunctionName=NAME)["Policy"])["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "AWS:SourceAccount": "210987654321",
            "aws:PrincipalOrgID": "o-a1b2c3d4e5",
            "lambda:FunctionUrlAuthType": "NONE",
        },
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
    }


def test_a_statement_that_is_not_there_is_named(functions, create):
    create()
    with refused("ResourceNotFoundException", 404, "No policy is associated with the given resource."):
        functions.remove_permission(FunctionName=NAME, StatementId="s")
    permission = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    functions.add_permission(FunctionName=NAME, **permission)
    with refused("ResourceNotFoundException", 404, "Statement other is not found in resource policy."):
        functions.remove_permission(FunctionName=NAME, StatementId="other")
    with refused("PreconditionFailedException", 412, STALE):
        functions.remove_permission(FunctionName=NAME, StatementId="s", RevisionId=OTHER)


def test_a_url_belongs_to_its_qualifier_and_reads_back_as_it_was_changed(functions, create):
    create(Publish=True)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    first = functions.create_function_url_config(FunctionName=NAME, AuthType="NONE")
    of_alias = functions.create_function_url_config(FunctionName=NAME, Qualifier="live", AuthType="AWS_IAM")
    assert first["FunctionUrl"] != of_alias["FunctionUrl"]
    assert of_alias["FunctionArn"] == f"{FUNCTION_ARN}:live"
    functions.update_function_url_config(FunctionName=NAME, InvokeMode="RESPONSE_STREAM")
    found = functions.get_function_url_config(FunctionName=NAME)
    assert (found["InvokeMode"], found["AuthType"], found["FunctionUrl"]) == (
        "RESPONSE_STREAM",
        "NONE",
        first["FunctionUrl"],
    )
    assert functions.get_function_url_config(FunctionName=NAME, Qualifier="live")["InvokeMode"] == "BUFFERED"
    assert len(functions.list_function_url_configs(FunctionName=NAME)["FunctionUrlConfigs"]) == 2
    functions.delete_function_url_config(FunctionName=NAME)
    for call in (functions.get_function_url_config, functions.update_function_url_config):
        with refused("ResourceNotFoundException", 404, "The resource you requested does not exist."):
            call(FunctionName=NAME)


def test_lists_come_in_pages(functions, create):
    create(Publish=True)
    for name in ("a", "b", "c"):
        functions.create_alias(FunctionName=NAME, Name=name, FunctionVersion="1" if name != "c" else "$LATEST")
    first = functions.list_aliases(FunctionName=NAME, MaxItems=2)
    second = functions.list_aliases(FunctionName=NAME, MaxItems=2, Marker=first["NextMarker"])
    assert [[alias["Name"] for alias in page["Aliases"]] for page in (first, second)] == [["a", "b"], ["c"]]
    assert "NextMarker" not in second
    of_version = functions.list_aliases(FunctionName=NAME, FunctionVersion="1")["Aliases"]
    assert [alias["Name"] for alias in of_version] == ["a", "b"]
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=NAME, MaxItems=1)
    assert [each["Version"] for page in pages for each in page["Versions"]] == ["$LATEST", "1"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"Runtime": "python3.99"}, "Value python3.99 at 'runtime' failed to satisfy constraint"),
        ({"Runtime": "python3.7"}, "The runtime parameter of python3.7 is no longer supported"),
        ({"Environment": {"Variables": {"KEY": "v" * 4_096}}}, "provided exceeded the 4KB limit. String measured: {"),
        (
            {"Environment": {"Variables": {"LAMBDA_TASK_ROOT": "z", "KEY": "y", "AWS_REGION": "x"}}},
            "not supported for modification. Reserved keys used in this request: AWS_REGION, LAMBDA_TASK_ROOT",
        ),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "SubnetIds and SecurityIds must coexist or be both empty list."),
        ({"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "INFO"}}, "only when LogFormat is JSON"),
        ({"ImageConfig": {"Command": ["x"]}}, "functions with a container image alone"),
        ({"DeadLetterConfig": {"TargetArn": FUNCTION_ARN}}, "Invalid dead letter target"),
    ],
)
def test_what_the_model_takes_and_lambda_does_not_is_refused(functions, create, settings, said):
    def refused_in_its_words(call, **arguments):
        with pytest.raises(ClientError, match=re.escape(said)) as raised:
            call(**arguments)
        assert raised.value.response["Error"]["Code"] == "InvalidParameterValueException"

    refused_in_its_words(create, **settings)
    create()
    refused_in_its_words(functions.update_function_configuration, FunctionName=NAME, **settings)


def test_an_event_invoke_config_of_no_function_is_missing_like_any_other(functions):
    message = f"The function {FUNCTION_ARN}:$LATEST doesn't have an EventInvokeConfig"
    with refused("ResourceNotFoundException", 404, message):
        functions.get_function_event_invoke_config(FunctionName=NAME)


def test_a_function_made_by_its_arn_has_a_name(functions, create):
    assert create(FunctionName=FUNCTION_ARN)["FunctionName"] == NAME
    assert functions.get_function_configuration(FunctionName=NAME)["FunctionArn"] == FUNCTION_ARN
    message = "1 validation error detected: Value '{}' at 'functionName' failed to satisfy constraint: "
    long = "n" * 65
    with refused("ValidationException", 400, f"{message.format(long)}Member must have length less than or equal to 64"):
        create(FunctionName=long)


def test_the_code_itself_and_what_an_alias_needs_are_not_deleted(functions, create):
    create(Publish=True)
    functions.update_function_code(FunctionName=NAME, ZipFile=package("# two"), Publish=True)
    functions.update_function_code(FunctionName=NAME, ZipFile=package("# three"), Publish=True)
    functions.create_alias(
        FunctionName=NAME,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    message = "$LATEST version cannot be deleted without deleting the function."
    with refused("InvalidParameterValueException", 400, message):
        functions.delete_function(FunctionName=NAME, Qualifier="$LATEST")
    with refused("InvalidParameterValueException", 400, "Deletion of aliases is not currently supported."):
        functions.delete_function(FunctionName=NAME, Qualifier="live")
    for version in ("1", "2"):
        with pytest.raises(ClientError, match="the alias live references it"):
            functions.delete_function(FunctionName=NAME, Qualifier=version)
    for version in ("3", "9"):
        assert status(functions.delete_function(FunctionName=NAME, Qualifier=version)) == 204
    left = functions.list_versions_by_function(FunctionName=NAME)["Versions"]
    assert [each["Version"] for each in left] == ["$LATEST", "1", "2"]
    assert status(functions.delete_function(FunctionName=NAME)) == 204
    assert functions.list_functions()["Functions"] == []


@pytest.mark.parametrize(
    ("version", "weights", "message"),
    [
        (
            "1",
            {"1": 0.5},
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
        ),
        ("$LATEST", {"1": 0.5}, "$LATEST is not supported for an alias pointing to more than 1 version"),
        ("1", {"2": 0.2, "3": 0.2}, "Number of items in AdditionalVersionWeights cannot be greater than 1"),
    ],
)
def test_an_alias_routes_to_one_other_version(functions, create, version, weights, message):
    create(Publish=True)
    functions.update_function_code(FunctionName=NAME, ZipFile=package("# two"), Publish=True)
    routing = {"AdditionalVersionWeights": weights}
    with refused("InvalidParameterValueException", 400, message):
        functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion=version, RoutingConfig=routing)
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion=version)
    with refused("InvalidParameterValueException", 400, message):
        functions.update_alias(FunctionName=NAME, Name="live", RoutingConfig=routing)
    assert not functions.get_alias(FunctionName=NAME, Name="live").get("RoutingConfig")
    gone = {"AdditionalVersionWeights": {"9": 0.5}}
    with pytest.raises(ClientError):
        functions.create_alias(FunctionName=NAME, Name="other", FunctionVersion="1", RoutingConfig=gone)


@pytest.mark.parametrize("left_out", ["Runtime", "Handler"])
def test_a_package_needs_a_runtime_and_a_handler(functions, create, left_out):
    message = "Runtime and Handler are mandatory parameters for functions created with deployment packages."
    with refused("InvalidParameterValueException", 400, message):
        functions.create_function(**{name: value for name, value in settings().items() if name != left_out})


def test_a_wrapper_script_is_refused_by_name(functions, create):
    wrapper = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"}}
    with pytest.raises(ClientError, match="starts no handler by a script, which AWS_LAMBDA_EXEC_WRAPPER asks for"):
        create(Environment=wrapper)
    create()
    with pytest.raises(ClientError, match="AWS_LAMBDA_EXEC_WRAPPER"):
        functions.update_function_configuration(FunctionName=NAME, Environment=wrapper)
