"""What moto would send into the world."""

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import moto
import pytest
import requests
from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError
from moto.events.models import events_backends
from moto.firehose.models import FirehoseBackend
from moto.sns.models import sns_backends
from moto.utilities.docker_utilities import DockerModel

from async_lab.endpoint.embedded import ACCOUNT_ID, Endpoint

REGION = "us-east-1"
OUTSIDE = "203.0.113.1"  # RFC 5737: nobody's


@pytest.fixture(scope="module")
def endpoint():
    with Endpoint() as running:
        yield running


@pytest.fixture
def sns(endpoint):
    return boto3.client(
        "sns", endpoint_url=endpoint.url, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="topic")["TopicArn"]


@pytest.fixture(autouse=True)
def nothing_was_named_before(monkeypatch):
    monkeypatch.setattr("async_lab.endpoint.trouble._named", set())


@contextmanager
def listening(status=200, **headers):
    """A server of this machine; what it is sent."""
    received = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("protocol", "url"),
    [
        ("http", f"http://{OUTSIDE}/"),
        ("https", f"https://{OUTSIDE}/"),
        ("http", "http://example.com/hook"),
        ("http", f"http://127.0.0.1@{OUTSIDE}/"),
        ("http", f"http://{OUTSIDE}#127.0.0.1"),
        ("http", "http://127.0.0.1.example.com/"),
        ("http", "http://localhost.example.com/"),
        ("http", "http://[::ffff:cb00:7101]/"),
        ("http", "http://169.254.169.254/latest/meta-data/"),
        ("http", "http://0x7f000001/"),
        ("http", "http:///"),
        ("http", "http://[/"),
    ],
)
def test_a_subscriber_elsewhere_is_refused_by_name(sns, topic, protocol, url):
    with pytest.raises(ClientError) as raised:
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=url)
    error = raised.value.response["Error"]
    assert error["Code"] == "InvalidParameter"
    assert f"the embedded endpoint sends nothing to {url}, which is not this machine" in error["Message"]
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_the_protocol_is_the_urls(sns, topic):
    with pytest.raises(ClientError, match="Endpoint must match the specified protocol"):
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="http://127.0.0.1/")


def test_a_subscriber_of_this_machine_is_sent_messages_past_any_proxy(sns, topic, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    direct = boto3.session.Config(proxies={})
    sns = boto3.client(
        "sns",
        endpoint_url=sns.meta.endpoint_url,
        region_name=REGION,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=direct,
    )
    with listening() as (url, received):
        subscribed = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)["SubscriptionArn"]
        sns.publish(TopicArn=topic, Message="hello")
        sns.unsubscribe(SubscriptionArn=subscribed)
    assert ['"Message": "hello"' in message for message in received] == [True]


def test_a_redirection_leads_nowhere_else(topic, capsys):
    with listening(307, Location=f"http://{OUTSIDE}/") as (url, received):
        subscription = sns_backends[ACCOUNT_ID][REGION].subscribe(topic, url, "http")
        subscription.publish("hello", "id")
        sns_backends[ACCOUNT_ID][REGION].unsubscribe(subscription.arn)
    assert len(received) == 1
    assert f"sends nothing to http://{OUTSIDE}/, which is not this machine" in capsys.readouterr().err


def test_firehose_and_event_bridge_send_nothing_out(endpoint, monkeypatch):
    with pytest.raises(RuntimeError) as raised:
        FirehoseBackend.put_http_records({"EndpointConfiguration": {"Url": f"http://{OUTSIDE}/"}}, [])
    assert "which is not this machine" in str(raised.value.__cause__)

    monkeypatch.setenv("MOTO_EVENTS_INVOKE_HTTP", "true")
    events = events_backends[ACCOUNT_ID][REGION]
    connection = events.create_connection("c", "", "API_KEY", {"ApiKeyAuthParameters": {}})
    destination = events.create_api_destination("d", "", connection.arn, f"http://{OUTSIDE}/", "1", "POST")
    events.put_rule("r", event_pattern='{"source": ["lab"]}')
    with pytest.raises(JsonRESTError, match="sends no events of a rule to API destinations yet"):
        events.put_targets("r", "default", [{"Id": "1", "Arn": destination["ApiDestinationArn"]}])


def test_no_container_is_run(endpoint):
    with pytest.raises(NotImplementedError, match="containers"):
        _ = DockerModel().docker_client


def test_what_is_not_motos_goes_where_it_will(monkeypatch):
    sent = []

    class Sent(Exception):
        pass

    def send(_adapter, request, *_args, **_options):
        sent.append(request.url)
        raise Sent

    monkeypatch.setattr("async_lab.endpoint.http.dispatch._send", send)
    with pytest.raises(Sent):
        requests.get("http://example.com/", timeout=1)
    assert sent == ["http://example.com/"]


def test_moto_has_no_other_way_out():
    ways = re.compile(
        r"\b(urlopen|urllib3|http\.client|smtplib|ftplib|paramiko|aiohttp|httpx|socket\.create_connection|HTTPAdapter)\b"
    )
    root = Path(moto.__file__).parent
    found = {
        str(file.relative_to(root)) for file in root.rglob("*.py") if ways.search(file.read_text(encoding="utf-8"))
    }
    assert found == {
        "core/custom_responses_mock.py",  # HTTP's phrases
        "moto_proxy/proxy3.py",  # another program
        "utilities/docker_utilities.py",  # closed
    }
