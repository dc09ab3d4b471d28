"""What the embedded endpoint doesn't have, as boto3 sees it."""

import http.client
import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import Shape
from botocore.parsers import create_parser

from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.http.unanswered import ErrorMiddleware

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def url():
    with Endpoint() as endpoint:
        yield endpoint.url


@pytest.fixture
def client(url):
    def make(service, config=ONCE):
        return boto3.client(
            service,
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=config,
        )

    return make


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "what"),
    [
        ("cloudwatch", "describe_anomaly_detectors", {}, "DescribeAnomalyDetectors of monitoring"),
        (
            "lambda",
            "get_runtime_management_config",
            {"FunctionName": "x"},
            "GetRuntimeManagementConfig of lambda",
        ),
        ("iam", "get_mfa_device", {"SerialNumber": "123456789"}, "GetMfaDevice of iam"),
        ("logs", "list_anomalies", {}, "ListAnomalies of logs"),
        ("s3", "get_object_retention", {"Bucket": "b", "Key": "k"}, "GetObjectRetention of s3"),
        (
            "s3",
            "put_bucket_metrics_configuration",
            {"Bucket": "b", "Id": "i", "MetricsConfiguration": {"Id": "i"}},
            "PutBucketMetricsConfiguration of s3",
        ),
    ],
)
def test_what_is_missing_is_named_and_not_tried_again(client, service, operation, arguments, what):
    asking = client(service, Config(retries={"total_max_attempts": 4, "mode": "standard"}))
    with pytest.raises(ClientError) as raised:
        getattr(asking, operation)(**arguments)
    response = raised.value.response
    assert response["Error"]["Message"] == f"The embedded endpoint doesn't know {what}."
    assert (response["Error"]["Code"], response["ResponseMetadata"]["RetryAttempts"]) == ("NotImplemented", 0)


def test_a_service_whose_library_the_lab_does_not_have_is_missing_too(client, caplog):
    with pytest.raises(ClientError, match="for want of openapi_spec_validator, of cloudformation"):
        client("cloudformation").list_stacks()
    assert caplog.records == []


def test_what_is_not_found_is_still_what_aws_says(client):
    with pytest.raises(ClientError) as raised:
        client("lambda").get_function(FunctionName="nobody")
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"__type": "InternalFailure", "message": "The embedded endpoint failed: KeyError: 1"}'),
        (
            "application/x-www-form-urlencoded",
            (
                b"<ErrorResponse><Error><Code>InternalFailure</Code>"
                b"<Message>The embedded endpoint failed: KeyError: 1</Message></Error></ErrorResponse>"
            ),
        ),
    ],
)
def test_a_failure_is_an_answer_that_nobody_tries_again_and_its_traceback_is_logged(caplog, content_type, body):
    def fails(_environ, _start_response):
        raise KeyError(1)

    statuses = []
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "CONTENT_TYPE": content_type}
    assert ErrorMiddleware(fails)(environ, lambda status, _headers: statuses.append(status)) == [body]
    assert statuses == ["501 Not Implemented"]
    assert [record.getMessage() for record in caplog.records] == ["Failed: POST /"]
    assert "KeyError: 1" in caplog.text


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("lambda", "invoke", {"FunctionName": "x"}),
        ("sns", "list_topics", {}),
        ("logs", "describe_log_groups", {}),
        ("cloudwatch", "describe_alarms", {}),
        ("ec2", "describe_vpcs", {}),
        ("s3", "list_buckets", {}),
    ],
)
@pytest.mark.parametrize("broken", ["http.invoke.InvokeMiddleware", "http.callers.LocalCallers", "http.callers.Scoped"])
def test_our_own_failures_are_answers_too(monkeypatch, caplog, client, broken, service, operation, arguments):
    def fails(*_arguments, **_more):
        raise KeyError("ours & <theirs>")

    monkeypatch.setattr(f"async_lab.endpoint.{broken}.__call__", fails)
    asking = client(service, Config(retries={"total_max_attempts": 4, "mode": "standard"}))
    with pytest.raises(ClientError) as raised:
        getattr(asking, operation)(**arguments)
    response = raised.value.response
    assert response["Error"]["Code"] == "InternalFailure"
    assert response["Error"]["Message"] == "The embedded endpoint failed: KeyError: 'ours & <theirs>'"
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    assert "Traceback" in caplog.text


def test_a_head_is_answered_without_a_body(monkeypatch, client):
    monkeypatch.setattr("async_lab.endpoint.http.invoke.InvokeMiddleware.__call__", lambda *_: 1 / 0)
    with pytest.raises(ClientError) as raised:
        client("s3").head_bucket(Bucket="bucket")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def answered(application, **environ):
    """Status, headers and body of an answer."""
    started = []
    asked = {"REQUEST_METHOD": "POST", "PATH_INFO": "/"} | environ
    body = b"".join(ErrorMiddleware(application)(asked, lambda *begun: started.append(begun)))
    (status, headers), *again = started
    assert again == []
    return status, dict(headers), body


def test_what_fails_in_the_middle_of_its_answer_has_not_begun_one():
    closed = []

    class Body:
        def __iter__(self):
            yield b"half"
            raise KeyError(1)

        def close(self):
            closed.append(True)

    def fails(_environ, start_response):
        start_response("200 OK", [("Content-Length", "8")])
        return Body()

    status, _, body = answered(fails)
    assert (status, b"KeyError: 1" in body, closed) == ("501 Not Implemented", True, [True])


def test_a_page_that_says_500_becomes_an_answer_that_nobody_tries_again(caplog):
    def says_so(_environ, start_response):
        start_response("500 INTERNAL SERVER ERROR", [("Content-Type", "text/html; charset=utf-8")])
        return [b"<!doctype html>"]

    status, headers, body = answered(says_so)
    assert (status, headers["Content-Type"]) == ("501 Not Implemented", "application/json")
    assert b"500 INTERNAL SERVER ERROR" in body
    assert b"couldn't do this call of POST / of an unsigned request" in body
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_an_answer_in_cbor_can_be_read_by_the_sdk():
    status, headers, body = answered(lambda *_: 1 / 0, CONTENT_TYPE="application/cbor")
    parsed = create_parser("smithy-rpc-v2-cbor").parse(
        {"status_code": int(status.split()[0]), "headers": headers, "body": body},
        Shape("Output", {"type": "structure"}),
    )
    assert headers["smithy-protocol"] == "rpc-v2-cbor"
    assert parsed["Error"] == {
        "Code": "InternalFailure",
        "Message": "The embedded endpoint failed: ZeroDivisionError: division by zero",
    }


@pytest.mark.parametrize("method", ["TRACE", "NONSENSE"])
def test_a_method_that_a_path_has_not_is_missing_and_no_page_for_people(url, method):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.request(method, "/2015-03-31/event-source-mappings/any")
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["__type"]) == (501, "NotImplemented")
    connection.close()


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [("xray", "get_groups", {}), ("apigateway", "get_rest_apis", {}), ("apigatewayv2", "get_apis", {})],
)
def test_a_service_that_is_not_there_says_so_and_never_fails(client, caplog, service, operation, arguments):
    try:
        getattr(client(service), operation)(**arguments)
    except ClientError as error:
        answer = error.response
        assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (501, "NotImplemented")
        assert f" of {client(service).meta.service_model.signing_name}." in answer["Error"]["Message"]
    assert caplog.records == []


def test_what_moto_takes_for_another_operation_changes_nothing(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for delete in ("metrics", "analytics", "intelligent_tiering", "inventory"):
        with pytest.raises(ClientError, match="NotImplemented"):
            getattr(s3, f"delete_bucket_{delete}_configuration")(Bucket="mine", Id="i")
    s3.put_object(Bucket="mine", Key="k", Body=b"kept")
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.rename_object(Bucket="mine", Key="k", RenameSource="mine/other")
    assert s3.get_object(Bucket="mine", Key="k")["Body"].read() == b"kept"


def test_a_body_of_s3_that_is_no_document_is_said(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.put_bucket_lifecycle_configuration(Bucket="plain")
