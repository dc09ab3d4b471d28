"""Which region and service a request is signed for, as sockets and boto3 send it."""

import http.client

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from async_lab.endpoint.embedded import Endpoint

FORM = "application/x-www-form-urlencoded"
SIGNED = "AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=b"


@pytest.fixture(scope="module")
def endpoint():
    with Endpoint() as running:
        yield running


@pytest.fixture
def ask(endpoint):
    def send(method="POST", path="/", body=b"Action=ListTopics&Version=2010-03-31", **headers):
        connection = http.client.HTTPConnection(endpoint.url.removeprefix("http://"))
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    return send


@pytest.fixture
def client(endpoint):
    def make(service, region):
        return boto3.client(
            service,
            endpoint_url=endpoint.url,
            region_name=region,
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 4, "mode": "standard"}),
        )

    return make


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("sns", "list_topics", {}),
        ("logs", "describe_log_groups", {}),
        ("iam", "list_roles", {}),
        ("cloudwatch", "describe_alarms", {}),
        ("s3", "list_buckets", {}),
        ("ec2", "describe_vpcs", {}),
        ("lambda", "list_functions", {}),
        ("lambda", "invoke", {"FunctionName": "nobody"}),
        ("lambda", "invoke", {"FunctionName": "nobody", "InvocationType": "Event"}),
    ],
)
@pytest.mark.parametrize("region", ["nowhere-9", "global", "us-east-99"])
def test_a_region_that_is_none_is_refused_once_by_every_service(client, service, operation, arguments, region):
    with pytest.raises(ClientError) as raised:
        getattr(client(service, region), operation)(**arguments)
    response = raised.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["ResponseMetadata"]["RetryAttempts"]) == (400, 0)
    assert response["Error"]["Code"] == ("AuthorizationHeaderMalformed" if service == "s3" else "IncompleteSignature")
    assert response["Error"]["Message"] == f"Credential should be scoped to a valid region, not '{region}'."


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2", "cn-north-1", "us-gov-west-1"])
def test_every_region_of_aws_is_known(client, region):
    assert client("sns", region).list_topics()["Topics"] == []


def test_a_service_that_is_not_in_a_region_is_refused(ask):
    status, said = ask(
        body=b"{}",
        Authorization=SIGNED.format("a/20260101/ap-southeast-7/timestream/aws4_request"),
        X_Amz_Target="Timestream_20181101.ListDatabases",
        Content_Type="application/x-amz-json-1.0",
    )
    assert (status, "in the region 'ap-southeast-7'" in said) == (400, True)


def test_a_service_that_is_none_is_named_and_nothing_is_printed(ask, capfd):
    status, said = ask(Authorization=SIGNED.format("a/20260101/us-east-1/nonsense/aws4_request"), Content_Type=FORM)
    assert (status, "doesn't know any action of nonsense." in said) == (501, True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "authorization",
    [
        "x",
        "Bearer token",
        "Basic YTpi",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=b",
        SIGNED.format(""),
        SIGNED.format("a"),
        SIGNED.format("a/20260101/us-east-1/sns"),
        SIGNED.format("a/20260101//sns/aws4_request"),
        SIGNED.format("a/20260101/../sns/aws4_request"),
        SIGNED.format("a/20260101/us-east-1/../aws4_request"),
        SIGNED.format("a/today/us-east-1/sns/aws4_request"),
        SIGNED.format("a/20260101/us-east-1/sns/aws4_request/more"),
        SIGNED.format("////"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/2015-03-31/functions/x/invocations"])
def test_an_authorization_that_can_not_be_read_is_an_error_of_the_callers(ask, authorization, path, caplog):
    status, said = ask(path=path, Authorization=authorization, Content_Type=FORM)
    assert (status, "<Code>IncompleteSignature</Code>" in said) == (400, True)
    assert caplog.records == []


@pytest.mark.parametrize(
    "credential", ["a", "", "a%2F20260101%2Fnowhere-9%2Fs3%2Faws4_request", "%00", "a/b/c/d/e/f/g"]
)
def test_a_presigned_url_is_held_to_the_same(ask, credential):
    query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Signature=b"
    status, said = ask("GET", f"/bucket/key?{query}", b"")
    assert (status, "AuthorizationQueryParametersError" in said) == (400, True)


def test_a_presigned_url_works(client, ask, endpoint):
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="signed")
    s3.put_object(Bucket="signed", Key="key", Body=b"content")
    url = s3.generate_presigned_url("get_object", {"Bucket": "signed", "Key": "key"})
    assert ask("GET", url.removeprefix(endpoint.url), b"") == (200, "content")


def test_unsigned_calls_are_still_answered(ask):
    role = "RoleArn=arn:aws:iam::123456789012:role/r&RoleSessionName=session&WebIdentityToken=token"
    status, said = ask(body=f"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&{role}".encode(), Content_Type=FORM)
    assert (status, "AssumeRoleWithWebIdentity, as nobody here could read a token" in said) == (501, True)


@pytest.mark.parametrize(
    "path",
    [
        "/moto-api/",
        "/moto-api/data.json",
        "/moto-api/reset",
        "/moto-api/config",
        "//moto-api/reset",
        "/%6doto-api/reset",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_motos_own_pages_are_closed(client, ask, method, path):
    sns = client("sns", "us-east-1")
    sns.create_topic(Name="stays")
    status, said = ask(method, path, b"")
    assert (status, said.startswith("async-lab closes moto's own pages: ")) == (404, True)
    assert [topic["TopicArn"].rpartition(":")[2] for topic in sns.list_topics()["Topics"]] == ["stays"]
    sns.delete_topic(TopicArn="arn:aws:sns:us-east-1:123456789012:stays")
