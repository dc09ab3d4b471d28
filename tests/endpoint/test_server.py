import gc
import http.client
import socket
import ssl
import sys
import threading
import time
from contextlib import closing
from types import SimpleNamespace

import boto3
import pytest
import waitress.server
from processes import wait_until

from async_lab.endpoint.http.dispatch import moto_application
from async_lab.endpoint.http.server import LOOPBACK, Server
from async_lab.errors import EnvironmentFailure


def hello(environ, start_response):
    body = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def serve():
    servers = []

    def start(application=hello, port=0) -> Server:
        server = Server(port, application)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def test_several_requests_share_one_connection(serve):
    with closing(http.client.HTTPConnection(LOOPBACK, port_of(serve()))) as connection:
        for path in ("/a", "/b"):
            connection.request("GET", path)
            used = connection.sock
            assert connection.getresponse().read() == f"GET {path}".encode()
            assert connection.sock is used
        assert used is not None


def test_a_response_is_sent_in_one_piece(serve):
    with socket.create_connection((LOOPBACK, port_of(serve()))) as connection:
        received = []
        for _ in range(100):
            connection.sendall(b"GET /a HTTP/1.1\r\nHost: lab\r\n\r\n")
            received.append(connection.recv(65_536))
            if not received[-1].endswith(b"GET /a"):
                break
    assert [piece for piece in received if not piece.endswith(b"GET /a")] == []


def test_a_connection_stays_open_however_far_time_goes(serve, monkeypatch):
    """It goes for the whole process when a callable is a handler, and that calls the endpoint, too."""
    port, ahead = port_of(serve()), [0]
    monkeypatch.setattr(waitress.server, "time", SimpleNamespace(time=lambda: time.time() + ahead[0]))
    with closing(http.client.HTTPConnection(LOOPBACK, port)) as idle:
        idle.request("GET", "/a")
        idle.getresponse().read()
        ahead[0] = 1_000 * 365 * 86_400
        with closing(http.client.HTTPConnection(LOOPBACK, port)) as other:
            for _ in range(2):
                other.request("GET", "/b")
                other.getresponse().read()
        idle.request("GET", "/a")
        assert idle.getresponse().read() == b"GET /a"


def test_only_loopback_is_listened_on(serve):
    server = serve()
    assert server.url.startswith("http://127.0.0.1:")
    with pytest.raises(OSError, match=r"."):
        socket.create_connection(("127.0.0.2", port_of(server)), timeout=1)


def test_port_in_use_is_one_sentence_and_leaves_no_thread(serve):
    port = port_of(serve())
    before = set(threading.enumerate())
    with pytest.raises(EnvironmentFailure, match=rf"Port {port} on 127\.0\.0\.1 can't be used .*--port"):
        Server(port, hello)
    assert set(threading.enumerate()) <= before  # one of an earlier test's may have ended meanwhile


def test_stop_does_not_wait_for_clients_that_keep_their_connection():
    before = set(threading.enumerate())
    server = Server(0, hello)
    server.start()
    with closing(http.client.HTTPConnection(LOOPBACK, port_of(server))) as connection:
        connection.request("GET", "/")
        connection.getresponse().read()
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        stopping.join(timeout=30)
        assert not stopping.is_alive()
        # Threads that have said that they end are counted until they have.
        wait_until(lambda: set(threading.enumerate()) <= before)


def test_port_is_free_again_after_stop(serve):
    server = Server(0, hello)
    server.start()
    port = port_of(server)
    server.stop()
    assert port_of(serve(port=port)) == port


def test_server_that_never_started_can_be_stopped():
    server = Server(0, hello)
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port_of(server)), timeout=5)


def test_another_application_in_the_same_process_begins_empty(serve):
    for _ in range(2):
        server = serve(moto_application())
        sns = boto3.client(
            "sns",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        assert sns.list_topics()["Topics"] == []
        sns.create_topic(Name="left-behind")
        server.stop()


def large(environ, start_response):
    body = b"x" * LARGE
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


LARGE = 20_000_000  # waitress keeps such a body in a file
HALF_SENT = b"PUT /k HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (2 * LARGE) + b"x" * LARGE


@pytest.fixture
def left_open(monkeypatch):
    """Tells of what the garbage collector had to close."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda trouble: found.append(str(trouble.exc_value)))

    def ask():
        gc.collect()
        return found

    return ask


def test_what_a_client_has_not_read_at_the_end_is_closed(left_open):
    server = Server(0, large)
    server.start()
    with socket.create_connection((LOOPBACK, port_of(server)), timeout=30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(16)
        server.stop()
    assert left_open() == []


def test_what_a_client_has_sent_in_part_at_the_end_is_closed(left_open):
    server = Server(0, hello)
    server.start()
    with socket.create_connection((LOOPBACK, port_of(server)), timeout=30) as client:
        client.sendall(HALF_SENT)
        server.stop()
    assert left_open() == []


def test_what_a_client_that_goes_has_sent_in_part_is_closed(serve, left_open):
    server = serve()
    with socket.create_connection((LOOPBACK, port_of(server)), timeout=30) as client:
        client.sendall(HALF_SENT)
    server.stop()
    assert left_open() == []


def test_a_client_that_speaks_tls_is_hung_up_on(serve):
    plain = socket.create_connection((LOOPBACK, port_of(serve())), timeout=30)
    with closing(plain), pytest.raises((ssl.SSLError, ConnectionError)):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


def test_stopping_twice_is_harmless(serve):
    serve().stop()
