"""Who reads objects of a bucket with a policy."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::kept", "arn:aws:s3:::kept/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
DENY = {name: value for name, value in TLS_ONLY.items() if name != "Condition"}
ALLOW = TLS_ONLY | {"Effect": "Allow"}


@pytest.fixture
def s3(async_lab):
    client = boto3.client(
        "s3",
        endpoint_url=async_lab.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="kept")
    client.put_object(Bucket="kept", Key="record", Body=b"{}")
    return client


@pytest.mark.parametrize("statement", [[TLS_ONLY], TLS_ONLY, [ALLOW], [TLS_ONLY, ALLOW]])
def test_a_condition_shuts_no_object_away(s3, statement):
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    assert s3.get_object(Bucket="kept", Key="record")["Body"].read() == b"{}"


def test_a_denial_without_a_condition_is_one(s3):
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps({"Version": "2012-10-17", "Statement": [DENY, ALLOW]}))
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="kept", Key="record")
    s3.delete_bucket_policy(Bucket="kept")
    assert s3.get_object(Bucket="kept", Key="record")["Body"].read() == b"{}"
