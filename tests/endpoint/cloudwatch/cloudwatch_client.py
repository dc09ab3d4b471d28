"""What the tests of this directory share beside their fixtures."""

import boto3

START = 1_795_422_225.0  # 2026-11-23T08:23:45Z


def client(service: str, endpoint: str):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
