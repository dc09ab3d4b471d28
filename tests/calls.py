"""Which operations of AWS a program calls: the embedded endpoint's requests, named as IAM names them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.session import get_session

from async_lab.endpoint import embedded
from async_lab.endpoint.http.server import WsgiApp

_SERVICES = {"monitoring": "cloudwatch", "tagging": "tag"}
"""Where the name that a request is signed for isn't IAM's."""
_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction"}
"""Where an operation's name isn't its permission's."""


@contextmanager
def standing_before_endpoints(recorder: Recorder) -> Iterator[None]:
    """Have a recorder see every request to the endpoints that are made in the block."""
    with pytest.MonkeyPatch.context() as patch:
        answered = embedded.ErrorMiddleware
        patch.setattr(embedded, "ErrorMiddleware", lambda app: recorder.before(answered(app)))
        yield


class Recorder:
    """Notes which actions an endpoint is asked for."""

    def __init__(self) -> None:
        self.actions: set[str] = set()

    def before(self, app: WsgiApp) -> WsgiApp:
        """Return an application that notes each request and passes it on."""

        def noting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            self._note(environ)
            return app(environ, start_response)

        return noting

    def _note(self, environ: dict[str, Any]) -> None:
        signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        if signed:  # all but the clock's requests
            service = _SERVICES.get(signed[1], signed[1])
            if service == "s3":
                self.actions |= {f"s3:{action}" for action in _of_bucket(environ)}
                return
            action = f"{service}:{_operation(service, environ)}"
            self.actions.add(_ACTIONS.get(action, action))


_OF_BUCKETS = {
    ("DELETE", ""): ("DeleteBucket",),
    ("GET", "accelerate"): ("GetAccelerateConfiguration",),
    ("GET", "acl"): ("GetBucketAcl",),
    ("GET", "cors"): ("GetBucketCORS",),
    ("GET", "encryption"): ("GetEncryptionConfiguration",),
    ("GET", "lifecycle"): ("GetLifecycleConfiguration",),
    ("GET", "logging"): ("GetBucketLogging",),
    ("GET", "notification"): ("GetBucketNotification",),
    ("GET", "object-lock"): ("GetBucketObjectLockConfiguration",),
    ("GET", "policy"): ("GetBucketPolicy",),
    ("GET", "replication"): ("GetReplicationConfiguration",),
    ("GET", "requestPayment"): ("GetBucketRequestPayment",),
    ("GET", "tagging"): ("GetBucketTagging",),
    ("GET", "versioning"): ("GetBucketVersioning",),
    ("GET", "versions"): ("ListBucketVersions",),
    ("GET", "website"): ("GetBucketWebsite",),
    ("HEAD", ""): ("ListBucket",),
    ("POST", "delete"): ("DeleteObject", "DeleteObjectVersion"),
    ("PUT", ""): ("CreateBucket",),
    ("PUT", "notification"): ("PutBucketNotification",),
    ("PUT", "tagging"): ("PutBucketTagging",),
}
"""The permissions that requests about a bucket take (S3 API reference): an operation's name isn't its permission's."""


def _of_bucket(environ: dict[str, Any]) -> tuple[str, ...]:
    method, asked = environ["REQUEST_METHOD"], set(parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if environ["PATH_INFO"].strip("/").count("/"):
        return {"PUT": ("PutObject",), "GET": ("GetObject",), "HEAD": ("GetObject",), "DELETE": ("DeleteObject",)}[
            method
        ]
    about = next((of for _, of in _OF_BUCKETS if of in asked), "")
    return _OF_BUCKETS.get((method, about), ("ListBucket",))


def _operation(service: str, environ: dict[str, Any]) -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rpartition(".")[2]
    if named := re.search(r"/operation/(\w+)$", environ["PATH_INFO"]):
        return named[1]
    if service == "lambda":
        return _by_path(service, environ["REQUEST_METHOD"], environ["PATH_INFO"])
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = BytesIO(body)
    return re.search(rb"(?:^|&)Action=(\w+)", body)[1].decode()


def _by_path(service: str, method: str, path: str) -> str:
    return next(name for asked, form, name in _paths(service) if asked == method and form.fullmatch(path.rstrip("/")))


@cache
def _paths(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    model = get_session().get_service_model(service)
    https = [(model.operation_model(name).http, name) for name in model.operation_names]
    https.sort(key=lambda one: one[0]["requestUri"].count("{"))  # the most exact form first
    return [(http["method"], _form(http["requestUri"].partition("?")[0]), name) for http, name in https]


def _form(uri: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", uri.rstrip("/")))
