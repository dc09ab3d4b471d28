"""Wrong parameters get AWS's 400 in AWS's words, from botocore's models, whatever comes."""

import http.client
import json
from contextlib import closing
from urllib.parse import quote, urlencode, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.core.utils import get_service_model

from async_lab.endpoint.embedded import Endpoint

REGION = "eu-west-1"
ANY = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
SERVICES = ("lambda", "cloudwatch")
EVERY = [(service, name) for service in SERVICES for name in get_service_model(service).operation_names]


@pytest.fixture(scope="module")
def url():
    with Endpoint() as endpoint:
        yield endpoint.url


@pytest.fixture(scope="module")
def client(url):
    def make(service):
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        return boto3.client(service, endpoint_url=url, region_name=REGION, config=ANY, **keys)

    return make


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


FAILED = "failed to satisfy constraint: Member must"


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("get_function", {"FunctionName": "fn!"}, f"Value 'fn!' at 'functionName' {FAILED} satisfy regular expression"),
        (
            "update_function_configuration",
            {"FunctionName": "f", "TracingConfig": {"Mode": "Loud"}},
            f"Value 'Loud' at 'tracingConfig.mode' {FAILED} satisfy enum value set: [Active, PassThrough]",
        ),
        (
            "update_function_code",
            {"FunctionName": "f", "Architectures": ["mips"]},
            (
                f"Value '[mips]' at 'architectures' {FAILED} satisfy constraint: "
                "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
            ),
        ),
        (
            "put_function_concurrency",
            {"FunctionName": "f", "ReservedConcurrentExecutions": -1},
            f"Value '-1' at 'reservedConcurrentExecutions' {FAILED} have value greater than or equal to 0",
        ),
        (
            "create_alias",
            {"FunctionName": "f", "Name": "123", "FunctionVersion": "1"},
            f"Value '123' at 'name' {FAILED} satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        ),
        ("create_alias", {"FunctionName": "f", "FunctionVersion": "1"}, f"Value null at 'name' {FAILED} not be null"),
        (
            "update_function_configuration",
            {"FunctionName": "f", "Description": "d" * 257},
            f"Value '{'d' * 257}' at 'description' {FAILED} have length less than or equal to 256",
        ),
        (
            "put_function_event_invoke_config",
            {"FunctionName": "f", "DestinationConfig": {"OnFailure": {"Destination": "queue"}}},
            f"Value 'queue' at 'destinationConfig.onFailure.destination' {FAILED} satisfy regular expression pattern",
        ),
    ],
)
def test_lambda_says_which_value_fails_which_constraint(client, operation, arguments, message):
    status, code, said = refusal(getattr(client("lambda"), operation), **arguments)
    assert (status, code) == (400, "ValidationException")
    assert said.startswith(f"1 validation error detected: {message}")


def test_every_violation_is_counted(client):
    values = {"Timeout": 901, "MemorySize": 127}
    status, code, said = refusal(client("lambda").update_function_configuration, FunctionName="f", **values)
    assert (status, code) == (400, "ValidationException")
    assert said == (
        f"2 validation errors detected: Value '901' at 'timeout' {FAILED} have value less than or equal to 900; "
        f"Value '127' at 'memorySize' {FAILED} have value greater than or equal to 128"
    )


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "message"),
    [
        (
            "set_alarm_state",
            {"AlarmName": "a", "StateValue": "LOUD", "StateReason": "r"},
            "ValidationError",
            (
                f"1 validation error detected: Value 'LOUD' at 'stateValue' {FAILED} satisfy enum value set: "
                "[OK, ALARM, INSUFFICIENT_DATA]"
            ),
        ),
        ("put_metric_data", {"MetricData": []}, "MissingParameter", "The parameter Namespace is required."),
        (
            "put_metric_data",
            {"Namespace": "N", "MetricData": [{"Value": 1}]},
            "MissingParameter",
            "The parameter MetricData.1.member.MetricName is required.",
        ),
        (
            "put_metric_alarm",
            {"AlarmName": "", "EvaluationPeriods": 1},
            "ValidationError",
            f"1 validation error detected: Value '' at 'alarmName' {FAILED} have length greater than or equal to 1",
        ),
        (
            "put_metric_alarm",
            {"AlarmName": "a", "EvaluationPeriods": 1, "AlarmActions": ["arn:a"] * 6},
            "ValidationError",
            (
                f"1 validation error detected: Value '[{', '.join(['arn:a'] * 6)}]' at 'alarmActions' {FAILED} "
                "have length less than or equal to 5"
            ),
        ),
        (
            "put_metric_alarm",
            {"AlarmName": "a", "EvaluationPeriods": 1, "DatapointsToAlarm": 0},
            "ValidationError",
            (
                f"1 validation error detected: Value '0' at 'datapointsToAlarm' {FAILED} "
                "have value greater than or equal to 1"
            ),
        ),
    ],
)
def test_cloudwatch_says_which_value_fails_which_constraint(client, operation, arguments, code, message):
    assert refusal(getattr(client("cloudwatch"), operation), **arguments) == (400, code, message)


def asked(url, service, method, path, body=b"", **headers):
    host = urlsplit(url).netloc
    scope = f"a/20261129/{REGION}/{service}/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request(method, path, body, signed | headers)
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Type", ""), response.read()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/2015-03-31/functions", b"{", 400, b"Could not parse request body into json"),
        ("POST", "/2015-03-31/functions", b"[]", 400, b"Could not parse request body into json"),
        ("POST", "/2015-03-31/functions", b'{"FunctionName": 7}', 400, b"can not be converted to a String"),
        ("POST", "/2015-03-31/functions", b'{"Timeout": "soon"}', 400, b"can not be converted to an Integer"),
        ("GET", "/2015-03-31/functions//policy", b"", 400, b"functionName"),
        ("GET", "/2015-03-31/functions/a%20b/policy", b"", 400, b"functionName"),
        ("GET", "/2999-01-01/quanta", b"", 501, b"doesn't know GET /2999-01-01/quanta of lambda"),
    ],
)
def test_what_no_sdk_would_send_is_answered_by_name(url, method, path, body, status, said):
    found, content_type, answer = asked(url, "lambda", method, path, body, **{"Content-Type": "application/json"})
    assert (found, said in answer, "html" in content_type) == (status, True, False), answer


def values(shape, depth=0):
    """Right values, wrong ones and none: by the model, and of any other type."""
    wrong = st.sampled_from(["", "é\n", -1, 10**9, 1.5, True, [], {}, "x" * 300])
    match shape.type_name:
        case "structure" if depth < 4 and shape.members:
            each = {name: values(member, depth + 1) for name, member in shape.members.items()}
            few = st.lists(st.sampled_from(sorted(each)), max_size=4, unique=True)
            right = few.flatmap(lambda names: st.fixed_dictionaries({name: each[name] for name in names}))
        case "list":
            right = st.lists(values(shape.member, depth + 1), max_size=2)
        case "map":
            right = st.dictionaries(st.sampled_from(["a", "KEY", ""]), values(shape.value, depth + 1), max_size=2)
        case "integer" | "long":
            right = st.integers(shape.metadata.get("min", 0), min(shape.metadata.get("max", 100), 10_000))
        case "double" | "float":
            right = st.floats(allow_nan=False, allow_infinity=False, width=32)
        case "boolean":
            right = st.booleans()
        case "timestamp":
            right = st.sampled_from(["2026-11-23T08:00:00Z", 1_795_422_225])
        case "blob":
            right = st.sampled_from(["", "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="])
        case _ if shape.metadata.get("enum"):
            right = st.sampled_from(shape.metadata["enum"])
        case _:
            right = st.sampled_from(["f", "a-b", "$LATEST", "1", f"arn:aws:lambda:{REGION}:123456789012:function:f"])
    return st.one_of(right, right, right, wrong)


def called(service, operation, parameters):
    """Return method, path, headers and body of a request with any values, as its protocol carries them."""
    if service != "lambda":
        prefix = get_service_model(service).metadata.get("targetPrefix", "GraniteServiceVersion20100801")
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"{prefix}.{operation.name}"}
        return "POST", "/", headers, json.dumps(parameters).encode()
    shape, path, query, body = operation.input_shape, operation.http["requestUri"].partition("?")[0], {}, {}
    headers = {"Content-Type": "application/json"}
    for name, member in shape.members.items():
        where, at, value = member.serialization.get("location"), member.serialization.get("name", name), None
        value = parameters.get(name)
        text = value if isinstance(value, str) else json.dumps(value)
        if where == "uri":
            path = path.replace(f"{{{at}}}", quote("f" if value is None else text, safe=""))
        elif value is None:
            continue
        elif where == "querystring":
            query[at] = text
        elif where in {"header", "headers"}:
            headers[at] = quote(text)
        else:
            body[at] = value
    content = json.dumps(body).encode() if operation.http["method"] in {"POST", "PUT"} else b""
    return operation.http["method"], f"{path}?{urlencode(query)}" if query else path, headers, content


@pytest.mark.parametrize(("service", "name"), EVERY)
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_whatever_is_asked_is_answered_in_aws_terms(url, service, name, data):
    operation = get_service_model(service).operation_model(name)
    if operation.input_shape is None:
        return
    parameters = data.draw(values(operation.input_shape).filter(lambda value: isinstance(value, dict)))
    method, path, headers, body = called(service, operation, parameters)
    signed_for = "monitoring" if service == "cloudwatch" else service
    status, content_type, answer = asked(url, signed_for, method, path, body, **headers)
    assert b"InternalFailure" not in answer, answer
    assert status < 500 or (status == 501 and b"NotImplemented" in answer), answer
    assert status not in {301, 302, 308}
    assert not answer.lstrip().startswith(b"<!"), answer
    assert "html" not in content_type or not answer, content_type


ELSEWHERE = ("dynamodb", "events", "kinesis", "kms", "logs", "secretsmanager", "sqs", "ssm", "stepfunctions")


@pytest.mark.parametrize("service", ELSEWHERE)
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_wrong_calls_of_other_services_never_fail(url, service, data):
    model = get_service_model(service)
    operation = model.operation_model(data.draw(st.sampled_from(sorted(model.operation_names))))
    shape = operation.input_shape
    parameters = data.draw(values(shape).filter(lambda value: isinstance(value, dict))) if shape else {}
    method, path, headers, body = called(service, operation, parameters)
    status, _, answer = asked(url, model.signing_name, method, path, body, **headers)
    assert b"InternalFailure" not in answer, answer
    assert status < 500 or (status == 501 and operation.name.encode() in answer), answer


LENGTH = "Member must have length"


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "said"),
    [
        ("kms", "encrypt", {"KeyId": "k"}, "ValidationException", "Value null at 'plaintext'"),
        (
            "kms",
            "encrypt",
            {"KeyId": "k", "Plaintext": b"x" * 4097},
            "ValidationException",
            f"Value '***' at 'plaintext' failed to satisfy constraint: {LENGTH} less than or equal to 4096",
        ),
        ("kms", "list_grants", {"KeyId": "missing"}, "NotFoundException", "finds no 'missing', which is its KeyId"),
        ("kinesis", "put_record", {"StreamName": "s", "PartitionKey": "p"}, "ValidationException", "at 'data'"),
        ("dynamodb", "create_table", {"TableName": "orders"}, "ValidationException", "'attributeDefinitions'"),
        (
            "dynamodb",
            "put_item",
            {"TableName": "orders", "Item": {"id": {}}},
            "ValidationException",
            "Supplied AttributeValue is empty",
        ),
        (
            "dynamodb",
            "put_item",
            {"TableName": "orders", "Item": {"id": {"S": "a", "N": "1"}}},
            "ValidationException",
            "more than one datatypes",
        ),
        (
            "secretsmanager",
            "list_secret_version_ids",
            {"SecretId": "missing"},
            "ResourceNotFoundException",
            "finds no 'missing', which is its SecretId",
        ),
        ("secretsmanager", "list_secrets", {"NextToken": "t"}, "ValidationException", "can't have 't' as NextToken"),
        (
            "secretsmanager",
            "create_secret",
            {"Name": "s", "SecretString": "x", "Tags": [{"Value": "no key"}]},
            "ValidationException",
            "tags.1.member.key",
        ),
        ("ssm", "put_parameter", {"Name": "n", "Value": "v", "Type": "Text"}, "ValidationException", "enum value set"),
        ("stepfunctions", "create_state_machine", {"name": "m"}, "ValidationException", "Value null at 'definition'"),
        ("logs", "create_log_group", {"logGroupName": "a b"}, "InvalidParameterException", "regular expression"),
        ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "ValidationError", "'roleName'"),
        ("events", "put_rule", {"Name": "r", "State": "ON"}, "ValidationException", "enum value set"),
        ("sqs", "create_queue", {}, "MissingParameter", "must contain the parameter QueueName"),
        ("sns", "create_topic", {}, "InvalidParameter", "Invalid parameter: Name Reason: no value for required"),
    ],
)
def test_other_services_say_which_value_is_wrong(client, service, operation, arguments, code, said):
    status, found, message = refusal(getattr(client(service), operation), **arguments)
    assert (status, found.rpartition(".")[2]) == (400, code)
    assert said in message


def test_what_fails_in_moto_is_said_with_its_operation_and_no_traceback(client, caplog):
    asked = {"stateMachineAliasArn": "x"}
    status, code, said = refusal(client("stepfunctions").describe_state_machine_alias, **asked)
    assert (status, code) == (501, "NotImplemented")
    assert said.startswith("The embedded endpoint couldn't do this call of DescribeStateMachineAlias of states: ")
    assert "Traceback" not in caplog.text


def test_bytes_are_counted_as_they_are_and_not_as_they_are_sent(client):
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.encrypt(KeyId=key, Plaintext=b"x" * 4096)["CiphertextBlob"]


def test_a_bucket_that_is_not_there_has_no_versions_in_either_encoding(client):
    for encoding in ({}, {"EncodingType": "url"}):
        status, code, _ = refusal(client("s3").list_object_versions, Bucket="missing", **encoding)
        assert (status, code) == (404, "NoSuchBucket")
