"""What S3 refuses of buckets' names, of objects' bodies and of what is said of them, and moto takes.

Sources: S3 user guide, "General purpose bucket naming rules", "Checking object integrity for data uploads" and
"Working with object metadata"; API reference, "Error responses"; words from public issues and recorded answers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from async_lab.endpoint.http import wire
from async_lab.endpoint.http.api_call import ApiCall
from async_lab.endpoint.http.constraints import Problem

_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_LONGEST_KEY_BYTES = 1_024
_PARTS = range(1, 10_001)
_WITH_METADATA, _METADATA = {"CopyObject", "CreateMultipartUpload", "PutObject"}, "HTTP_X_AMZ_META_"
_MOST_METADATA_BYTES = 2_048
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
    for check in (_of_headers(call), *(check(call.parameters) for check in _CHECKS.get(call.operation.name, ()))):
        if check:
            return check
    if "HTTP_CONTENT_MD5" in environ and (wrong := _of_md5(environ)):
        return wrong
    if call.operation.name in _WITH_METADATA and _metadata_bytes(environ) > _MOST_METADATA_BYTES:
        return Problem("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
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


def _metadata_bytes(environ: Mapping[str, Any]) -> int:
    given = ((name.removeprefix(_METADATA), value) for name, value in environ.items() if name.startswith(_METADATA))
    return sum(len(name) + len(value) for name, value in given)


# By operation


def _key(asked: Mapping[str, Any]) -> Problem | None:
    is_long = len(str(asked.get("Key", "")).encode()) > _LONGEST_KEY_BYTES
    return Problem("KeyTooLongError", "Your key is too long") if is_long else None


def _encrypted(asked: Mapping[str, Any]) -> Problem | None:
    if "SSEKMSKeyId" not in asked or str(asked.get("ServerSideEncryption")).startswith("aws:kms"):
        return None
    return Problem(
        "InvalidArgument",
        "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
    )


def _tags_in_header(asked: Mapping[str, Any]) -> Problem | None:
    names = [name for name, _ in parse_qsl(str(asked.get("Tagging") or ""), keep_blank_values=True)]
    if len(set(names)) == len(names):
        return None
    return Problem(
        "InvalidArgument",
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
        "duplicates.",
    )


def _tags_of_object(asked: Mapping[str, Any]) -> Problem | None:
    tagging = asked.get("Tagging")
    tags = (tagging.get("TagSet") if isinstance(tagging, Mapping) else None) or []
    keys = [tag.get("Key") for tag in tags if isinstance(tag, Mapping)]
    if len(set(keys)) == len(keys):
        return None
    return Problem("InvalidTag", "Cannot provide multiple Tags with the same key")


def _source(asked: Mapping[str, Any]) -> Problem | None:
    bucket, _, key = str(asked.get("CopySource")).removeprefix("/").partition("/")
    return None if bucket and key else Problem("InvalidArgument", "Invalid copy source object key")


def _part(asked: Mapping[str, Any]) -> Problem | None:
    number = str(asked.get("PartNumber"))
    if number.isdecimal() and int(number) in _PARTS:
        return None
    return Problem("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")


def _listed(asked: Mapping[str, Any]) -> Problem | None:
    most = asked.get("MaxKeys")
    if most is not None and not str(most).isdecimal():
        return Problem("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647")
    if asked.get("EncodingType") not in {None, "url"}:
        return Problem("InvalidArgument", "Invalid Encoding Method specified in Request")
    return None


_CHECKS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Problem | None], ...]] = {
    "CopyObject": (_key, _encrypted, _tags_in_header, _source),
    "CreateMultipartUpload": (_key, _encrypted, _tags_in_header),
    "ListMultipartUploads": (_listed,),
    "ListObjectVersions": (_listed,),
    "ListObjects": (_listed,),
    "ListObjectsV2": (_listed,),
    "PutObject": (_key, _encrypted, _tags_in_header),
    "PutObjectTagging": (_tags_of_object,),
    "UploadPart": (_part,),
    "UploadPartCopy": (_part, _source),
}


# Digests


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
