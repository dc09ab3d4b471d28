"""Secrets Manager does nothing with a secret that is marked for deletion but describe and restore it."""

import pytest
from botocore.exceptions import ClientError

MARKED = "You can't perform this operation on the secret because it was marked for deletion."


@pytest.fixture
def secrets(async_lab):
    client = async_lab.client("secretsmanager")
    client.create_secret(Name="s", SecretString="x")
    return client


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_secret_value", {}),
        ("put_secret_value", {"SecretString": "y"}),
        ("update_secret", {"SecretString": "y"}),
        ("update_secret_version_stage", {"VersionStage": "x"}),
        ("tag_resource", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_resource", {"TagKeys": ["a"]}),
        ("rotate_secret", {}),
        ("cancel_rotate_secret", {}),
        ("put_resource_policy", {"ResourcePolicy": "{}"}),
        ("get_resource_policy", {}),
        ("delete_resource_policy", {}),
        ("delete_secret", {}),
        ("replicate_secret_to_regions", {"AddReplicaRegions": [{"Region": "us-east-1"}]}),
    ],
)
def test_a_secret_that_is_marked_for_deletion_is_not_used(secrets, operation, arguments):
    arn = secrets.delete_secret(SecretId="s")["ARN"]
    for called in ("s", arn):
        assert refusal(getattr(secrets, operation), SecretId=called, **arguments) == ("InvalidRequestException", MARKED)


def test_a_secret_that_is_marked_is_described_and_restored_and_its_name_is_taken(secrets):
    secrets.delete_secret(SecretId="s")
    assert secrets.describe_secret(SecretId="s")["DeletedDate"]
    assert secrets.list_secret_version_ids(SecretId="s")["Versions"]
    code, message = refusal(secrets.create_secret, Name="s", SecretString="y")
    assert (code, "already scheduled for deletion" in message) == ("InvalidRequestException", True)
    secrets.restore_secret(SecretId="s")
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "x"


def test_a_secret_that_is_marked_can_be_deleted_at_once(secrets):
    secrets.delete_secret(SecretId="s")
    secrets.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
    assert secrets.create_secret(Name="s", SecretString="y")["Name"] == "s"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"RecoveryWindowInDays": 6}, "between 7 and 30 days"),
        ({"RecoveryWindowInDays": 31}, "between 7 and 30 days"),
        ({"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}, "in conjunction with"),
    ],
)
def test_a_deletion_that_there_can_not_be_leaves_the_secret(secrets, asked, said):
    code, message = refusal(secrets.delete_secret, SecretId="s", **asked)
    assert (code, said in message) == ("InvalidParameterException", True)
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "x"


def test_a_rotation_needs_a_function_and_is_refused_by_name_with_one(secrets, as_told):
    version = secrets.get_secret_value(SecretId="s")["VersionId"]
    assert refusal(secrets.rotate_secret, SecretId="s") == (
        "InvalidRequestException",
        "No Lambda rotation function ARN is associated with this secret.",
    )
    function = as_told().arn
    assert refusal(secrets.rotate_secret, SecretId="s", RotationLambdaARN=f"{function}x")[0] == (
        "ResourceNotFoundException"
    )
    code, message = refusal(secrets.rotate_secret, SecretId="s", RotationLambdaARN=function)
    assert (code, "RotateSecret" in message) == ("NotImplemented", True)
    assert secrets.get_secret_value(SecretId="s")["VersionId"] == version


def test_what_is_no_policy_is_no_secrets_policy(secrets):
    assert refusal(secrets.put_resource_policy, SecretId="s", ResourcePolicy="x")[0] == (
        "MalformedPolicyDocumentException"
    )
