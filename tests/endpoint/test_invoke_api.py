"""Invoke as boto3 sees it: what is refused and in which words, and what a synchronous call is answered."""

import base64
import json
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends

from async_lab.endpoint.embedded import ACCOUNT_ID

REGION = "eu-west-1"
SAYS_WHAT_CLIENT_SENT = """
def handler(event, context):
    return context.client_context and context.client_context.custom
"""
RETURNS_A_SET = "def handler(event, context): return {1}"


@contextmanager
def refused(code, status, message):
    with pytest.raises(ClientError) as raised:
        yield
    response = raised.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert message in response["Error"]["Message"]
    assert response["ResponseMetadata"]["RequestId"]


def id_of(answer):
    return answer["ResponseMetadata"]["RequestId"]


def answer_of(lambda_, function, **options):
    answer = lambda_.invoke(FunctionName=function.name, **options)
    return answer, json.loads(answer["Payload"].read())


# Whom a request is for


def test_qualifier_in_the_name_and_another_beside_it_are_refused(as_told, lambda_):
    function = as_told()
    message = "The derived qualifier from the function name does not match the specified qualifier."
    with refused("InvalidParameterValueException", 400, message):
        lambda_.invoke(FunctionName=f"{function}:1", Qualifier="2")


def test_arn_of_another_region_is_not_found(as_told, lambda_):
    arn = f"arn:aws:lambda:us-west-2:{ACCOUNT_ID}:function:{as_told()}"
    message = f"Functions from 'us-west-2' are not reachable in this region ('{REGION}')"
    with refused("ResourceNotFoundException", 404, message):
        lambda_.invoke(FunctionName=arn)


def test_what_is_not_found_is_named_by_its_arn(as_told, lambda_):
    function = as_told()
    for options, missing in (
        ({"FunctionName": "nobody"}, "nobody"),
        ({"FunctionName": function.name, "Qualifier": "7"}, f"{function}:7"),
    ):
        called = missing if ":" in missing else f"{missing}:$LATEST"
        message = f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{called}"
        with refused("ResourceNotFoundException", 404, message):
            lambda_.invoke(InvocationType="Event", **options)


def test_dry_run_checks_whom_it_is_for_and_not_its_concurrency(as_told, lambda_):
    stopped = as_told(reserved_concurrency=0)
    assert lambda_.invoke(FunctionName=stopped.name, InvocationType="DryRun")["StatusCode"] == 204
    with refused("ResourceNotFoundException", 404, "Function not found"):
        lambda_.invoke(FunctionName="nobody", InvocationType="DryRun")


def test_unknown_invocation_type_is_refused_with_those_there_are(as_told, lambda_):
    with refused("ValidationException", 400, "enum value set: [Event, RequestResponse, DryRun]"):
        lambda_.invoke(FunctionName=as_told().name, InvocationType="Later")


def test_function_that_is_not_active_is_a_conflict(as_told, lambda_):
    function = as_told()
    lambda_backends[ACCOUNT_ID][REGION].get_function(function.name).state = "Pending"
    message = "cannot be performed at this time. The function is currently in the following state: Pending"
    for kind in ("Event", "RequestResponse"):
        with refused("ResourceConflictException", 409, message):
            lambda_.invoke(FunctionName=function.name, InvocationType=kind)


def test_container_image_is_refused_with_what_to_do(as_told, lambda_):
    image = {"ImageUri": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/orders:1"}
    role = lambda_.get_function_configuration(FunctionName=as_told().name)["Role"]
    lambda_.create_function(FunctionName="image", Role=role, PackageType="Image", Code=image)
    for kind in ("Event", "RequestResponse"):
        with refused("InvalidRuntimeException", 400, "TARGET=aws"):
            lambda_.invoke(FunctionName="image", InvocationType=kind)


# What it carries


@pytest.mark.parametrize("payload", [b"{", b"NaN", b"\xff", b"{} {}"])
def test_payload_that_is_not_json_is_refused_for_either_kind(as_told, lambda_, payload):
    function = as_told()
    for kind in ("Event", "RequestResponse"):
        with refused("InvalidRequestContentException", 400, "Could not parse request body into json"):
            lambda_.invoke(FunctionName=function.name, InvocationType=kind, Payload=payload)


def test_synchronous_payload_may_be_six_megabytes_and_an_events_one(as_told, lambda_):
    function = as_told()
    larger = b'"' + b"a" * 2_000_000 + b'"'
    answer, body = answer_of(lambda_, function, Payload=larger)
    assert answer["StatusCode"] == 200
    assert len(body["seen"]) == 2_000_000
    message = "Request must be smaller than 1048576 bytes for the InvokeFunction operation"
    with refused("RequestTooLargeException", 413, message):
        lambda_.invoke(FunctionName=function.name, InvocationType="Event", Payload=larger)
    with refused("RequestTooLargeException", 413, "smaller than 6291456 bytes"):
        lambda_.invoke(FunctionName=function.name, Payload=b'"' + b"a" * 6_291_456 + b'"')


def test_synchronous_call_without_payload_is_an_empty_object(as_told, lambda_):
    assert answer_of(lambda_, as_told())[1]["seen"] == {}


def test_client_context_reaches_a_synchronous_handler_and_not_an_events(async_lab, handler, lambda_):
    function = async_lab.function(handler(SAYS_WHAT_CLIENT_SENT), success_queue=True)
    context = base64.b64encode(b'{"custom": {"from": "test"}}').decode()
    assert answer_of(lambda_, function, ClientContext=context)[1] == {"from": "test"}
    lambda_.invoke(FunctionName=function.name, InvocationType="Event", ClientContext=context)
    async_lab.run_until_idle()
    [message] = async_lab.messages(function.success_queue)
    assert message.json["responsePayload"] is None


def test_client_context_that_can_not_be_read_is_refused(as_told, lambda_):
    with refused("InvalidRequestContentException", 400, "Client context must be"):
        lambda_.invoke(FunctionName=as_told().name, ClientContext="%")


def test_invoke_async_is_an_event(async_lab, as_told, lambda_):
    function = as_told()
    assert lambda_.invoke_async(FunctionName=function.name, InvokeArgs=b'{"a": 1}')["Status"] == 202
    with refused("InvalidRequestContentException", 400, "Could not parse"):
        lambda_.invoke_async(FunctionName=function.name, InvokeArgs=b"{")
    async_lab.advance(seconds=60)
    metrics = function.metrics
    assert (metrics["AsyncEventsReceived"].total, metrics["Invocations"].total) == (1, 1)


# What a synchronous call is answered


@pytest.mark.parametrize(
    ("payload", "kind", "message"),
    [
        ({"fail": "no"}, "ValueError", "no"),
        ({"exit": 3}, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ({"sleep": 101}, "Sandbox.Timedout", "Task timed out after 100.00 seconds"),
    ],
)
def test_failure_is_answered_with_200_and_its_error(as_told, lambda_, payload, kind, message):
    answer, error = answer_of(lambda_, as_told(), Payload=json.dumps(payload))
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert error["errorType"] == kind
    assert message in error["errorMessage"]


def test_result_that_json_does_not_know_is_a_function_error(async_lab, handler, lambda_):
    answer, error = answer_of(lambda_, async_lab.function(handler(RETURNS_A_SET)))
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Runtime.MarshalError")


def test_log_tail_begins_with_start_and_ends_with_report(as_told, lambda_):
    answer, _ = answer_of(lambda_, as_told(), LogType="Tail")
    first, *_, last = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert first == f"START RequestId: {id_of(answer)} Version: $LATEST"
    assert last.startswith(f"REPORT RequestId: {id_of(answer)}\t")


def test_log_of_a_function_that_logs_json_is_json(as_told, lambda_):
    function = as_told()
    as_json = {"LogFormat": "JSON", "SystemLogLevel": "INFO"}
    lambda_.update_function_configuration(FunctionName=function.name, LoggingConfig=as_json)
    answer, _ = answer_of(lambda_, function, LogType="Tail")
    first, *_, last = (json.loads(line) for line in base64.b64decode(answer["LogResult"]).decode().splitlines())
    assert first["record"] == {"requestId": id_of(answer), "version": "$LATEST"}
    assert last["record"]["metrics"]["initDurationMs"] > 0


def test_executed_version_is_the_one_behind_the_alias(as_told, lambda_):
    function = as_told()
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    assert answer_of(lambda_, function, Qualifier="live")[0]["ExecutedVersion"] == "1"


def test_package_that_can_not_be_unpacked_is_refused_and_the_code_before_it_runs(as_told, lambda_):
    function = as_told()
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match="Could not unzip uploaded file"):
        lambda_.update_function_code(FunctionName=function.name, ZipFile=b"no zip file")
    assert "FunctionError" not in answer_of(lambda_, function)[0]


# As a stream


def events_of(lambda_, function, **options):
    answer = lambda_.invoke_with_response_stream(FunctionName=str(function), **options)
    return answer, list(answer["EventStream"])


def test_a_stream_has_the_whole_payload_in_one_event(as_told, lambda_):
    function = as_told()
    answer, (chunk, complete) = events_of(lambda_, function, Payload=b'{"a": 1}', LogType="Tail")
    assert answer["ExecutedVersion"] == "$LATEST"
    assert json.loads(chunk["PayloadChunk"]["Payload"])["seen"] == {"a": 1}
    assert b"REPORT" in base64.b64decode(complete["InvokeComplete"]["LogResult"])
    assert "ErrorCode" not in complete["InvokeComplete"]


def test_a_stream_ends_with_the_functions_error(as_told, lambda_):
    _, [complete] = events_of(lambda_, as_told(), Payload=b'{"fail": "no"}')
    error = complete["InvokeComplete"]
    assert (error["ErrorCode"], json.loads(error["ErrorDetails"])["errorMessage"]) == ("Unhandled", "no")


def test_a_stream_that_does_not_begin_is_refused_as_any_call(lambda_):
    with refused("ResourceNotFoundException", 404, "Function not found"):
        lambda_.invoke_with_response_stream(FunctionName="missing")
