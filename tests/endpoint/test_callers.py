"""Who may ask the endpoint: programs of this machine, and no web page. Raw HTTP, because an SDK says none of this."""

import http.client
import json

import pytest

from async_lab.endpoint.embedded import Endpoint
from async_lab.errors import EnvironmentFailure

INVOKE = "/2015-03-31/functions/any/invocations"
CLOCK = "/_async-lab/clock"


@pytest.fixture(scope="module")
def endpoint():
    with Endpoint(allowed_hosts=("host.docker.internal",), allowed_origins=("http://localhost:3000",)) as endpoint:
        yield endpoint


def ask(endpoint, method, path, headers, body=b""):
    connection = http.client.HTTPConnection("127.0.0.1", int(endpoint.url.rpartition(":")[2]), timeout=60)
    connection.putrequest(method, path, skip_host=True)
    for name, value in [*headers, ("Content-Length", str(len(body)))]:
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize("path", [CLOCK, INVOKE, "/", "/bucket/key", "/moto-api/data.json"])
@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "127.0.0.1.attacker.example",
        "localhost.attacker.example",
        "192.168.1.7",
        "10.0.0.1:80",
        "localhost@attacker.example",
        "attacker.example/127.0.0.1",
        "[::2]",
        "0.0.0.0",
        "",
        "localhost, attacker.example",
    ],
)
def test_another_host_is_turned_away_whatever_it_asks(endpoint, host, path):
    before = endpoint.clock.now()
    answer = ask(endpoint, "POST", path, [("Host", host)], b"seconds=60")
    assert answer.status == 403
    assert b"--allow-host" in answer.body
    assert endpoint.clock.now() == before


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:4600",
        "127.1.2.3",
        "localhost",
        "LOCALHOST:80",
        "localhost.",
        "bucket.localhost:4600",
        "bucket.s3.us-east-1.localhost",
        "[::1]:4600",
        "host.docker.internal:4600",
        "Host.Docker.Internal",
    ],
)
def test_a_loopback_name_and_an_allowed_one_are_answered(endpoint, host):
    assert ask(endpoint, "GET", CLOCK, [("Host", host)]).status == 200


def test_a_request_without_a_host_is_turned_away(endpoint):
    assert ask(endpoint, "GET", CLOCK, []).status in {400, 403}


def test_two_hosts_are_turned_away(endpoint):
    assert ask(endpoint, "GET", CLOCK, [("Host", "localhost"), ("Host", "attacker.example")]).status in {400, 403}


@pytest.mark.parametrize(
    "page",
    [
        [("Origin", "https://attacker.example")],
        [("Origin", "null")],
        [("Origin", "http://localhost:5173")],
        [("Origin", "http://localhost.attacker.example")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Origin", "http://localhost"), ("Sec-Fetch-Site", "cross-site")],
    ],
)
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_a_web_page_is_turned_away_whatever_it_posts(endpoint, page, content_type):
    before = endpoint.clock.now()
    answer = ask(endpoint, "POST", CLOCK, [("Host", "localhost"), ("Content-Type", content_type), *page], b"seconds=60")
    assert answer.status == 403
    assert endpoint.clock.now() == before


def test_a_preflight_of_a_page_gets_no_leave(endpoint):
    asked = [("Host", "localhost"), ("Origin", "https://attacker.example"), ("Access-Control-Request-Method", "POST")]
    answer = ask(endpoint, "OPTIONS", INVOKE, asked)
    assert answer.status == 403
    assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]


def test_what_is_typed_into_the_address_bar_is_answered(endpoint):
    assert ask(endpoint, "GET", CLOCK, [("Host", "localhost"), ("Sec-Fetch-Site", "none")]).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", CLOCK, b""), ("POST", CLOCK, b"seconds=1"), ("POST", INVOKE, b"{}"), ("GET", "/", b"")],
)
def test_an_allowed_page_may_call_and_read_every_answer(endpoint, method, path, body):
    page = [("Host", "localhost"), ("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "same-site")]
    wanted = [("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization")]
    leave = ask(endpoint, "OPTIONS", path, [*page, *wanted])
    assert (leave.status, leave.getheader("Access-Control-Allow-Headers")) == (204, "authorization")
    assert method in leave.getheader("Access-Control-Allow-Methods")
    answer = ask(endpoint, method, path, page, body)
    assert answer.status in {200, 404}  # there is no function
    for answered in (leave, answer):
        origins = [value for name, value in answered.getheaders() if name.lower() == "access-control-allow-origin"]
        assert origins == ["http://localhost:3000"]


def test_nobody_else_is_told_that_pages_may_read_the_answer(endpoint):
    for headers in ([("Host", "localhost")], [("Host", "localhost"), ("Origin", "http://localhost")]):
        answer = ask(endpoint, "GET", "/", headers)
        assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]


def test_what_fails_in_our_own_part_is_answered_as_what_fails_in_motos(endpoint, monkeypatch):
    def broken(*_arguments):
        raise RuntimeError("out of order")

    monkeypatch.setattr("async_lab.endpoint.http.invoke.read", broken)
    answer = ask(endpoint, "POST", INVOKE, [("Host", "localhost")], b"{}")
    assert answer.status == 501
    assert json.loads(answer.body)["__type"] == "InternalFailure"


def test_a_second_endpoint_in_the_process_is_refused(endpoint):
    with pytest.raises(EnvironmentFailure, match="in this process already"):
        Endpoint()
    assert ask(endpoint, "GET", CLOCK, [("Host", "localhost")]).status == 200
