"""Time never stops: no trouble of a delivery, a subscriber or the endpoint itself holds events or the clock up."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from moto.sns.models import sns_backends
from opened import opened
from packages import AS_TOLD

from async_lab import Lab
from async_lab.endpoint import trouble
from async_lab.endpoint.embedded import ACCOUNT_ID, Endpoint
from async_lab.endpoint.http.own import CLOCK_PATH, MOST_SECONDS
from async_lab.endpoint.invocation import invocations, logs
from async_lab.endpoint.invocation.timeline import PacedClock, Pacer, Timeline, VirtualClock
from async_lab.target.local import LocalTarget

REGION, START = "eu-west-1", 1_795_422_225.0


@pytest.fixture
def _open_lab(lab_settings):
    """One for each test: others here have endpoints of their own, and one runs in a process at a time."""
    with opened(**lab_settings) as lab:
        yield lab


def broken(*_args, **_options):
    raise RuntimeError("broken")


def totals(function):
    metrics = function.metrics
    return {
        metric: metrics[metric].total
        for metric in ("AsyncEventsReceived", "Invocations", "Errors", "AsyncEventsDropped")
    }


FAILED_THREE_TIMES = {"AsyncEventsReceived": 1, "Invocations": 3, "Errors": 3, "AsyncEventsDropped": 1}


# Deliveries


def subscribed(async_lab, function, arn):
    async_lab.client("logs").put_subscription_filter(
        logGroupName=f"/aws/lambda/{function}", filterName="all", filterPattern="", destinationArn=arn
    )


@pytest.fixture
def logged(async_lab, as_told):
    """A function that has a log, as it ran once."""
    function = as_told()
    function.invoke()
    async_lab.advance(seconds=1)
    return function


@pytest.fixture
def reader(as_told, lambda_):
    """A function that logs may invoke."""
    function = as_told()
    lambda_.add_permission(
        FunctionName=function.name, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    return function


def test_a_subscription_filter_sends_a_log_to_its_function_as_an_event(async_lab, logged, reader):
    subscribed(async_lab, logged, reader.arn)
    logged.invoke()
    async_lab.advance(seconds=10)
    assert totals(reader)["Invocations"] == 1


def test_a_log_that_goes_to_a_function_deleted_since_costs_no_retry_and_no_second_run(
    async_lab, logged, reader, lambda_
):
    subscribed(async_lab, logged, reader.arn)
    lambda_.delete_function(FunctionName=reader.name)
    logged.send({"fail": "x"})
    async_lab.advance(seconds=300)
    assert totals(logged) == {**FAILED_THREE_TIMES, "Invocations": 1 + 3}
    logged.invoke()
    async_lab.advance(seconds=60)
    assert totals(logged)["Invocations"] == 5


def test_a_log_that_goes_to_a_stream_deleted_since_costs_no_retry(async_lab, logged):
    kinesis = async_lab.client("kinesis")
    kinesis.create_stream(StreamName="gone", ShardCount=1)
    arn = kinesis.describe_stream(StreamName="gone")["StreamDescription"]["StreamARN"]
    subscribed(async_lab, logged, arn)
    kinesis.delete_stream(StreamName="gone")
    logged.send({"fail": "x"})
    async_lab.advance(seconds=300)
    assert totals(logged) == {**FAILED_THREE_TIMES, "Invocations": 1 + 3}


def test_one_subscriber_that_fails_keeps_the_message_from_nobody_else(async_lab, open_queue, sqs):
    sns, queue, gone = async_lab.client("sns"), open_queue("sns"), async_lab.queue("gone")
    topic = sns.create_topic(Name="two")["TopicArn"]
    for arn in (gone, queue):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sqs.delete_queue(QueueUrl="gone")
    sns.publish(TopicArn=topic, Message="hello")
    [message] = async_lab.messages(queue)
    assert message.json["Message"] == "hello"


def test_a_topic_does_not_keep_all_that_was_ever_published(async_lab):
    sns = async_lab.client("sns")
    topic = sns.create_topic(Name="talkative")["TopicArn"]
    for _ in range(120):
        sns.publish(TopicArn=topic, Message="hello")
    assert len(sns_backends[ACCOUNT_ID][REGION].topics[topic].sent_notifications) == 100


def test_one_target_of_a_rule_that_fails_keeps_the_event_from_no_other(async_lab, open_queue):
    events, queue = async_lab.client("events"), open_queue("events")
    events.put_rule(Name="both", EventPattern=json.dumps({"source": ["mine"]}))
    targets = ["arn:aws:sqs:eu-west-1:123456789012:none", queue]
    events.put_targets(Rule="both", Targets=[{"Id": str(place), "Arn": arn} for place, arn in enumerate(targets)])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "x", "Detail": "{}"}])
    assert len(async_lab.messages(queue)) == 1


@pytest.mark.parametrize("part", ["publish", "put_for_account"])
def test_metrics_that_cannot_be_published_hold_no_event_up(async_lab, as_told, monkeypatch, part):
    function = as_told(failure_queue=True)
    monkeypatch.setattr(invocations, part, broken)
    function.send({"fail": "x"})
    async_lab.advance(seconds=300)
    [message] = async_lab.messages(function.failure_queue)
    assert message.json["requestContext"]["condition"] == "RetriesExhausted"
    async_lab.run_until_idle(limit=0)


def test_a_log_that_cannot_be_written_and_a_delivery_that_raises_hold_no_event_up(
    async_lab, as_told, monkeypatch, capsys
):
    function = as_told()
    monkeypatch.setattr(logs, "put", broken)
    monkeypatch.setattr(invocations.destinations, "deliver", broken)
    function.send({"fail": "x"})
    async_lab.advance(seconds=300)
    assert totals(function) == FAILED_THREE_TIMES
    said = capsys.readouterr().err
    assert said.count("failed while delivering a finished event (RuntimeError: broken)") == 1


def test_every_execution_has_an_outcome_though_none_could_be_run(async_lab, as_told, lambda_, monkeypatch):
    function = as_told()
    monkeypatch.setattr(invocations.executions, "run", broken)
    function.send()
    with pytest.raises(lambda_.exceptions.ClientError):
        lambda_.invoke(FunctionName=function.name)
    async_lab.advance(seconds=300)
    assert totals(function) == {**FAILED_THREE_TIMES, "Invocations": 4, "Errors": 4}
    async_lab.run_until_idle(limit=0)


def test_an_interrupted_step_leaves_no_execution_without_an_outcome(async_lab, as_told):
    class Interrupting(ThreadPoolExecutor):
        def submit(self, *_args, **_options):
            raise KeyboardInterrupt

    function = as_told()
    for _ in range(3):
        function.send()
    endpoint = async_lab._endpoint
    endpoint.clock.move_to(async_lab.now + 1)
    region = endpoint.region(REGION)
    with Interrupting(1) as pool, pytest.raises(KeyboardInterrupt):
        region.step(pool)
    assert region.is_resolved
    async_lab.advance(seconds=600)
    assert region.is_settled


# The clock


class Broken:
    """A region whose event always fails to be carried through."""

    is_resolved = True

    def next_due(self):
        return START + 1

    step = broken


def test_a_region_that_always_fails_stops_neither_the_clock_nor_the_minutes():
    clock, minutes, region = VirtualClock(START), [], Broken()

    def on_minute(at):
        minutes.append(at)
        broken()

    timeline = Timeline(clock, lambda: (region,), on_minute, 1)
    timeline.advance(100)
    timeline.close()
    assert clock.now() == START + 100
    assert minutes == [START + 15, START + 75]


def test_the_pacer_lives_on():
    clock, called = PacedClock(START, 1), threading.Event()

    class Failing:
        calls = 0

        def advance_to(self, _at):
            self.calls += 1
            if self.calls == 3:
                called.set()
            broken()

    pacer = Pacer(Failing(), clock)
    pacer.start()
    assert called.wait(30)
    pacer.stop()


@pytest.mark.parametrize("seconds", ["1e15", str(MOST_SECONDS + 1), "nan", "inf", "-inf", "-1"])
def test_a_clock_moved_by_what_is_out_of_bounds_says_so_in_one_sentence(seconds):
    with Endpoint(start=START) as endpoint:
        with pytest.raises(HTTPError, match="400") as refused:
            urlopen(f"{endpoint.url}{CLOCK_PATH}", f"seconds={seconds}".encode())
        assert json.load(refused.value)["message"].startswith(
            f"POST seconds=N, a number of seconds to let pass, at most {MOST_SECONDS} (31 days)"
        )
        assert endpoint.clock.now() == START


# What is kept


def kept(region):
    return [len(each) for each in (region._payloads, region._log_streams, region._last_response, region._running)]


def test_nothing_is_kept_of_what_is_over(async_lab, as_told, lambda_):
    async_lab.duplicate()
    for function in [as_told() for _ in range(3)]:
        for payload in ({}, {"fail": "x"}, {"exit": 1}):
            function.send(payload)
        lambda_.invoke(FunctionName=function.name)
    async_lab.advance(seconds=600)
    region, pool = async_lab._endpoint.region(REGION), async_lab._endpoint._sandbox._pool
    assert region.is_settled
    assert kept(region)[0] == kept(region)[2] == kept(region)[3] == 0
    assert len(pool._places) == len(region._log_streams) > 0
    async_lab.advance(seconds=3_600)
    assert kept(region) == [0, 0, 0, 0]
    assert not pool._places
    assert not pool._alive
    concurrency = region._twin._concurrency
    assert [len(concurrency._idle), len(concurrency._recent_starts), len(concurrency.running)] == [0, 0, 0]


def test_a_function_idle_for_long_starts_cold(async_lab, as_told):
    function, starts = as_told(), []
    for seconds in (900, 3_600, 1):
        function.invoke()
        async_lab.advance(seconds=seconds)
        starts.append(sum("Init Duration" in line for line in function.logs))
    assert starts == [1, 1, 2]


# Run after run


def test_a_backlog_is_settled_or_purged_before_the_next_run_and_no_id_comes_twice(async_lab, as_told, target):
    function, ids = as_told(reserved_concurrency=1), set()
    for _ in range(3):
        target.begin(0)
        ids |= {function.send({"sleep": 99}).request_id for _ in range(20)}
        target.wait(60)
    assert len(ids) == 60
    assert target.settle() == 0
    async_lab.run_until_idle(limit=0)
    assert totals(function)["AsyncEventsReceived"] == 60


def test_what_cannot_settle_is_purged_and_counts_as_dropped(async_lab, as_told, target):
    function = as_told(reserved_concurrency=1)
    for _ in range(300):
        function.send({"sleep": 99})
    purged = target.settle()
    found = totals(function)
    assert purged > 0
    async_lab.run_until_idle(limit=0)
    assert found["Invocations"] + found["AsyncEventsDropped"] == found["AsyncEventsReceived"] == 300


def test_the_first_run_has_the_seeds_own_numbers_and_each_later_one_others(lab_settings):
    def first_id(begun):
        with Lab(**lab_settings) as lab:
            function = lab.function(f"{AS_TOLD}:handler")
            for _ in range(begun):
                LocalTarget(lab._endpoint, lab.region).begin(0)
            return function.send().request_id

    assert first_id(0) == first_id(1)
    assert first_id(2) == first_id(2) != first_id(1)


# The end


def test_what_fails_because_the_endpoint_ends_is_not_told_and_what_fails_in_the_next_one_is(monkeypatch, capsys):
    monkeypatch.setattr(trouble, "_named", set())

    def deliver():
        with trouble.contained("delivering"):
            raise ConnectionResetError("the other side is gone")

    with Endpoint() as endpoint:
        monkeypatch.setattr(endpoint._sandbox, "close", lambda close=endpoint._sandbox.close: (deliver(), close()))
    assert capsys.readouterr().err == ""
    with Endpoint():
        deliver()
    assert "The embedded endpoint failed while delivering (ConnectionResetError" in capsys.readouterr().err
