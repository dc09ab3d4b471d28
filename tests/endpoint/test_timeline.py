"""Virtual time: it stands still, moves when someone waits, stops at every minute, and can run by itself."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from packages import AS_TOLD, deployed
from processes import wait_until

from async_lab import Lab
from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.http.own import CLOCK_PATH
from async_lab.endpoint.invocation.timeline import PacedClock, Ticks, Timeline, VirtualClock
from async_lab.observation.metrics import collect
from async_lab.target.local import LocalTarget

START = 1_795_422_225.0  # 2026-11-23T08:23:45Z
NEXT_MINUTE = START + 15


@pytest.fixture
def minutes():
    return []


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def timeline(clock, minutes):
    moving = Timeline(clock, lambda: (), lambda at: minutes.append((at, clock.now())), 1)
    yield moving
    moving.close()


def test_each_minute_is_told_when_it_ends_and_the_clock_stands_there(timeline, clock, minutes):
    timeline.advance(14.9)
    assert minutes == []
    timeline.advance(130)
    assert minutes == [(NEXT_MINUTE + offset, NEXT_MINUTE + offset) for offset in (0, 60, 120)]
    assert clock.now() == START + 144.9


def test_time_never_goes_back(timeline, clock):
    timeline.advance(100)
    timeline.advance_to(START)
    assert clock.now() == START + 100


def test_nobody_is_held_up_by_time_that_moves_already(clock, minutes):
    entered, leave = threading.Event(), threading.Event()

    def on_minute(_at):
        entered.set()
        leave.wait(30)

    timeline = Timeline(clock, lambda: (), on_minute, 1)
    mover = threading.Thread(target=timeline.advance, args=(60,))
    mover.start()
    assert entered.wait(30)
    timeline.advance_to(START + 3_600)  # returns at once, and leaves it to the one who moves
    assert clock.now() == NEXT_MINUTE
    leave.set()
    mover.join()
    timeline.close()
    assert clock.now() == START + 60


class Region:
    """What a timeline sees of one: nothing is due, and an execution has no outcome until somebody says so."""

    is_resolved = False

    def next_due(self):
        return None


def test_a_call_that_ends_while_another_has_no_outcome_moves_time_with_that_ones_end(clock, minutes):
    region = Region()
    timeline = Timeline(clock, lambda: (region,), minutes.append, 1)
    timeline.advance_to(START + 30)  # of a function that a handler calls
    assert clock.now() == START
    region.is_resolved = True
    timeline.advance_to(START + 10)
    timeline.close()
    assert clock.now() == START + 30


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "soon", ""])
def test_time_that_is_none_is_refused_and_the_clock_goes_on(seconds):
    with Endpoint(start=START) as endpoint:
        with pytest.raises(HTTPError, match="400"):
            urlopen(f"{endpoint.url}{CLOCK_PATH}", f"seconds={seconds}".encode())
        endpoint.wait(5)
        assert endpoint.clock.now() == START + 5


def test_paced_clock_runs_by_itself_and_can_be_moved_ahead():
    clock = PacedClock(START, speed=1_000)
    assert clock.now() > START
    clock.move_to(START + 1_000_000)
    assert clock.now() >= START + 1_000_000
    clock.move_to(START)
    assert clock.now() >= START + 1_000_000


def test_whoever_asks_while_a_paced_clock_begins_anew_gets_a_time_from_before_or_after(monkeypatch):
    wall, seen = [0.0], set()
    monkeypatch.setattr("async_lab.endpoint.invocation.timeline.time.monotonic", lambda: wall[0])
    clock = PacedClock(START, speed=600)
    wall[0] = 100.0

    def asked_at_every_instruction(frame, event, argument):
        frame.f_trace_opcodes = True
        seen.add(clock.now())  # which isn't traced itself
        return asked_at_every_instruction

    before = sys.gettrace()
    sys.settrace(asked_at_every_instruction)
    clock.restart(START + 5)
    sys.settrace(before)
    assert seen | {clock.now()} == {START + 60_000, START + 5}


def test_running_clock_carries_events_through_without_anybody_waiting():
    with Endpoint(speed=600) as endpoint:
        target = LocalTarget(endpoint, "eu-west-1")
        name, since = deployed(target.client), target.now()
        target.invoking_client().invoke(FunctionName=name, InvocationType="Event", Payload=b'{"sleep": 5}')
        wait_until(lambda: endpoint.region("eu-west-1").is_settled)
        target.wait(0)
        assert collect(target.cloudwatch(), name, since, target.now())["Duration"].maximum == 5_001


def test_a_long_poll_lets_its_message_be_sent():
    with Endpoint(speed=1) as endpoint:
        sqs = LocalTarget(endpoint, "eu-west-1").client("sqs")
        url = sqs.create_queue(QueueName="waited-for")["QueueUrl"]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
            while not waiting.running():
                time.sleep(0.01)
            sqs.send_message(QueueUrl=url, MessageBody="here")
            assert [each["Body"] for each in waiting.result()["Messages"]] == ["here"]


def test_same_seed_gives_the_same_run_and_another_one_another():
    def ages(seed):
        with Lab(start=START, seed=seed) as lab:
            function = lab.function(f"{AS_TOLD}:handler", reserved_concurrency=1, timeout=100)
            for number in range(5):
                function.send({"sleep": 20, "number": number})
            lab.run_until_idle()
            return function.metrics["AsyncEventAge"]

    first = ages(1)
    assert ages(1) == first
    assert ages(2) != first


def test_between_minutes_every_ten_seconds_are_told_while_they_are_wanted(clock, minutes):
    told, wanted = [], []
    timeline = Timeline(clock, lambda: (), minutes.append, 1, Ticks(lambda: bool(wanted), told.append))
    assert timeline.next_look == NEXT_MINUTE
    wanted.append(True)
    assert timeline.next_look == NEXT_MINUTE - 10
    timeline.advance(80)
    assert told == [NEXT_MINUTE + offset for offset in (-10, 10, 20, 30, 40, 50)]
    assert minutes == [NEXT_MINUTE, NEXT_MINUTE + 60]
    wanted.clear()
    timeline.advance(50)
    assert (len(told), timeline.next_look) == (6, NEXT_MINUTE + 120)
    timeline.close()
