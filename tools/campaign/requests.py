"""Requests that no SDK would send: each is answered, never with a 500 nor a page, and the endpoint goes on."""

from __future__ import annotations

import http.client
import random
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.campaign.case import Case
from tools.campaign.served import ANSWER_SECONDS, Served

_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=c/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
)
_SERVICES = (
    "lambda",
    "monitoring",
    "sqs",
    "sns",
    "events",
    "s3",
    "logs",
    "iam",
    "sts",
    "xray",
    "apigateway",
    "nothing",
    "",
)
_REGIONS = ("us-east-1", "mars-1", "", "a b", "../..", "é")
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "NONSENSE")
_PATHS = (
    "/",
    "//",
    "/2015-03-31/functions/",
    "/2015-03-31/functions//policy",
    "/2015-03-31/functions/{odd}",
    "/2015-03-31/functions/{odd}/invocations",
    "/2015-03-31/functions/good/invocations",
    "/2015-03-31/functions/good/aliases/{odd}",
    "/2015-03-31/event-source-mappings/{odd}",
    "/2017-10-31/functions/good/concurrency",
    "/2019-09-25/functions/good/event-invoke-config",
    "/service/GraniteServiceVersion20100801/operation/{odd}",
    "/bucket/{odd}",
    "/_async-lab/clock",
    "/_async-lab/{odd}",
    "/moto-api/{odd}",
    "/moto-api/reset",
    "/{odd}",
)
_ODD = (
    "a%00b",
    "%2F..%2F..",
    "x" * 3_000,
    "fn:$LATEST",
    "a b".replace(" ", "%20"),
    "%",
    "%zz",
    "é".encode().hex(),
    "?a=1&a=2",
    "fn!",
)
_BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"a": ' * 2_000,
    b"Action=PutMetricData",
    b"seconds=1e15",
    b"seconds=nan",
    b"x" * 300_000,
)
_TARGETS = (
    "",
    "GraniteServiceVersion20100801.PutMetricData",
    "AmazonSQS.SendMessage",
    "AWSEvents.PutEvents",
    "Nothing.Nothing",
    "é",
)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def draw(rng: random.Random, served: Served) -> Case:
    """Draw a method, a path, headers and a body, each of which may be odd."""
    odd = rng.choice((*_ODD, "".join(rng.choices(string.ascii_letters + "-_.~$:@", k=rng.randint(1, 90)))))
    headers = {
        "Authorization": _AUTHORIZATION.format(region=rng.choice(_REGIONS), service=rng.choice(_SERVICES)),
        "X-Amz-Target": rng.choice(_TARGETS),
        "Content-Type": rng.choice(
            ("", "application/x-amz-json-1.0", "application/x-www-form-urlencoded", "text/html")
        ),
        "X-Amz-Invocation-Type": rng.choice(("", "Event", "RequestResponse", "Odd")),
        "X-Amz-Date": rng.choice(("", "20260101T000000Z", "yesterday")),
    }
    chosen = {name: value.encode().decode("latin-1") for name, value in headers.items() if value and rng.random() < 0.8}  # noqa: PLR2004
    request = _Request(rng.choice(_METHODS), rng.choice(_PATHS).format(odd=odd), chosen, rng.choice(_BODIES))
    what = f"{request.method} {request.path[:60]} with {len(request.body)} bytes, {', '.join(chosen) or 'no headers'}"
    return Case(what, lambda: _broken(request, served))


def _broken(request: _Request, served: Served) -> Iterator[str]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=ANSWER_SECONDS)
    try:
        connection.request(request.method, request.path, request.body, dict(request.headers))
        answer = connection.getresponse()
        yield from _wrong_with(answer.status, answer.headers.get("Content-Type") or "", answer.read())
    except TimeoutError:
        yield f"no answer in {ANSWER_SECONDS:.0f} s"
    except (OSError, http.client.HTTPException) as error:
        yield f"no answer: {error!r}"
    finally:
        connection.close()
    yield from served.broken()


def _wrong_with(status: int, content_type: str, body: bytes) -> Iterator[str]:
    shown = body[:120].decode(errors="replace")
    if status == http.client.INTERNAL_SERVER_ERROR:
        yield f"a 500: {shown}"
    if body and ("html" in content_type or b"<!doctype html" in body[:200].lower()):
        yield f"a page for people: {status} {shown}"
    if b"Traceback (most recent call last)" in body:
        yield f"a traceback: {status} {shown}"
