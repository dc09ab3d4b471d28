"""What the embedded endpoint doesn't have, as boto3 sees it."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from runner.endpoint.embedded import Endpoint
from runner.endpoint.unanswered import Explained

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
            "GET /2021-07-20/functions/x/runtime-management-config of lambda",
        ),
        ("iam", "get_mfa_device", {"SerialNumber": "123456789"}, "GetMfaDevice of iam"),
        ("logs", "list_anomalies", {}, "ListAnomalies of logs"),
    ],
)
def test_what_is_missing_is_named_and_not_tried_again(client, service, operation, arguments, what):
    asking = client(service, Config(retries={"total_max_attempts": 4, "mode": "standard"}))
    with pytest.raises(ClientError) as raised:
        getattr(asking, operation)(**arguments)
    response = raised.value.response
    assert response["Error"]["Message"] == f"The embedded endpoint doesn't know {what}."
    assert (response["Error"]["Code"], response["ResponseMetadata"]["RetryAttempts"]) == ("NotImplemented", 0)


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
    assert Explained(fails)(environ, lambda status, _headers: statuses.append(status)) == [body]
    assert statuses == ["501 Not Implemented"]
    assert [record.getMessage() for record in caplog.records] == ["POST /"]
    assert "KeyError: 1" in caplog.text
