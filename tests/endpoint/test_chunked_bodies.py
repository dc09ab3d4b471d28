"""Bodies in pieces, with and without a checksum after them, as SDKs send what they stream."""

import io
import socket
from contextlib import closing

import boto3
import pytest
from botocore.config import Config

from async_lab.endpoint.embedded import Endpoint

CONTENT = bytes(range(256)) * 1_000


class Stream(io.RawIOBase):
    """Something that can be read once and whose length nobody knows."""

    def __init__(self, content):
        self._left = io.BytesIO(content)

    def readable(self):
        return True

    def read(self, size=-1):
        return self._left.read(size)


@pytest.fixture(scope="module")
def endpoint():
    with Endpoint() as running:
        yield running


@pytest.fixture(scope="module")
def s3(endpoint):
    client = boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )
    client.create_bucket(Bucket="bucket")
    return client


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_a_body_with_its_checksum_arrives_whole(s3, algorithm, content):
    stored = s3.put_object(Bucket="bucket", Key="key", Body=io.BytesIO(content), ChecksumAlgorithm=algorithm)
    assert stored[f"Checksum{algorithm}"]
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == content


@pytest.mark.parametrize("content", [b"", CONTENT])
def test_an_upload_by_the_transfer_manager_arrives_whole(s3, content):
    s3.upload_fileobj(io.BytesIO(content), "bucket", "uploaded")
    s3.upload_fileobj(Stream(content), "bucket", "streamed")
    for key in ("uploaded", "streamed"):
        assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == content


def chunked(content, *, expects, trailer, aws):
    """A request by hand; ``aws`` wraps the content once more, as ``aws-chunked`` does."""
    inner = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(content), content, trailer) if content else b"0\r\n%s\r\n" % trailer
    payload = inner if aws else content
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (payload[:7], payload[7:]) if part) + b"0\r\n\r\n"
    headers = [
        "PUT /bucket/by-hand HTTP/1.1",
        "Host: 127.0.0.1",
        "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, Signature=b",
        "Transfer-Encoding: chunked",
        "Connection: close",
    ]
    if expects:
        headers.append("Expect: 100-continue")
    if aws:
        headers += [
            "Content-Encoding: aws-chunked",
            "X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            f"X-Amz-Decoded-Content-Length: {len(content)}",
            "X-Amz-Trailer: x-amz-checksum-crc32",
        ]
    return "\r\n".join([*headers, "", ""]).encode(), body


@pytest.mark.parametrize("content", [b"", b"hello"])
@pytest.mark.parametrize("expects", [False, True])
@pytest.mark.parametrize("aws", [False, True])
def test_a_chunked_body_by_hand_arrives_whole(endpoint, s3, content, expects, aws):
    checksum = {b"": b"AAAAAA==", b"hello": b"NhCmhg=="}[content]
    head, body = chunked(content, expects=expects, trailer=b"x-amz-checksum-crc32:" + checksum + b"\r\n", aws=aws)
    host, port = endpoint.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        connection.sendall(head)
        answer = b""
        if expects:
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(4_096)
            assert answer == b"HTTP/1.1 100 Continue\r\n\r\n"
            answer = b""
        connection.sendall(body)
        while received := connection.recv(65_536):
            answer += received
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert s3.get_object(Bucket="bucket", Key="by-hand")["Body"].read() == content
