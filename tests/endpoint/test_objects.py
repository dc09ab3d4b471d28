"""Objects of S3 behind our server: their keys, their metadata and their absence, as boto3 sees them."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from async_lab.endpoint.embedded import Endpoint

BUCKET = "objects"
REGION = "us-east-1"


@pytest.fixture(scope="module")
def s3():
    with Endpoint() as endpoint:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        once = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        client = boto3.client("s3", endpoint_url=endpoint.url, region_name=REGION, config=once, **keys)
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.mark.parametrize("key", ["a?b", "a+b", "a b", "a%2Fb", "a/b", "a//b", "é/ü", "a&b=c", "100%", "#1", "?"])
def test_a_key_is_kept_as_it_was_given(s3, key):
    s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == len(key.encode())
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [key]
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": key})
    assert s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == key.encode()
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_metadata_keeps_its_names_in_small_letters(s3):
    given = {"order": "1", "mixed-Case": "Two", "under_score": "three"}
    s3.put_object(Bucket=BUCKET, Key="m", Body=b"", Metadata=given)
    found = {"order": "1", "mixed-case": "Two", "under_score": "three"}
    assert s3.head_object(Bucket=BUCKET, Key="m")["Metadata"] == found
    s3.copy_object(Bucket=BUCKET, Key="n", CopySource=f"{BUCKET}/m")
    assert s3.head_object(Bucket=BUCKET, Key="n")["Metadata"] == found
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "m"}, {"Key": "n"}]})


def test_an_object_that_is_not_there_is_404(s3):
    for call in (s3.head_object, s3.get_object):
        with pytest.raises(ClientError) as raised:
            call(Bucket=BUCKET, Key="nowhere")
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


@pytest.mark.parametrize(
    "name",
    [
        *("Orders", "my_bucket", "ab", "a..b", "-ab", "ab-", ".ab", "192.168.5.4", "a" * 64),
        *("xn--ab", "sthree-ab", "amzn-s3-demo-ab", "ab-s3alias", "ab--ol-s3", "ab.mrap", "ab--table-s3"),
    ],
)
def test_a_name_that_no_bucket_may_have_is_refused(s3, name):
    code = (400, "InvalidBucketName", "The specified bucket is not valid.")
    assert refusal(s3.create_bucket, Bucket=name) == code
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [BUCKET]


def test_names_that_buckets_may_have_are_taken(s3):
    for name in ("abc", "a.b-c.1", "1.2.3", "a" * 63):
        s3.create_bucket(Bucket=name)
        s3.delete_bucket(Bucket=name)


RIGHT = "XUFAKrxLKna5cZ2REBfFkg=="  # of b"hello"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"ContentMD5": "x"}, "InvalidDigest", "The Content-MD5 you specified was invalid."),
        ({"ContentMD5": "aGVsbG8="}, "InvalidDigest", "The Content-MD5 you specified was invalid."),
        ({"Body": b"other", "ContentMD5": RIGHT}, "BadDigest", "The Content-MD5 you specified did not match what"),
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest", "The CRC32 you specified did not match the calculated checksum."),
        ({"ChecksumSHA256": RIGHT}, "InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid."),
    ],
)
def test_a_body_that_is_not_what_its_digest_says_is_refused(s3, given, code, said):
    status, found, message = refusal(s3.put_object, **{"Bucket": BUCKET, "Key": "d", "Body": b"hello"} | given)
    assert (status, found, message.startswith(said)) == (400, code, True)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_a_body_that_is_what_its_digest_says_is_kept(s3):
    s3.put_object(Bucket=BUCKET, Key="d", Body=b"hello", ContentMD5=RIGHT, ChecksumCRC32="NhCmhg==")
    assert s3.get_object(Bucket=BUCKET, Key="d")["Body"].read() == b"hello"
    s3.delete_object(Bucket=BUCKET, Key="d")
