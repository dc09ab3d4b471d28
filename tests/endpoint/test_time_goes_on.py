"""Time never stops: no trouble of a delivery, a subscriber or the endpoint itself holds events or the clock up."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from moto.sns.models import sns_backends
from queue_lab import Lab

from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.http.own import CLOCK_PATH, MOST_SECONDS
from async_lab.endpoint.invocation import invocations, logs
from async_lab.endpoint.invocation.timeline import PacedClock, Pacer, Timeline, VirtualClock
from async_lab.twin import Rules

REGION, START = "eu-west-1", 1_795_422_225.0


@pytest.fixture
def lab():
    """One for each test: others here have endpoints of their own, and one runs in a process at a time."""
    with Endpoint() as endpoint:
        yield Lab(endpoint)


def broken(*_args, **_options):
    raise RuntimeError("broken")


def totals(lab, name, since):
    metrics = lab.metrics(name, since)
    return {
        metric: metrics[metric].total
        for metric in ("AsyncEventsReceived", "Invocations", "Errors", "AsyncEventsDropped")
    }


FAILED_THREE_TIMES = {"AsyncEventsReceived": 1, "Invocations": 3, "Errors": 3, "AsyncEventsDropped": 1}


# Deliveries


def subscribed(lab, name, arn):
    lab.target.client("logs").put_subscription_filter(
        logGroupName=f"/aws/lambda/{name}", filterName="all", filterPattern="", destinationArn=arn
    )


def let_logs_in(lab, name):
    lab.lambda_.add_permission(
        FunctionName=name, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )


def arn_of(lab, name):
    return lab.lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]


def test_a_subscription_filter_sends_a_log_to_its_function_as_an_event(lab):
    reader, name, since = lab.function(), lab.function(), lab.target.now()
    lab.lambda_.invoke(FunctionName=name)
    lab.target.wait(1)
    let_logs_in(lab, reader)
    subscribed(lab, name, arn_of(lab, reader))
    lab.lambda_.invoke(FunctionName=name)
    lab.target.wait(10)
    assert totals(lab, reader, since)["Invocations"] == 1


def test_a_log_that_goes_to_a_function_deleted_since_costs_no_retry_and_no_second_run(lab):
    reader, name = lab.function(), lab.function()
    lab.lambda_.invoke(FunctionName=name)
    lab.target.wait(1)
    let_logs_in(lab, reader)
    subscribed(lab, name, arn_of(lab, reader))
    lab.lambda_.delete_function(FunctionName=reader)
    since = lab.target.now() // 60 * 60 + 60
    lab.target.wait(since - lab.target.now())
    lab.send(name, {"fail": "x"})
    lab.target.wait(300)
    assert totals(lab, name, since) == FAILED_THREE_TIMES
    assert lab.target.client("lambda").invoke(FunctionName=name)["StatusCode"] == 200
    lab.target.wait(60)
    assert totals(lab, name, since)["Invocations"] == 4


def test_a_log_that_goes_to_a_stream_deleted_since_costs_no_retry(lab):
    kinesis, name = lab.target.client("kinesis"), lab.function()
    kinesis.create_stream(StreamName="gone", ShardCount=1)
    arn = kinesis.describe_stream(StreamName="gone")["StreamDescription"]["StreamARN"]
    lab.lambda_.invoke(FunctionName=name)
    lab.target.wait(1)
    subscribed(lab, name, arn)
    kinesis.delete_stream(StreamName="gone")
    since = lab.target.now() // 60 * 60 + 60
    lab.target.wait(since - lab.target.now())
    lab.send(name, {"fail": "x"})
    lab.target.wait(300)
    assert totals(lab, name, since) == FAILED_THREE_TIMES


def test_one_subscriber_that_fails_keeps_the_message_from_nobody_else(lab):
    sns, (url, queue) = lab.target.client("sns"), lab.open_queue("sns")
    topic = sns.create_topic(Name="two")["TopicArn"]
    _, gone = lab.queue()
    for arn in (gone, queue):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    lab.sqs.delete_queue(QueueUrl=lab.sqs.get_queue_url(QueueName=gone.rpartition(":")[2])["QueueUrl"])
    sns.publish(TopicArn=topic, Message="hello")
    (message,) = lab.messages(url)
    assert json.loads(message["Body"])["Message"] == "hello"


def test_a_topic_does_not_keep_all_that_was_ever_published(lab):
    sns = lab.target.client("sns")
    topic = sns.create_topic(Name="talkative")["TopicArn"]
    for _ in range(120):
        sns.publish(TopicArn=topic, Message="hello")
    assert len(sns_backends[lab.target.account_id][REGION].topics[topic].sent_notifications) == 100


def test_one_target_of_a_rule_that_fails_keeps_the_event_from_no_other(lab):
    events, (url, queue) = lab.target.client("events"), lab.open_queue("events")
    events.put_rule(Name="both", EventPattern=json.dumps({"source": ["mine"]}))
    targets = ["arn:aws:sqs:eu-west-1:123456789012:none", queue]
    events.put_targets(Rule="both", Targets=[{"Id": str(place), "Arn": arn} for place, arn in enumerate(targets)])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "x", "Detail": "{}"}])
    assert len(lab.messages(url)) == 1


@pytest.mark.parametrize("part", ["publish", "put_for_account"])
def test_metrics_that_cannot_be_published_hold_no_event_up(lab, monkeypatch, part):
    url, arn = lab.queue()
    name = lab.function(asynchronous={"DestinationConfig": {"OnFailure": {"Destination": arn}}})
    monkeypatch.setattr(invocations, part, broken)
    lab.send(name, {"fail": "x"})
    lab.target.wait(300)
    assert [record["requestContext"]["condition"] for record in lab.records(url)] == ["RetriesExhausted"]
    assert lab.endpoint.region(REGION).is_settled


def test_a_log_that_cannot_be_written_and_a_delivery_that_raises_hold_no_event_up(lab, monkeypatch, capsys):
    name, since = lab.function(), lab.target.now() // 60 * 60 + 60
    lab.target.wait(since - lab.target.now())
    monkeypatch.setattr(logs, "put", broken)
    monkeypatch.setattr(invocations.destinations, "deliver", broken)
    lab.send(name, {"fail": "x"})
    lab.target.wait(300)
    assert totals(lab, name, since) == FAILED_THREE_TIMES
    said = capsys.readouterr().err
    assert said.count("failed while delivering a finished event (RuntimeError: broken)") == 1


def test_every_execution_has_an_outcome_though_none_could_be_run(lab, monkeypatch):
    name, since = lab.function(), lab.target.now() // 60 * 60 + 60
    lab.target.wait(since - lab.target.now())
    monkeypatch.setattr(invocations.executions, "run", broken)
    lab.send(name)
    with pytest.raises(lab.lambda_.exceptions.ClientError):
        lab.lambda_.invoke(FunctionName=name)
    lab.target.wait(300)
    assert totals(lab, name, since) == {**FAILED_THREE_TIMES, "Invocations": 4, "Errors": 4}
    assert lab.endpoint.region(REGION).is_settled


def test_an_interrupted_step_leaves_no_execution_without_an_outcome():
    class Interrupting(ThreadPoolExecutor):
        def submit(self, *_args, **_options):
            raise KeyboardInterrupt

    with Endpoint(start=START) as endpoint:
        lab = Lab(endpoint)
        name = lab.function()
        for _ in range(3):
            lab.send(name)
        endpoint.clock.move_to(START + 1)
        region = endpoint.region(REGION)
        with Interrupting(1) as pool, pytest.raises(KeyboardInterrupt):
            region.step(pool)
        assert region.is_resolved
        lab.target.wait(600)
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


def test_nothing_is_kept_of_what_is_over():
    with Endpoint(start=START, rules=Rules(duplicate_rate=1.0)) as endpoint:
        lab = Lab(endpoint)
        names = [lab.function() for _ in range(3)]
        for name in names:
            for payload in ({}, {"fail": "x"}, {"exit": 1}):
                lab.send(name, payload)
            lab.lambda_.invoke(FunctionName=name)
        lab.target.wait(600)
        region, pool = endpoint.region(REGION), endpoint._sandbox._pool
        assert region.is_settled
        assert kept(region)[0] == kept(region)[2] == kept(region)[3] == 0
        assert len(pool._places) == len(region._log_streams) > 0
        lab.target.wait(3_600)
        assert kept(region) == [0, 0, 0, 0]
        assert not pool._places
        assert not pool._alive
        concurrency = region._twin._concurrency
        assert [len(concurrency._idle), len(concurrency._recent_starts), len(concurrency.running)] == [0, 0, 0]


def test_a_function_idle_for_long_starts_cold(lab):
    name, starts = lab.function(), []
    for seconds in (900, 3_600, 1):
        lab.lambda_.invoke(FunctionName=name)
        lab.target.wait(seconds)
        starts.append(sum("Init Duration" in line for line in lab.log(name)))
    assert starts == [1, 1, 2]


# Run after run


def test_a_backlog_is_settled_or_purged_before_the_next_run_and_no_id_comes_twice():
    with Endpoint(start=START) as endpoint:
        lab = Lab(endpoint)
        name, since = lab.function(concurrency=1), lab.target.now()
        ids = []
        for _ in range(3):
            lab.target.begin(0)
            ids += [lab.send(name, {"sleep": 99})["ResponseMetadata"]["RequestId"] for _ in range(20)]
            lab.target.wait(60)
        assert len(set(ids)) == 60
        assert lab.target.settle() == 0
        assert endpoint.is_settled
        assert totals(lab, name, since)["AsyncEventsReceived"] == 60


def test_what_cannot_settle_is_purged_and_counts_as_dropped():
    with Endpoint(start=START) as endpoint:
        lab = Lab(endpoint)
        name, since = lab.function(concurrency=1), lab.target.now()
        for _ in range(300):
            lab.send(name, {"sleep": 99})
        purged = lab.target.settle()
        found = totals(lab, name, since)
        assert purged > 0
        assert endpoint.is_settled
        assert found["Invocations"] + found["AsyncEventsDropped"] == found["AsyncEventsReceived"] == 300


def test_the_first_run_has_the_seeds_own_numbers_and_each_later_one_others():
    def first_id(begun):
        with Endpoint(start=START) as endpoint:
            lab = Lab(endpoint)
            name = lab.function()
            for _ in range(begun):
                lab.target.begin(0)
            return lab.send(name)["ResponseMetadata"]["RequestId"]

    assert first_id(0) == first_id(1)
    assert first_id(2) == first_id(2) != first_id(1)
