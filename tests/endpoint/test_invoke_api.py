"""Invoke as boto3 sees it: what is refused and in which words, and what a synchronous call is answered."""

import base64
import json
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends
from queue_lab import id_of

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
    assert id_of(response)


def answer_of(lab, name, **options):
    answer = lab.lambda_.invoke(FunctionName=name, **options)
    return answer, json.loads(answer["Payload"].read())


# Whom a request is for


def test_qualifier_in_the_name_and_another_beside_it_are_refused(lab):
    name = lab.function()
    message = "The derived qualifier from the function name does not match the specified qualifier."
    with refused("InvalidParameterValueException", 400, message):
        lab.lambda_.invoke(FunctionName=f"{name}:1", Qualifier="2")


def test_arn_of_another_region_is_not_found(lab):
    arn = f"arn:aws:lambda:us-west-2:{ACCOUNT_ID}:function:{lab.function()}"
    message = f"Functions from 'us-west-2' are not reachable in this region ('{REGION}')"
    with refused("ResourceNotFoundException", 404, message):
        lab.lambda_.invoke(FunctionName=arn)


def test_what_is_not_found_is_named_by_its_arn(lab):
    name = lab.function()
    for options, missing in (
        ({"FunctionName": "nobody"}, "nobody"),
        ({"FunctionName": name, "Qualifier": "7"}, f"{name}:7"),
    ):
        called = missing if ":" in missing else f"{missing}:$LATEST"
        message = f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{called}"
        with refused("ResourceNotFoundException", 404, message):
            lab.lambda_.invoke(InvocationType="Event", **options)


def test_dry_run_checks_whom_it_is_for_and_not_its_concurrency(lab):
    stopped = lab.function(concurrency=0)
    assert lab.lambda_.invoke(FunctionName=stopped, InvocationType="DryRun")["StatusCode"] == 204
    with refused("ResourceNotFoundException", 404, "Function not found"):
        lab.lambda_.invoke(FunctionName="nobody", InvocationType="DryRun")


def test_unknown_invocation_type_is_refused_with_those_there_are(lab):
    with refused("ValidationException", 400, "enum value set: [Event, RequestResponse, DryRun]"):
        lab.lambda_.invoke(FunctionName=lab.function(), InvocationType="Later")


def test_function_that_is_not_active_is_a_conflict(lab):
    name = lab.function()
    lambda_backends[ACCOUNT_ID][REGION].get_function(name).state = "Pending"
    message = "cannot be performed at this time. The function is currently in the following state: Pending"
    for kind in ("Event", "RequestResponse"):
        with refused("ResourceConflictException", 409, message):
            lab.lambda_.invoke(FunctionName=name, InvocationType=kind)


def test_container_image_is_refused_with_what_to_do(lab):
    image = {"ImageUri": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/orders:1"}
    lab.lambda_.create_function(FunctionName="image", Role=lab.role, PackageType="Image", Code=image)
    for kind in ("Event", "RequestResponse"):
        with refused("InvalidRuntimeException", 400, "TARGET=aws"):
            lab.lambda_.invoke(FunctionName="image", InvocationType=kind)


# What it carries


@pytest.mark.parametrize("payload", [b"{", b"NaN", b"\xff", b"{} {}"])
def test_payload_that_is_not_json_is_refused_for_either_kind(lab, payload):
    name = lab.function()
    for kind in ("Event", "RequestResponse"):
        with refused("InvalidRequestContentException", 400, "Could not parse request body into json"):
            lab.lambda_.invoke(FunctionName=name, InvocationType=kind, Payload=payload)


def test_synchronous_payload_may_be_six_megabytes_and_an_events_one(lab):
    name = lab.function()
    larger = b'"' + b"a" * 2_000_000 + b'"'
    answer, body = answer_of(lab, name, Payload=larger)
    assert answer["StatusCode"] == 200
    assert len(body["seen"]) == 2_000_000
    message = "Request must be smaller than 1048576 bytes for the InvokeFunction operation"
    with refused("RequestTooLargeException", 413, message):
        lab.send(name, "a" * 2_000_000)
    with refused("RequestTooLargeException", 413, "smaller than 6291456 bytes"):
        lab.lambda_.invoke(FunctionName=name, Payload=b'"' + b"a" * 6_291_456 + b'"')


def test_synchronous_call_without_payload_is_an_empty_object(lab):
    assert answer_of(lab, lab.function())[1]["seen"] == {}


def test_client_context_reaches_a_synchronous_handler_and_not_an_events(lab):
    url, arn = lab.queue()
    destinations = {"DestinationConfig": {"OnSuccess": {"Destination": arn}}}
    name = lab.function(source=SAYS_WHAT_CLIENT_SENT, asynchronous=destinations)
    context = base64.b64encode(b'{"custom": {"from": "test"}}').decode()
    assert answer_of(lab, name, ClientContext=context)[1] == {"from": "test"}
    lab.send(name, ClientContext=context)
    lab.target.wait(10)
    assert lab.records(url)[0]["responsePayload"] is None


def test_client_context_that_can_not_be_read_is_refused(lab):
    with refused("InvalidRequestContentException", 400, "Client context must be"):
        lab.lambda_.invoke(FunctionName=lab.function(), ClientContext="%")


def test_invoke_async_is_an_event(lab):
    name, since = lab.function(), lab.target.now()
    assert lab.lambda_.invoke_async(FunctionName=name, InvokeArgs=b'{"a": 1}')["Status"] == 202
    with refused("InvalidRequestContentException", 400, "Could not parse"):
        lab.lambda_.invoke_async(FunctionName=name, InvokeArgs=b"{")
    lab.target.wait(60)
    metrics = lab.metrics(name, since)
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
def test_failure_is_answered_with_200_and_its_error(lab, payload, kind, message):
    answer, error = answer_of(lab, lab.function(), Payload=json.dumps(payload))
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert error["errorType"] == kind
    assert message in error["errorMessage"]


def test_result_that_json_does_not_know_is_a_function_error(lab):
    answer, error = answer_of(lab, lab.function(source=RETURNS_A_SET))
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Runtime.MarshalError")


def test_log_tail_begins_with_start_and_ends_with_report(lab):
    answer, _ = answer_of(lab, lab.function(), LogType="Tail")
    first, *_, last = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert first == f"START RequestId: {id_of(answer)} Version: $LATEST"
    assert last.startswith(f"REPORT RequestId: {id_of(answer)}\t")


def test_log_of_a_function_that_logs_json_is_json(lab):
    name = lab.function(LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "INFO"})
    answer, _ = answer_of(lab, name, LogType="Tail")
    first, *_, last = (json.loads(line) for line in base64.b64decode(answer["LogResult"]).decode().splitlines())
    assert first["record"] == {"requestId": id_of(answer), "version": "$LATEST"}
    assert last["record"]["metrics"]["initDurationMs"] > 0


def test_executed_version_is_the_one_behind_the_alias(lab):
    name = lab.function(Publish=True)
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert answer_of(lab, name, Qualifier="live")[0]["ExecutedVersion"] == "1"


def test_package_that_can_not_be_unpacked_is_refused_and_the_code_before_it_runs(lab):
    name = lab.function()
    with pytest.raises(lab.lambda_.exceptions.InvalidParameterValueException, match="Could not unzip uploaded file"):
        lab.lambda_.update_function_code(FunctionName=name, ZipFile=b"no zip file")
    assert "FunctionError" not in answer_of(lab, name)[0]
