"""``redrive``: failed events are invoked again as they were, and nothing is lost whenever it is killed."""

import json
import signal
import subprocess
import threading
from collections import Counter
from http import HTTPStatus

import pytest
from calls import Recorder, standing_before_endpoints
from documents import strict
from opened import opened
from packages import package
from program import PROGRAM, PROJECT, call, environment, sentence
from typer import BadParameter

from async_lab import redrive
from async_lab.cli.redrive import moment
from async_lab.endpoint.http.wire import Response
from async_lab.errors import EnvironmentFailure, ExitCode, UsageError
from async_lab.redrive import Invoked, Selection, Verdict, open_store
from async_lab.redrive.plan import NO_FUNCTION
from async_lab.redrive.stores import HIDDEN_SECONDS
from async_lab.target.environment import endpoint_variables

pytestmark = pytest.mark.e2e

REGION = "eu-west-1"
PRINTS = "def handler(event, context): print('ran', event['n'])"
VALIDATOR = strict(json.loads((PROJECT.root / "docs" / "redrive.schema.json").read_text()))


class Watched(Recorder):
    """Stands before the endpoint: calls ``meets`` with each action, before and after it is carried out."""

    def __init__(self):
        super().__init__()
        self.meets = lambda action, moment: False
        self.calls = []

    def before(self, app):
        def watching(environ, start_response):
            action = _action(environ)
            self.calls.append(action)
            if self.meets(action, "before"):  # its caller is dead, and the request was never sent
                return Response(HTTPStatus.SERVICE_UNAVAILABLE, b"").sent(start_response)
            answer = list(app(environ, start_response))
            self.meets(action, "after")
            return answer

        return watching


def _action(environ):
    if "/s3/" in environ.get("HTTP_AUTHORIZATION", ""):
        return f"s3:{environ['REQUEST_METHOD']}"
    recorder = Recorder()
    recorder.before(lambda *_: [])(environ, None)
    return next(iter(recorder.actions), "")


@pytest.fixture(scope="module")
def watched():
    return Watched()


@pytest.fixture(scope="module")
def _open_lab(watched):
    with standing_before_endpoints(watched), opened(region=REGION, start=1_692_778_920.0) as lab:
        yield lab


@pytest.fixture(autouse=True)
def unwatched(watched):
    watched.meets = lambda action, moment: False
    watched.calls.clear()


@pytest.fixture
def command(async_lab):
    variables = endpoint_variables(async_lab.url, REGION)
    return lambda *arguments: call(PROJECT, "redrive", *arguments, **variables)


@pytest.fixture
def failed(async_lab, as_told):
    """Make a function that failed for some events; return it and the name of the queue that keeps them."""

    def make(count=3, destination=None):
        where = {"on_failure": destination} if destination else {"failure_queue": True}
        function = as_told(retries=0, **where)
        for number in range(count):
            function.send({"fail": "no", "n": number})
        async_lab.advance(seconds=60)
        return function, (function.failure_queue or "").rpartition(":")[2]

    return make


@pytest.fixture
def mend(lambda_):
    """Have a function print what it gets, and fail no more."""
    return lambda function: lambda_.update_function_code(FunctionName=function.name, ZipFile=package(PRINTS))


@pytest.fixture
def ran(async_lab):
    """How often each event ran, as the mended function's log says."""

    def counted(function):
        async_lab.advance(seconds=300)
        lines = [line for message in function.logs for line in message.splitlines()]
        return Counter(int(line.split()[1]) for line in lines if line.startswith("ran "))

    return counted


@pytest.fixture
def redriven(target):
    """Redrive in this process; return the plan and what became of each event."""

    def done(source, selection=None, per_second=100.0):
        store = open_store(target, source)
        plan = redrive.look(store, target, selection or Selection())
        return plan, list(redrive.send(store, plan, target, per_second))

    return done


@pytest.fixture
def visible(sqs):
    """How many messages of a queue can be received."""
    attribute = "ApproximateNumberOfMessages"

    def counted(queue):
        told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[attribute])
        return int(told["Attributes"][attribute])

    return counted


@pytest.fixture
def waiting(async_lab, visible):
    """How many are in a queue when nothing is hidden any more."""

    def counted(queue):
        async_lab.advance(seconds=HIDDEN_SECONDS + 1)
        return visible(queue)

    return counted


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(failed, visible, command):
    function, queue = failed()
    said = command(queue, "--dry-run")
    assert said.returncode == ExitCode.AS_EXPECTED, said.stderr
    assert f"SQS queue {queue}" in said.stdout
    assert function.name in said.stdout
    assert "RetriesExhausted" in said.stdout
    assert "3 events to invoke again, at most 10 a second" in said.stdout
    assert said.stdout.splitlines()[-1] == f"Nothing was changed. To do it: async-lab redrive {queue}"
    assert '"n"' not in said.stdout
    assert visible(queue) == 3  # at once


def test_all_are_invoked_as_they_were_and_deleted(failed, mend, ran, waiting, command):
    function, queue = failed()
    mend(function)
    done = command(queue, "--yes")
    assert done.returncode == ExitCode.AS_EXPECTED, done.stderr
    assert done.stdout.splitlines()[-1] == "3 of 3 events invoked again, and deleted where they were."
    assert ran(function) == {0: 1, 1: 1, 2: 1}
    assert waiting(queue) == 0
    again = command(queue, "--yes")
    assert again.stdout.splitlines()[-1] == "No events to invoke again."


def test_json_is_described_and_holds_payloads_only_when_asked(failed, mend, command):
    function, queue = failed(1)
    looked = json.loads(command(queue, "--dry-run", "--json").stdout)
    VALIDATOR.validate(looked)
    assert looked["dry_run"] is True
    assert "payload" not in looked["events"][0]
    mend(function)
    done = json.loads(command(queue, "--yes", "--json", "--payloads").stdout)
    VALIDATOR.validate(done)
    (event,) = done["events"]
    assert (event["verdict"], json.loads(event["payload"])) == ("sent", {"fail": "no", "n": 0})
    assert event["new_request_id"] not in (None, event["request_id"])
    assert done["dry_run"] is False


def test_it_asks_first(failed, waiting, command):
    _, queue = failed(1)
    assert "--yes" in command(queue).stderr
    assert waiting(queue) == 1


def test_the_function_and_qualifier_of_the_record_are_invoked(async_lab, lambda_, failed, mend, ran, redriven):
    function, queue = failed(0)
    version = lambda_.publish_version(FunctionName=function.name)["Version"]
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    destination = lambda_.get_function_event_invoke_config(FunctionName=function.name)["DestinationConfig"]
    lambda_.put_function_event_invoke_config(
        FunctionName=function.name, Qualifier="live", MaximumRetryAttempts=0, DestinationConfig=destination
    )
    async_lab.send(f"{function}:live", {"fail": "no", "n": 7})
    async_lab.advance(seconds=60)
    mend(function)
    mended = lambda_.publish_version(FunctionName=function.name)["Version"]
    lambda_.update_alias(FunctionName=function.name, Name="live", FunctionVersion=mended)
    plan, sent = redriven(queue)
    assert [str(event.function) for event in plan.events] == [f"{function}:live"]
    assert [one.verdict for one in sent] == [Verdict.SENT]
    assert ran(function) == {7: 1}


def test_a_function_that_nobody_called_by_a_qualifier_is_invoked_by_its_plain_name(failed, redriven):
    function, queue = failed(1)
    redriven(queue)
    first, again = function.events
    assert again.qualifier == first.qualifier != "$LATEST"


def test_dead_letters_need_to_be_told_whose_they_are(async_lab, as_told, mend, ran, redriven, waiting):
    function = as_told(retries=0, dead_letter_queue=True)
    arn = function.dead_letter_queue
    queue = arn.rpartition(":")[2]
    function.send({"fail": "no", "n": 4})
    async_lab.advance(seconds=60)
    mend(function)
    plan, sent = redriven(arn)
    assert ([(left.reason, left.count) for left in plan.left], sent) == ([(NO_FUNCTION, 1)], [])
    assert waiting(queue) == 1
    _, sent = redriven(queue, Selection(to=Invoked(function.name)))
    assert [one.verdict for one in sent] == [Verdict.SENT]
    assert ran(function) == {4: 1}


def test_records_in_a_bucket(async_lab, failed, mend, ran, command):
    async_lab.client("s3").create_bucket(Bucket="failures", CreateBucketConfiguration={"LocationConstraint": REGION})
    function, _ = failed(2, destination="arn:aws:s3:::failures")
    s3 = async_lab.client("s3")
    s3.put_object(Bucket="failures", Key="aws/lambda/async/other", Body=b"\xff")
    s3.put_object(Bucket="failures", Key="elsewhere", Body=b"{}")
    mend(function)
    done = command("failures", "--yes")
    assert done.returncode == ExitCode.AS_EXPECTED, done.stderr
    assert "1 object: no JSON" in done.stdout
    assert ran(function) == {0: 1, 1: 1}
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="failures")["Contents"]] == [
        "aws/lambda/async/other",
        "elsewhere",
    ]


def test_filters_leave_the_others_where_they_are(async_lab, as_told, target, failed, waiting):
    function, queue = failed()
    as_told(reserved_concurrency=0, on_failure=function.failure_queue).send({"n": 9})
    async_lab.advance(seconds=3_600)
    now = async_lab.now
    store = open_store(target, queue)

    def found(**selection):
        plan = redrive.look(store, target, Selection(**selection))
        return len(plan.events) + sum(left.count for left in plan.left), plan.not_meant

    assert found(functions=frozenset({function.name})) == (3, 1)
    assert found(conditions=frozenset({"ZeroReservedConcurrency"})) == (1, 3)
    assert found(after=now - 60) == (0, 4)
    assert found(before=now - 60) == (4, 0)
    assert waiting(queue) == 4


def test_functions_that_would_lose_the_event_again_get_none(lambda_, failed, redriven, waiting):
    function, queue = failed(1)
    lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    plan, sent = redriven(queue)
    assert sent == []
    assert "reserved concurrency is 0" in plan.left[0].reason
    lambda_.delete_function(FunctionName=function.name)
    plan, sent = redriven(queue)
    assert sent == []
    assert "doesn't exist" in plan.left[0].reason
    assert waiting(queue) == 1


@pytest.mark.parametrize("to", ["nobody", "{}:nope"])
def test_who_is_to_take_the_events_must_be_there(failed, visible, command, to):
    function, queue = failed()
    receiver = to.format(function)
    ran = command(queue, "--to", receiver, "--yes")
    assert ran.returncode == ExitCode.USAGE
    assert f"There is no function {receiver} in {REGION} of this account: check --to, " in ran.stderr
    assert visible(queue) == 3


def test_what_failed_again_meanwhile_is_for_the_next_redrive(async_lab, failed, redriven, waiting):
    _, queue = failed()
    plan, sent = redriven(queue, per_second=0.5)  # each fails again, and is back before the next goes
    assert [one.verdict for one in sent] == [Verdict.SENT] * len(plan.events)
    async_lab.advance(seconds=60)
    assert waiting(queue) == 3


def test_it_is_paced(async_lab, failed, mend, redriven):
    function, queue = failed(5)
    mend(function)
    began = async_lab.now
    redriven(queue, per_second=0.5)
    assert 8 <= async_lab.now - began < 10


def test_refused_events_stay(lambda_, target, failed, waiting, watched):
    function, queue = failed(2)
    store = open_store(target, queue)
    plan = redrive.look(store, target, Selection())
    lambda_.delete_function(FunctionName=function.name)
    sent = list(redrive.send(store, plan, target, 100.0))
    assert [one.verdict for one in sent] == [Verdict.REFUSED] * 2
    assert "not found" in sent[0].reason.lower()
    assert waiting(queue) == 2


def test_what_another_reader_took_is_gone(sqs, target, failed):
    _, queue = failed(2)
    store = open_store(target, queue)
    plan = redrive.look(store, target, Selection())
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert [one.verdict for one in redrive.send(store, plan, target, 100.0)] == [Verdict.GONE] * 2


@pytest.mark.parametrize(("events", "said"), [(1, "1 event was"), (11, "10 events were")])
def test_events_that_could_not_be_deleted_are_said_to_stand(sqs, failed, mend, command, watched, events, said):
    """Ten are received at once; with more it ends early: the queue that is gone can't be asked for them."""
    function, queue = failed(events)
    mend(function)

    def break_deletion(action, moment):
        if action == "sqs:DeleteMessage":
            sqs.delete_queue(QueueUrl=queue)
            watched.meets = lambda *_: None

    watched.meets = break_deletion
    done = command(queue, "--yes", "--rate", 100)
    assert done.returncode == ExitCode.LEFT_BEHIND
    assert f"{said} invoked again and could not be deleted" in done.stderr


KILLS = [
    ("sqs:ReceiveMessage", "after", 1),
    ("sqs:ChangeMessageVisibility", "after", 2),
    ("sqs:ReceiveMessage", "after", 3),
    ("lambda:InvokeFunction", "before", 2),
    ("lambda:InvokeFunction", "after", 2),
    ("sqs:DeleteMessage", "before", 2),
    ("sqs:DeleteMessage", "after", 2),
]
TWICE = {("lambda:InvokeFunction", "after"), ("sqs:DeleteMessage", "before")}
"""Where an event runs twice."""


@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_killed_at_any_step_nothing_is_lost(async_lab, failed, mend, ran, redriven, waiting, watched, kill):
    function, queue = failed()
    mend(function)
    _kill_at(watched, kill, async_lab.url, queue)
    async_lab.advance(seconds=HIDDEN_SECONDS + 1)
    _, sent = redriven(queue)
    assert {one.verdict for one in sent} <= {Verdict.SENT}
    counts = ran(function)
    assert set(counts) == {0, 1, 2}
    assert sum(counts.values()) == (4 if kill[:2] in TWICE else 3)
    assert waiting(queue) == 0


@pytest.mark.parametrize("kill", [("lambda:InvokeFunction", "after", 1), ("s3:DELETE", "after", 1)], ids=str)
def test_killed_at_a_bucket_nothing_is_lost(async_lab, failed, mend, ran, redriven, watched, kill):
    bucket = f"failures-{kill[0][:2]}"
    s3 = async_lab.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    function, _ = failed(2, destination=f"arn:aws:s3:::{bucket}")
    mend(function)
    _kill_at(watched, kill, async_lab.url, bucket)
    redriven(bucket)
    counts = ran(function)
    assert set(counts) == {0, 1}
    assert sum(counts.values()) == (2 if kill[0] == "s3:DELETE" else 3)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def _kill_at(watched, kill, endpoint_url, source, number=signal.SIGKILL, break_it=lambda: None):
    """Start a redrive and end it at a step: an action, before or after it is carried out, at its so-manieth call.

    ``break_it`` is called at that step, right after the signal.
    """
    action, moment_of_it, nth = kill
    seen, begun = Counter(), threading.Event()

    def meets(called, when):
        if when == moment_of_it:
            seen[called] += 1
            if called == action and seen[called] == nth:
                begun.wait()
                process.send_signal(number)
                if number == signal.SIGKILL:
                    process.wait()
                    return True
                break_it()
        return False

    watched.meets = meets
    process = subprocess.Popen(
        [*PROGRAM, "redrive", source, "--yes"],
        cwd=PROJECT.root,
        env=environment(**endpoint_variables(endpoint_url, REGION)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun.set()
    said = process.communicate(timeout=300)
    watched.meets = lambda *_: None
    assert seen[action] >= nth, said
    return process.returncode, *said


def test_ctrl_c_finishes_the_event_under_way(async_lab, failed, mend, ran, redriven, waiting, watched):
    function, queue = failed()
    mend(function)
    code, _, errors = _kill_at(watched, ("lambda:InvokeFunction", "before", 2), async_lab.url, queue, signal.SIGINT)
    assert code == ExitCode.INTERRUPTED
    assert "Interrupted: 2 of 3 events were invoked" in errors
    async_lab.advance(seconds=1)  # until what was released is back
    redriven(queue)
    assert ran(function) == {0: 1, 1: 1, 2: 1}
    assert waiting(queue) == 0


def test_ctrl_c_does_not_hide_an_event_that_could_not_be_deleted(async_lab, sqs, failed, mend, watched):
    function, queue = failed()
    mend(function)
    kill = ("sqs:DeleteMessage", "before", 1)
    code, said, errors = _kill_at(
        watched, kill, async_lab.url, queue, signal.SIGINT, lambda: sqs.delete_queue(QueueUrl=queue)
    )
    assert code == ExitCode.LEFT_BEHIND
    assert "1 event accepted, but could not be deleted" in said
    assert "1 event was invoked again and could not be deleted" in errors


def test_lambda_that_gives_no_answer_ends_it(target, failed, waiting, monkeypatch):
    _, queue = failed(5)
    store = open_store(target, queue)
    plan = redrive.look(store, target, Selection())
    monkeypatch.setattr("async_lab.redrive.sending.request_id_of", lambda *_: None)
    sent = []
    with pytest.raises(EnvironmentFailure, match="no answer 3 times in a row"):
        sent.extend(redrive.send(store, plan, target, 100.0))
    assert waiting(queue) == 5


def test_what_is_called_but_not_what_the_policy_names(sqs, failed, mend, command, watched):
    function, queue = failed(1)
    mend(function)
    watched.calls.clear()
    command(queue, "--yes")
    policy = redrive.policy(queue, frozenset({function.name}))
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert set(watched.calls) - {"", "sts:GetCallerIdentity"} <= allowed
    resources = [resource for statement in policy["Statement"] for resource in [statement["Resource"]]]
    assert resources[0] == [f"arn:aws:lambda:*:*:function:{function}", f"arn:aws:lambda:*:*:function:{function}:*"]
    assert resources[1] == f"arn:aws:sqs:*:*:{queue}"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nothing-here", "There is no queue and no bucket nothing-here"),
        ("s3://nothing-here", "There is no queue and no bucket"),
        ("Not A Name", "There is no queue and no bucket"),
        ("arn:aws:sns:eu-west-1:123456789012:topic", "neither a queue nor a bucket"),
        ("arn:aws:sqs:us-east-1:123456789012:queue", "is of region us-east-1"),
        ("arn:x", "is no ARN"),
        ("orders.fifo", "FIFO"),
    ],
)
def test_what_is_no_queue_and_no_bucket_is_said(target, source, words):
    with pytest.raises(UsageError, match=words):
        open_store(target, source)


def test_usage_is_said_in_a_sentence(failed, command):
    assert sentence(command()) == "Name the queue or the bucket that the failed events are in."
    assert "must be a span of time" in sentence(command("queue", "--since", "soon"))
    assert "is no function" in sentence(command("queue", "--to", "a b"))


def test_moments_are_spans_or_times_with_a_zone():
    assert moment("2h")(10_000.0) == 2_800.0
    assert moment("1970-01-01T01:00:00+01:00")(99.0) == 0.0
    for wrong in ("2026-11-23", "2026-11-23T08:00:00", "h", "-1h", "1e9d"):
        with pytest.raises(BadParameter):
            moment(wrong)
