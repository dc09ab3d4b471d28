"""What the tests of functions share: clients, a role, a function, and a clock's start."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
START = 1_795_422_225.0  # 2026-11-23T08:23:45Z
NAME = "orders"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/{NAME}"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{NAME}"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:failed"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:failed"


def client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"max_attempts": 0}, parameter_validation=False),
    )


def package(code: str = "def handler(event, context): return event") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    return packed.getvalue()


def policy(*statements: tuple[str, str, str]) -> str:
    """A policy of (effect, action, resource)."""
    listed = [{"Effect": effect, "Action": action, "Resource": resource} for effect, action, resource in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": listed})


def settings(**changed: Any) -> dict[str, Any]:
    """What CreateFunction is asked for."""
    usual = {
        "FunctionName": NAME,
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Role": ROLE_ARN,
        "Code": {"ZipFile": package()},
    }
    return usual | changed


@contextmanager
def refused(code: str, status: int, message: str) -> Iterator[None]:
    """Expect an error of Lambda's, in exactly these words."""
    with pytest.raises(ClientError) as raised:
        yield
    response = raised.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert response["Error"]["Message"] == message
