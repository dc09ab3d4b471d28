import socket
import threading
from contextlib import contextmanager

import pytest

from async_lab.errors import EnvironmentFailure
from async_lab.invoke import send


@pytest.fixture
def function(async_lab, tmp_path):
    """A function that answers its event."""
    (tmp_path / "app.py").write_text("def handler(event, context):\n    print(event)\n")
    return async_lab.function(f"{tmp_path}/app.py:handler", name="lab").name


def send_to(target, function, ids, interval=0.0):
    return list(send(target.invoking_client(), function, ids, interval, now=target.now, wait=target.wait))


def test_every_event_carries_its_own_id_and_gets_one_of_lambdas(target, function):
    sent = send_to(target, function, ["a-1", "a-2"])
    assert [event.event_id for event in sent] == ["a-1", "a-2"]
    assert {event.outcome for event in sent} == {"accepted"}
    assert len({event.request_id for event in sent} - {None}) == 2


def test_events_are_sent_as_far_apart_as_asked(target, function):
    began = target.now()
    assert [event.at - began for event in send_to(target, function, ["b-1", "b-2", "b-3"], 90.0)] == [0, 90, 180]
    assert target.now() == began + 180  # no wait after the last


def test_an_event_that_lambda_refuses_is_an_error_that_names_it(target):
    with pytest.raises(EnvironmentFailure, match=r"Lambda refused event c-1 for nobody: .*Function not found"):
        send_to(target, "nobody", ["c-1", "c-2"])


@contextmanager
def hanging_up(answer=b""):
    """An endpoint that takes a request, answers with these bytes and hangs up. Yields its address and what it took."""
    taken = []

    def serve(listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            taken.append(connection.recv(65_536))
            connection.sendall(answer)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", taken
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def answer(status, body=b""):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    "answered",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 202 Accep",
        answer("500 Internal Server Error", b'{"Message": "oh"}'),
        answer("502 Bad Gateway", b"<html>proxy</html>"),
        answer("503 Service Unavailable"),
        answer("504 Gateway Timeout"),
        answer("200 OK", b"<html>a login page</html>"),
    ],
)
def test_an_event_whose_answer_was_lost_or_is_no_refusal_is_unsure_and_not_sent_again(target, answered):
    with hanging_up(answered) as (url, taken):
        client = target.session.client("lambda", endpoint_url=url, config=target.invoking_client().meta.config)
        (event,) = send(client, "lab", ["d-1"], 0, now=target.now, wait=target.wait)
    assert (event.outcome, event.request_id) == ("unsure", None)
    assert len(taken) == 1


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "413 Too Large", "429 Too Many Requests"])
def test_what_lambda_answers_with_a_4xx_is_a_refusal(target, status):
    with hanging_up(answer(status, b'{"Message": "no"}')) as (url, _):
        client = target.session.client("lambda", endpoint_url=url, config=target.invoking_client().meta.config)
        with pytest.raises(EnvironmentFailure, match="Lambda refused event e-1 for lab"):
            send_with(client, target, ["e-1"])


def test_an_event_that_can_not_even_be_sent_is_an_error(target):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    client = target.session.client("lambda", endpoint_url=url, config=target.invoking_client().meta.config)
    with pytest.raises(EnvironmentFailure, match="Event f-1 for lab can't be sent: Could not connect"):
        send_with(client, target, ["f-1"])


def send_with(client, target, ids):
    return list(send(client, "lab", ids, 0, now=target.now, wait=target.wait))
