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
