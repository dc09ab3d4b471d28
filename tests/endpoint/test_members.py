"""The table of members against the installed botocore, and what it makes of requests."""

import http.client
import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.http.members import leaves, table
from async_lab.testing.base import TRUST

ONCE = Config(retries={"total_max_attempts": 1})
EVERY = [(service, operation) for service, operations in table().items() for operation in operations]


@pytest.fixture(scope="module")
def url():
    with Endpoint() as endpoint:
        yield endpoint.url


@pytest.fixture(scope="module")
def client(url):
    def make(service, **more):
        return boto3.client(
            service,
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=ONCE.merge(Config(**more)),
        )

    return make


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def covers(pattern, path):
    return path.startswith(pattern.removesuffix("*")) if pattern.endswith(".*") else path == pattern


@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_each_member_that_botocore_knows_is_acted_on_kept_or_refused(service, operation):
    shape = get_service_model(service).operation_model(operation).input_shape
    members = table()[service][operation]
    known = set(leaves(shape)) - {""} if shape else set()
    assert members.acted_on | members.kept <= known
    assert not members.acted_on & members.kept
    rest = known - members.acted_on - members.kept
    not_said = {path for path in rest if not any(covers(pattern, path) for pattern in members.refused)}
    assert not_said == set(), "new in botocore: acted on, kept or refused?"
    assert [pattern for pattern in members.refused if not any(covers(pattern, path) for path in rest)] == []
    assert set(members.harmless) <= rest


def function(client, **more):
    iam = client("iam")
    try:
        role = iam.create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName="f")["Role"]["Arn"]
    code = {"ZipFile": PACKAGE}
    return {"FunctionName": "f", "Runtime": "python3.12", "Role": role, "Handler": "app.handler", "Code": code} | more


def package():
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    return content.getvalue()


PACKAGE = package()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("DurableConfig", {"ExecutionTimeout": 60}),
        ("TenancyConfig", {"TenantIsolationMode": "PER_TENANT"}),
        (
            "CapacityProviderConfig",
            {
                "LambdaManagedInstancesCapacityProviderConfig": {
                    "CapacityProviderArn": "arn:aws:lambda:eu-west-1:123456789012:capacity-provider:p"
                }
            },
        ),
        ("CodeSigningConfigArn", "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0"),
    ],
)
def test_a_member_that_nobody_acts_on_is_named_and_nothing_is_made(client, member, value):
    aws = client("lambda")
    assert refusal(aws.create_function, **function(client, FunctionName="no", **{member: value})) == (
        400,
        "ValidationException",
        f"async-lab doesn't model {member} of CreateFunction yet: leave it out, or use AWS.",
    )
    assert [each for each in aws.list_functions()["Functions"] if each["FunctionName"] == "no"] == []


def test_a_value_that_says_what_is_so_anyway_is_no_member_to_refuse(client):
    assert client("cloudwatch").list_metrics(IncludeLinkedAccounts=False)["Metrics"] == []
    assert (
        "IncludeLinkedAccounts of ListMetrics"
        in refusal(client("cloudwatch").list_metrics, IncludeLinkedAccounts=True)[2]
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "what"),
    [
        (
            "cloudwatch",
            "put_metric_alarm",
            {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "LessThanLowerThreshold"}
            | {"ThresholdMetricId": "t"},
            "ThresholdMetricId of PutMetricAlarm",
        ),
        (
            "events",
            "put_targets",
            {
                "Rule": "r",
                "Targets": [{"Id": "1", "Arn": "arn:aws:ecs:::c", "EcsParameters": {"TaskDefinitionArn": "t"}}],
            },
            "Targets.EcsParameters of PutTargets",
        ),
        ("sns", "publish", {"PhoneNumber": "+4912345", "Message": "m"}, "PhoneNumber of Publish"),
        (
            "s3",
            "put_object",
            {"Bucket": "b", "Key": "k", "SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32},
            "SSECustomerAlgorithm of PutObject",
        ),
        (
            "s3",
            "put_bucket_versioning",
            {"Bucket": "b", "VersioningConfiguration": {"MFADelete": "Enabled", "Status": "Enabled"}},
            "VersioningConfiguration.MFADelete of PutBucketVersioning",
        ),
        ("lambda", "invoke", {"FunctionName": "f", "TenantId": "t"}, "TenantId of Invoke"),
    ],
)
def test_members_are_named_in_every_protocol(client, service, operation, arguments, what):
    status, code, message = refusal(getattr(client(service), operation), **arguments)
    assert (status, code) == (400, "ValidationException")
    assert message == f"async-lab doesn't model {what} yet: leave it out, or use AWS."


def test_a_member_newer_than_botocore_is_named_too(url):
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    signed = "AWS4-HMAC-SHA256 Credential=a/20261129/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"
    for service, path, content, kind in (
        (
            "lambda",
            "/2015-03-31/functions",
            '{"FunctionName": "x", "QuantumConfig": {"Qubits": 2}}',
            "application/json",
        ),
        (
            "monitoring",
            "/",
            "Action=PutMetricAlarm&Version=2010-08-01&AlarmName=a&QuantumConfig.Qubits=2",
            "application/x-www-form-urlencoded",
        ),
    ):
        headers = {"Authorization": signed.format(service), "Content-Type": kind}
        connection.request("POST", path, content, headers)
        response = connection.getresponse()
        assert (response.status, "doesn't model QuantumConfig" in response.read().decode()) == (400, True)
    asked = "Action=DescribeAlarms&Version=2010-08-01&QuantumConfig.Qubits=2"
    connection.request("GET", f"/?{asked}", headers={"Authorization": signed.format("monitoring")})
    response = connection.getresponse()
    assert (response.status, "doesn't model QuantumConfig" in response.read().decode()) == (400, True)
    connection.close()


@pytest.mark.parametrize(
    ("operation", "arguments", "name"),
    [
        ("get_runtime_management_config", {"FunctionName": "f"}, "GetRuntimeManagementConfig of lambda"),
        ("create_code_signing_config", {"AllowedPublishers": {"SigningProfileVersionArns": []}}, "CreateCodeSigning"),
        ("list_durable_executions_by_function", {"FunctionName": "f"}, "ListDurableExecutionsByFunction of lambda"),
    ],
)
def test_an_operation_that_nobody_acts_on_is_named(client, operation, arguments, name):
    aws = client("lambda", parameter_validation=False)
    status, code, message = refusal(getattr(aws, operation), **arguments)
    assert (status, code) == (501, "NotImplemented")
    assert name in message


def test_what_is_kept_reads_back(client):
    aws = client("lambda")
    kept = {
        "Description": "orders",
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "PublishedVersions"},
        "KMSKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/k",
        "Architectures": ["arm64"],
        "Tags": {"team": "a"},
    }
    aws.create_function(**function(client, FunctionName="kept", **kept))
    answer = aws.get_function(FunctionName="kept")
    read = answer["Configuration"] | {"Tags": answer["Tags"]}
    assert {name: read[name] for name in kept if name != "SnapStart"} == {
        name: value for name, value in kept.items() if name != "SnapStart"
    }
    assert read["SnapStart"]["ApplyOn"] == "PublishedVersions"
    aws.delete_function(FunctionName="kept")


def test_what_moto_finds_missing_stays_missing(client):
    s3, aws = client("s3"), client("lambda")
    s3.create_bucket(Bucket="there", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert refusal(s3.head_bucket, Bucket="nowhere")[:2] == (404, "404")
    assert refusal(s3.head_object, Bucket="there", Key="nowhere")[:2] == (404, "404")
    assert refusal(aws.get_event_source_mapping, UUID="14e0db71-5d35-4eb5-b481-8945cf9d10c2")[:2] == (
        404,
        "ResourceNotFoundException",
    )


def test_keys_may_have_slashes_in_a_row(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="slashes", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="slashes", Key="a//b", Body=b"1")
    assert s3.get_object(Bucket="slashes", Key="a//b")["Body"].read() == b"1"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="slashes")["Contents"]] == ["a//b"]
