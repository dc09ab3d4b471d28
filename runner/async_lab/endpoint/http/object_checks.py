"""What S3 refuses of buckets' names and objects' bodies, and moto takes.

Sources: S3 user guide, "General purpose bucket naming rules" and "Checking object integrity for data uploads"; API
reference, "Error responses".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from async_lab.endpoint.http import wire
from async_lab.endpoint.http.api_call import ApiCall
from async_lab.endpoint.http.constraints import Problem

_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_CHUNKED = "aws-chunked"
"""The encoding of a body whose checksum comes after it: the client's library has made both."""
_MD5_BYTES = 16
_CHECKSUMS: Mapping[str, tuple[int, Callable[[bytes], bytes]]] = {
    "CRC32": (4, lambda body: binascii.crc32(body).to_bytes(4, "big")),
    "SHA1": (20, lambda body: hashlib.sha1(body).digest()),  # noqa: S324 - what S3 offers
    "SHA256": (32, lambda body: hashlib.sha256(body).digest()),
}
"""Of those that S3 knows, what Python can compute: how many bytes it has, and how."""


def problem(call: ApiCall, environ: dict[str, Any]) -> Problem | None:
    """Return why S3 refuses a call; None when it doesn't."""
    if call.operation.name == "CreateBucket":
        name = str(call.parameters.get("Bucket"))
        return None if is_name(name) else Problem("InvalidBucketName", "The specified bucket is not valid.")
    if wrong := _of_headers(call):
        return wrong
    if "HTTP_CONTENT_MD5" in environ and (wrong := _of_md5(environ)):
        return wrong
    return _of_checksums(environ) if call.operation.name in {"PutObject", "UploadPart"} else None


def _of_headers(call: ApiCall) -> Problem | None:
    """Return what is wrong of a header that has one of several values, but for storage classes, which moto checks."""
    members = call.shape.members if call.shape else {}
    for name, value in call.parameters.items():
        member = members.get(name)
        if member is None or member.type_name != "string" or member.serialization.get("location") != "header":
            continue
        allowed = member.metadata.get("enum")
        if allowed and value not in allowed and name != "StorageClass":
            header = member.serialization.get("name", name)
            return Problem("InvalidArgument", f"{value} is not valid for {header}: it is one of {', '.join(allowed)}.")
    return None


def is_name(name: str) -> bool:
    """Whether a bucket may be called so."""
    if not _NAME.fullmatch(name) or name.endswith(_RESERVED_ENDS):
        return False
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return True
    return False


def _of_md5(environ: dict[str, Any]) -> Problem | None:
    given = _decoded(environ["HTTP_CONTENT_MD5"], _MD5_BYTES)
    if given is None:
        return Problem("InvalidDigest", "The Content-MD5 you specified was invalid.")
    if _is_chunked(environ) or given == hashlib.md5(wire.peeked(environ)).digest():  # noqa: S324 - what S3 asks for
        return None
    return Problem("BadDigest", "The Content-MD5 you specified did not match what we received.")


def _of_checksums(environ: dict[str, Any]) -> Problem | None:
    for name, (size, computed) in _CHECKSUMS.items():
        text = environ.get(f"HTTP_X_AMZ_CHECKSUM_{name}")
        if text is None or _is_chunked(environ):
            continue
        given = _decoded(text, size)
        if given is None:
            return Problem("InvalidRequest", f"Value for x-amz-checksum-{name.lower()} header is invalid.")
        if given != computed(wire.peeked(environ)):
            return Problem("BadDigest", f"The {name} you specified did not match the calculated checksum.")
    return None


def _decoded(text: str, size: int) -> bytes | None:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return decoded if len(decoded) == size else None


def _is_chunked(environ: dict[str, Any]) -> bool:
    return _CHUNKED in environ.get("HTTP_CONTENT_ENCODING", "") or "STREAMING" in environ.get(
        "HTTP_X_AMZ_CONTENT_SHA256", ""
    )
