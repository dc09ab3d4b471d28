"""What Lambda refuses of uploaded code, when it is uploaded."""

import base64
import hashlib
import io
import json
import urllib.error
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError
from lambda_client import NAME, client, package, settings

UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."


def escaping():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../app.py", "")
    return packed.getvalue()


def sha256(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response
    assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]) == (
        400,
        "InvalidParameterValueException",
    )
    return error["Error"]["Message"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no zip file", UNREADABLE),
        (package()[:-5], UNREADABLE),
        (escaping(), UNREADABLE),
        (b"", "Uploaded file must be a non-empty zip"),
    ],
)
def test_a_package_is_refused_when_it_is_uploaded_and_nothing_is_changed(functions, create, content, message):
    assert refusal(create, Code={"ZipFile": content}) == message
    assert functions.list_functions()["Functions"] == []
    create()
    before = functions.get_function(FunctionName=NAME)["Configuration"]
    assert refusal(functions.update_function_code, FunctionName=NAME, ZipFile=content) == message
    assert refusal(functions.update_function_code, FunctionName=NAME, ZipFile=content, DryRun=True) == message
    assert functions.get_function(FunctionName=NAME)["Configuration"] == before
    assert refusal(functions.publish_layer_version, LayerName="tools", Content={"ZipFile": content}) == message
    assert functions.list_layers()["Layers"] == []


def test_what_is_no_base64_is_no_package(url, functions):
    body = json.dumps(settings(Code={"ZipFile": "%%%"})).encode()
    request = urllib.request.Request(
        f"{url}/2015-03-31/functions/",
        body,
        {
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/lambda/aws4_request, Signature=b",
            "Content-Type": "application/json",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request)
    with raised.value as answered:
        assert (answered.code, json.load(answered)["message"]) == (400, UNREADABLE)


def test_a_function_needs_code(functions, create):
    assert refusal(create, Code={}) == "Please provide a source for function code."
    create()
    assert refusal(functions.update_function_code, FunctionName=NAME) == "Please provide a source for function code."


def test_code_in_s3_must_be_there_and_be_the_version_that_is_named(url, functions, create):
    s3 = client("s3", url)
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    older, newer = package("old = 1"), package("new = 1")
    version = s3.put_object(Bucket="code", Key="app.zip", Body=older)["VersionId"]
    s3.put_object(Bucket="code", Key="app.zip", Body=newer)
    s3.put_object(Bucket="code", Key="bad.zip", Body=b"no zip file")

    missing = "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}".format
    for source, message in [
        ({"S3Bucket": "nobodys", "S3Key": "app.zip"}, missing("NoSuchBucket", "The specified bucket does not exist")),
        ({"S3Bucket": "code", "S3Key": "gone.zip"}, missing("NoSuchKey", "The specified key does not exist.")),
        (
            {"S3Bucket": "code", "S3Key": "app.zip", "S3ObjectVersion": "none"},
            missing("NoSuchVersion", "The specified version does not exist."),
        ),
        ({"S3Bucket": "code", "S3Key": "bad.zip"}, UNREADABLE),
    ]:
        assert refusal(create, Code=source) == message
        assert refusal(functions.publish_layer_version, LayerName="tools", Content=source) == message
    made = create(Code={"S3Bucket": "code", "S3Key": "app.zip", "S3ObjectVersion": version})
    assert made["CodeSha256"] == sha256(older)
    updated = functions.update_function_code(FunctionName=NAME, S3Bucket="code", S3Key="app.zip")
    assert updated["CodeSha256"] == sha256(newer)
    assert refusal(functions.update_function_code, FunctionName=NAME, S3Bucket="code", S3Key="gone.zip") == missing(
        "NoSuchKey", "The specified key does not exist."
    )


def test_only_the_code_that_the_caller_knows_is_published(functions, create):
    present = create()["CodeSha256"]
    assert refusal(functions.publish_version, FunctionName=NAME, CodeSha256="other") == (
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({present}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
    assert [version["Version"] for version in functions.list_versions_by_function(FunctionName=NAME)["Versions"]] == [
        "$LATEST"
    ]
    assert functions.publish_version(FunctionName=NAME, CodeSha256=present)["Version"] == "1"


def test_layers_count_with_the_code_on_creation_and_later(functions, create):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data", bytes(262_144_000))
    layer = functions.publish_layer_version(LayerName="large", Content={"ZipFile": packed.getvalue()})
    too_large = "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes."
    assert refusal(create, Layers=[layer["LayerVersionArn"]]).startswith(too_large)
    create()
    changed = {"FunctionName": NAME, "Layers": [layer["LayerVersionArn"]]}
    assert refusal(functions.update_function_configuration, **changed).startswith(too_large)
    assert not functions.get_function_configuration(FunctionName=NAME).get("Layers")


layer_arn = "arn:aws:lambda:{}:123456789012:layer:tools:{}".format
TWO = "Two different versions of the same layer are not allowed to be referenced in the same function. "


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([layer_arn("eu-west-1", number) for number in range(1, 7)], "Cannot reference more than 5 layers."),
        ([layer_arn("eu-west-1", 3)], f"Layer version {layer_arn('eu-west-1', 3)} does not exist."),
        (
            [layer_arn("us-east-1", 1)],
            "Layers are not in the same region as the function. Layers are expected to be in region eu-west-1.",
        ),
        (
            [layer_arn("eu-west-1", 1), layer_arn("eu-west-1", 2)],
            f"{TWO}{layer_arn('eu-west-1', 1)} and {layer_arn('eu-west-1', 2)} are versions of the same layer.",
        ),
    ],
)
def test_layers_that_a_function_can_not_have_are_refused(functions, create, layers, message):
    for _ in range(2):
        functions.publish_layer_version(LayerName="tools", Content={"ZipFile": package()})
    assert refusal(create, Layers=layers) == message
    create(Layers=[layer_arn("eu-west-1", 2)])
    assert refusal(functions.update_function_configuration, FunctionName=NAME, Layers=layers) == message
    kept = functions.get_function_configuration(FunctionName=NAME)["Layers"]
    assert [layer["Arn"] for layer in kept] == [layer_arn("eu-west-1", 2)]


def test_a_layer_of_another_account_is_refused_by_name(functions, create):
    layer = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:7"
    assert refusal(create, Layers=[layer]).startswith(f"async-lab doesn't have {layer}, which is another account's")


def stored(size):
    """A package of exactly so many bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
        archive.writestr("data", b"")
    empty = len(packed.getvalue())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
        archive.writestr("data", bytes(size - empty))
    return packed.getvalue()


def too_large(call, message, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        "RequestEntityTooLargeException",
        413,
    )
    assert response["Error"]["Message"] == message


def test_a_package_of_more_than_fifty_megabytes_is_not_uploaded_directly(url, functions, create):
    largest = 52_428_800
    too_large(create, f"Zipped size must be smaller than {largest} bytes", Code={"ZipFile": stored(largest + 1)})
    assert functions.list_functions()["Functions"] == []
    assert create(Code={"ZipFile": stored(largest)})["CodeSize"] == largest
    s3 = client("s3", url)
    s3.create_bucket(Bucket="large", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="large", Key="app.zip", Body=stored(largest + 1))
    updated = functions.update_function_code(FunctionName=NAME, S3Bucket="large", S3Key="app.zip")
    assert updated["CodeSize"] == largest + 1


def test_a_configuration_of_more_than_5120_bytes_is_too_large(functions, create):
    create()
    message = "Request must be smaller than 5120 bytes for the UpdateFunctionConfiguration operation"
    variables = {"Variables": {"KEY": "v" * 5_120}}
    too_large(functions.update_function_configuration, message, FunctionName=NAME, Environment=variables)


def test_an_environment_without_variables_reads_back_where_a_function_was_made_with_it(functions, create):
    create(Environment={"Variables": {}})
    functions.update_function_configuration(FunctionName=NAME, Description="as before")
    assert functions.get_function_configuration(FunctionName=NAME)["Environment"] == {"Variables": {}}
    functions.update_function_configuration(FunctionName=NAME, Environment={"Variables": {"KEY": "b"}})
    assert functions.get_function_configuration(FunctionName=NAME)["Environment"] == {"Variables": {"KEY": "b"}}
    functions.update_function_configuration(FunctionName=NAME, Environment={"Variables": {}})
    assert "Environment" not in functions.get_function_configuration(FunctionName=NAME)


def test_a_layer_is_found_by_its_versions_arn(functions):
    made = functions.publish_layer_version(LayerName="tools", Content={"ZipFile": package()})
    found = functions.get_layer_version_by_arn(Arn=made["LayerVersionArn"])
    assert (found["LayerVersionArn"], found["Version"]) == (made["LayerVersionArn"], 1)
    assert found["Content"]["CodeSha256"] == made["Content"]["CodeSha256"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.get_layer_version_by_arn(Arn=layer_arn("eu-west-1", 9))
