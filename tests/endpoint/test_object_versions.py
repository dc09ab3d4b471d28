import boto3
import pytest

from async_lab.endpoint.embedded import Endpoint


@pytest.fixture
def s3():
    with Endpoint() as endpoint:
        s3 = boto3.client(
            "s3",
            endpoint_url=endpoint.url,
            region_name="eu-west-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        s3.create_bucket(Bucket="orders", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield s3


def keys(listing):
    return [version["Key"] for version in listing["Versions"]]


def test_keys_of_versions_are_encoded_for_who_asks(s3):
    for key in ("a+b.json", "a b.json", "in/c.json"):
        s3.put_object(Bucket="orders", Key=key, Body=b"")
    listing = s3.list_object_versions(Bucket="orders", EncodingType="url")
    assert listing["EncodingType"] == "url"
    assert keys(listing) == ["a%20b.json", "a%2Bb.json", "in/c.json"]
    assert keys(s3.list_object_versions(Bucket="orders")) == ["a b.json", "a+b.json", "in/c.json"]


def test_common_prefixes_and_markers_are_encoded_too(s3):
    for key in ("a+b/1", "a+b/2", "c+d"):
        s3.put_object(Bucket="orders", Key=key, Body=b"")
    listing = s3.list_object_versions(Bucket="orders", EncodingType="url", Delimiter="/", Prefix="a+")
    assert [each["Prefix"] for each in listing["CommonPrefixes"]] == ["a%2Bb/"]
    assert (listing["Prefix"], listing["Delimiter"]) == ("a%2B", "/")
