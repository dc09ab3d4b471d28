"""Requests without a body that ask to continue, as SDKs send empty files: they are answered at once."""

import socket

import pytest

from async_lab.endpoint.embedded import Endpoint
from async_lab.target.local import LocalTarget


@pytest.fixture(scope="module")
def target():
    with Endpoint() as endpoint:
        yield LocalTarget(endpoint, "us-east-1")


@pytest.mark.parametrize("body", [b"", b"x", b"x" * 3_000_000])
def test_s3_keeps_a_body_of_any_size(target, body):
    s3 = target.client("s3")
    s3.create_bucket(Bucket="bodies")
    s3.put_object(Bucket="bodies", Key="key", Body=body)
    assert s3.get_object(Bucket="bodies", Key="key")["Body"].read() == body


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("length", [0, 2])
def test_any_request_that_asks_to_continue_is_answered(target, method, length):
    with socket.create_connection(("127.0.0.1", int(target._endpoint.url.rpartition(":")[2])), timeout=60) as raw:
        head = f"{method} /b/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        raw.sendall(head.encode())
        first = raw.recv(64)
        if length:
            assert first.startswith(b"HTTP/1.1 100 ")
            raw.sendall(b"{}")
            first = raw.recv(64)
        assert first.startswith(b"HTTP/1.1 ")
        assert not first.startswith(b"HTTP/1.1 100 ")
