"""Lists object versions with their keys encoded, as a client asks for that is to decode them.

moto encodes them in its other listings alone: Terraform's provider would decode ``a+b.json`` to ``a b.json``, delete
that, and find the bucket as full as before, for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from moto.core.responses import ActionResult
from moto.s3.responses import S3Response

from async_lab.endpoint.moto_patches import replace

_list_object_versions = S3Response.list_object_versions
_ENCODED = ("Prefix", "Delimiter", "KeyMarker", "NextKeyMarker")  # API reference, ListObjectVersions, EncodingType


def install() -> None:
    """Make it so in the whole process; again is no harm."""
    replace(S3Response, "list_object_versions", _listed)


def _listed(response: S3Response) -> Any:
    if (response.querystring.get("encoding-type") or [None])[0] == "url":
        serialized = response.serialized
        response.serialized = lambda answer: serialized(ActionResult(_encoded(answer.result)))
    return _list_object_versions(response)


def _encoded(listing: dict[str, Any]) -> dict[str, Any]:
    names = {name: quote(listing[name]) for name in _ENCODED if listing.get(name)}
    return {
        **listing,
        **names,
        "EncodingType": "url",
        "Versions": _with_keys(listing["Versions"], "Key"),
        "DeleteMarkers": _with_keys(listing["DeleteMarkers"], "Key"),
        "CommonPrefixes": _with_keys(listing.get("CommonPrefixes") or (), "Prefix"),
    }


def _with_keys(entries: Iterable[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [entry | {name: quote(entry[name])} for entry in entries]
