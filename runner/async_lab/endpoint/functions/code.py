"""Where a function's or a layer's code comes from, and what Lambda refuses of it when it is uploaded."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.awslambda import models
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from async_lab.endpoint.functions.refusals import invalid_value
from async_lab.endpoint.sandbox import UnusablePackage, check_package

_NOT_BASE64 = "Could not unzip uploaded file. Please check your file, then try to upload again."


@dataclass(frozen=True, slots=True)
class Package:
    """A zip file and what Lambda says of it."""

    content: bytes

    def describe(self, owner: Any) -> None:
        """Make it the content of one of moto's functions or layers."""
        digest = hashlib.sha256(self.content)
        owner.code_bytes, owner.code_size = self.content, len(self.content)
        owner.code_sha_256, owner.code_digest = base64.b64encode(digest.digest()).decode(), digest.hexdigest()


def uploaded(account_id: str, region: str, source: Mapping[str, Any]) -> Package | None:
    """Return the package that a request brings or names; None where it names a container image, or nothing."""
    if "ZipFile" in source:
        return Package(_decoded(source["ZipFile"]))
    if "S3Bucket" in source and "S3Key" in source:
        return Package(_stored(account_id, region, source))
    return None


def check(package: Package, layers: Sequence[bytes] = ()) -> None:
    """Refuse a package that no function can run from, or not together with its layers."""
    try:
        check_package(package.content, layers)
    except UnusablePackage as error:
        raise invalid_value(str(error)) from error


def check_sha256(wanted: str | None, present: str) -> None:
    """Refuse to publish other code than the caller knows (doc: PublishVersion, CodeSha256)."""
    if wanted and wanted != present:
        raise invalid_value(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({present}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )


class LayerVersion(models.LayerVersion):
    """moto's layer version, of a package that can be unpacked."""

    def __init__(self, spec: dict[str, Any], account_id: str, region: str) -> None:
        package = uploaded(account_id, region, spec["Content"])
        if package is None:
            raise invalid_value("Please provide a source for layer content.")
        check(package)
        super().__init__(spec, account_id, region)
        package.describe(self)


def _decoded(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise invalid_value(_NOT_BASE64) from error


def _stored(account_id: str, region: str, source: Mapping[str, Any]) -> bytes:
    backend = s3_backends[account_id][get_partition(region)]
    try:
        found = backend.get_object(source["S3Bucket"], source["S3Key"], source.get("S3ObjectVersion"))
    except MissingBucket as error:
        raise _not_got("NoSuchBucket", "The specified bucket does not exist") from error
    if found is None:
        if source.get("S3ObjectVersion"):
            raise _not_got("NoSuchVersion", "The specified version does not exist.")
        raise _not_got("NoSuchKey", "The specified key does not exist.")
    content: bytes = found.value
    return content


def _not_got(code: str, message: str) -> Exception:
    return invalid_value(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")
