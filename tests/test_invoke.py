import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.errors import EnvironmentFailure
from async_lab.invoke import SentEvent, recognized, send, sender
from async_lab.observation.events import Event
from async_lab.scenario import Behavior, Events, Trigger
from async_lab.scenario.model import MixPart

AS_CONFIGURED = Behavior("succeed", 0.0, "")


@pytest.fixture
def function(async_lab, tmp_path):
    """A function that answers its event."""
    (tmp_path / "app.py").write_text("def handler(event, context):\n    print(event)\n")
    return async_lab.function(f"{tmp_path}/app.py:handler", name="lab").name


def send_to(target, function, ids, interval=0.0, burst=1, behavior=AS_CONFIGURED):
    to = sender(Trigger(), function, target.client_that_sends_once)
    return list(send(to, ids, Events(len(ids), interval, burst), behavior, now=target.now, wait=target.wait))


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
        (event,) = send_with(client, target, ["d-1"])
    assert (event.outcome, event.request_id) == ("unsure", None)
    assert len(taken) == 1


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "413 Too Large", "429 Too Many Requests"])
def test_what_lambda_answers_with_a_4xx_is_a_refusal(target, status):
    with hanging_up(answer(status, b'{"Message": "no"}')) as (url, _):
        client = target.session.client("lambda", endpoint_url=url, config=target.invoking_client().meta.config)
        with pytest.raises(EnvironmentFailure, match="Lambda refused event e-1 for lab"):
            send_with(client, target, ["e-1"])


def test_an_event_that_can_not_even_be_sent_is_an_error(target):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else's, and nobody listens
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = target.session.client("lambda", endpoint_url=url, config=target.invoking_client().meta.config)
        with pytest.raises(EnvironmentFailure, match="Event f-1 for lab can't be sent: Could not connect"):
            send_with(client, target, ["f-1"])


def send_with(client, target, ids):
    to = sender(Trigger(), "lab", lambda _: client)
    return list(send(to, ids, Events(len(ids), 0.0), AS_CONFIGURED, now=target.now, wait=target.wait))


def test_events_are_sent_in_bursts(target, function):
    began = target.now()
    sent = send_to(target, function, [f"g-{number}" for number in range(5)], 60.0, burst=2)
    assert [event.at - began for event in sent] == [0, 0, 60, 60, 120]


def payloads(async_lab):
    return [json.loads(event.payload) for event in async_lab.events("lab")]


def test_events_say_what_becomes_of_each_only_where_they_differ(async_lab, target, function):
    send_to(target, function, ["h-1", "h-2"])
    assert payloads(async_lab) == [{"id": "h-1", "sequence": 0}, {"id": "h-2", "sequence": 1}]


def test_events_that_differ_say_what_becomes_of_each_and_when_they_recover(async_lab, target, function):
    began = target.now()
    differing = Behavior("fail", 1.0, "", growth_seconds=2.0, recovers_after_seconds=30.0)
    send_to(target, function, ["i-1", "i-2"], behavior=differing)
    assert [payload["behavior"] for payload in payloads(async_lab)] == [
        {"action": "fail", "sleep_seconds": 1.0, "recovers_at": began + 30},
        {"action": "fail", "sleep_seconds": 3.0, "recovers_at": began + 30},
    ]


@given(
    st.lists(st.floats(0, 0.25), max_size=4).map(lambda shares: [MixPart(share, "fail") for share in shares]),
    st.integers(1, 200),
)
def test_each_share_of_a_mix_is_right_to_one_event(parts, count):
    named = [replace(part, action=f"action-{number}") for number, part in enumerate(parts)]
    told = [each["action"] for each in Behavior("succeed", 0.0, "", mix=tuple(named)).of_events(count)]
    assert all(abs(told.count(part.action) - part.share * count) <= max(1, len(named)) for part in named)
    assert len(told) == count


@pytest.mark.parametrize("wrap", ["{}", '{{"Records": [{{"Sns": {{"Message": "{}"}}}}]}}', '{{"detail": {}}}'])
def test_an_event_that_a_trigger_sent_is_recognized_by_its_payload(wrap):
    sent = (SentEvent("0123abcd-1", None, 0.0, "accepted"), SentEvent("0123abcd-11", None, 0.0, "accepted"))
    seen = [
        Event(request_id=name, function="lab", qualifier="", accepted_at=0.0, payload=wrap.format(payload).encode())
        for name, payload in (("eleven", '{\\"id\\": \\"0123abcd-11\\"}'), ("one", '{"id": "0123abcd-1"}'))
    ]
    assert [event.request_id for event in recognized(sent, seen)] == ["one", "eleven"]


def test_what_nobody_saw_or_nobody_is_sure_of_stays_without_an_id():
    sent = (SentEvent("0123abcd-1", None, 0.0, "accepted"), SentEvent("0123abcd-2", None, 0.0, "unsure"))
    assert recognized(sent, []) == sent


@pytest.mark.parametrize("service", ["sns", "eventbridge", "s3"])
def test_what_a_trigger_carries_arrives(async_lab, target, function, service):
    address = made_trigger(target, service)
    to = sender(Trigger(service), address, target.client_that_sends_once)
    ids = ["0123abcd-1", "0123abcd-2"]
    sent = tuple(send(to, ids, Events(2, 0.0), AS_CONFIGURED, now=target.now, wait=target.wait))
    assert [(event.outcome, event.request_id) for event in sent] == [("accepted", None)] * 2
    seen = target.events("lab", 0.0)
    assert [event.request_id for event in recognized(sent, seen)] == [event.request_id for event in seen]


def made_trigger(target, service):
    """A topic's ARN or an event source, which invokes the function `lab`."""
    function = f"arn:aws:lambda:{target.region}:{target.account_id}:function:lab"
    allow = {"FunctionName": "lab", "Action": "lambda:InvokeFunction", "StatementId": service}
    if service == "sns":
        topic = target.client("sns").create_topic(Name="lab")["TopicArn"]
        target.client("lambda").add_permission(**allow, Principal="sns.amazonaws.com", SourceArn=topic)
        target.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
        return topic
    if service == "s3":
        made_bucket(target, allow, function)
        return "lab"
    events = target.client("events")
    rule = events.put_rule(Name="lab", EventPattern='{"source": ["lab"]}')["RuleArn"]
    target.client("lambda").add_permission(**allow, Principal="events.amazonaws.com", SourceArn=rule)
    events.put_targets(Rule="lab", Targets=[{"Id": "lab", "Arn": function}])
    return "lab"


def made_bucket(target, allow, function, suffix=""):
    """The bucket ``lab``, which tells the function of objects whose keys end so."""
    s3 = target.client("s3")
    s3.create_bucket(Bucket="lab")
    target.client("lambda").add_permission(**allow, Principal="s3.amazonaws.com", SourceArn="arn:aws:s3:::lab")
    told = {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}
    if suffix:
        told["Filter"] = {"Key": {"FilterRules": [{"Name": "suffix", "Value": suffix}]}}
    s3.put_bucket_notification_configuration(
        Bucket="lab", NotificationConfiguration={"LambdaFunctionConfigurations": [told]}
    )


def test_objects_have_the_endings_by_turns_and_a_filter_leaves_some_out(async_lab, target, function):
    allow = {"FunctionName": "lab", "Action": "lambda:InvokeFunction", "StatementId": "s3"}
    made_bucket(target, allow, f"arn:aws:lambda:{target.region}:{target.account_id}:function:lab", suffix=".jpg")
    to = sender(Trigger("s3", suffix=".jpg", endings=(".jpg", ".JPG")), "lab", target.client_that_sends_once)
    ids = ["0123abcd-1", "0123abcd-2", "0123abcd-3"]
    sent = tuple(send(to, ids, Events(3, 0.0), AS_CONFIGURED, now=target.now, wait=target.wait))

    keys = [one["Key"] for one in target.client("s3").list_objects_v2(Bucket="lab")["Contents"]]
    assert keys == ["0123abcd-1.jpg", "0123abcd-2.JPG", "0123abcd-3.jpg"]
    known = recognized(sent, target.events("lab", 0.0))
    assert [event.request_id is None for event in known] == [False, True, False]


def test_a_trigger_that_refuses_an_event_is_an_error_that_names_it(target):
    topic = f"arn:aws:sns:{target.region}:{target.account_id}:nobody"
    to = sender(Trigger("sns"), topic, target.client_that_sends_once)
    with pytest.raises(EnvironmentFailure, match=r"SNS refused event k-1 for arn:aws:sns:.*nobody: "):
        list(send(to, ["k-1"], Events(1, 0.0), AS_CONFIGURED, now=target.now, wait=target.wait))
