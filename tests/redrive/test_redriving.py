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
from program import PROGRAM, PROJECT, call, environment, sentence
from queue_lab import Lab
from typer import BadParameter

from async_lab import redrive
from async_lab.cli.redrive import moment
from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.http.wire import Response
from async_lab.errors import EnvironmentFailure, ExitCode, UsageError
from async_lab.redrive import Invoked, Selection, Verdict, open_store
from async_lab.redrive.plan import NO_FUNCTION
from async_lab.redrive.stores import HIDDEN_SECONDS
from async_lab.target.environment import endpoint_variables

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
def lab(watched):
    with standing_before_endpoints(watched), Endpoint(start=1_692_778_920.0) as endpoint:
        yield Lab(endpoint)


@pytest.fixture(autouse=True)
def unwatched(watched):
    watched.meets = lambda action, moment: False
    watched.calls.clear()


@pytest.fixture
def command(lab):
    variables = endpoint_variables(lab.endpoint.url, REGION)
    return lambda *arguments: call(PROJECT, "redrive", *arguments, **variables)


def failed(lab, count=3, destination=None, **settings):
    """A function that failed for some events, and the URL of the queue that keeps them."""
    url, arn = lab.queue()
    target = {"OnFailure": {"Destination": destination or arn}}
    name = lab.function(asynchronous={"MaximumRetryAttempts": 0, "DestinationConfig": target}, **settings)
    for number in range(count):
        lab.send(name, {"fail": "no", "n": number})
    lab.target.wait(60)
    return name, url


def mend(lab, name, source=PRINTS):
    from queue_lab import package

    lab.lambda_.update_function_code(FunctionName=name, ZipFile=package(source))


def ran(lab, name):
    """How often each event ran, as the mended function's log says."""
    lab.target.wait(300)
    lines = [line.split()[1] for message in lab.log(name) for line in message.splitlines() if line.startswith("ran ")]
    return Counter(map(int, lines))


def all_of(lab, source, selection=None, per_second=100.0):
    """Redrive in this process; return the plan and what became of each event."""
    store = open_store(lab.target, source)
    plan = redrive.look(store, lab.target, selection or Selection())
    return plan, list(redrive.send(store, plan, lab.target, per_second))


def waiting(lab, url):
    lab.target.wait(HIDDEN_SECONDS + 1)
    names = ["ApproximateNumberOfMessages"]
    return int(lab.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])


def name_of(url):
    return url.rpartition("/")[2]


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(lab, command):
    name, url = failed(lab)
    said = command(name_of(url), "--dry-run")
    assert said.returncode == ExitCode.AS_EXPECTED, said.stderr
    assert f"SQS queue {name_of(url)}" in said.stdout
    assert name in said.stdout
    assert "RetriesExhausted" in said.stdout
    assert "3 events to invoke again, at most 10 a second" in said.stdout
    assert said.stdout.splitlines()[-1] == f"Nothing was changed. To do it: async-lab redrive {name_of(url)}"
    assert '"n"' not in said.stdout
    assert len(lab.messages(url)) == 3  # visible at once


def test_all_are_invoked_as_they_were_and_deleted(lab, command):
    name, url = failed(lab)
    mend(lab, name)
    done = command(name_of(url), "--yes")
    assert done.returncode == ExitCode.AS_EXPECTED, done.stderr
    assert done.stdout.splitlines()[-1] == "3 of 3 events invoked again, and deleted where they were."
    assert ran(lab, name) == {0: 1, 1: 1, 2: 1}
    assert waiting(lab, url) == 0
    again = command(name_of(url), "--yes")
    assert again.stdout.splitlines()[-1] == "No events to invoke again."


def test_json_is_described_and_holds_payloads_only_when_asked(lab, command):
    name, url = failed(lab, 1)
    looked = json.loads(command(name_of(url), "--dry-run", "--json").stdout)
    VALIDATOR.validate(looked)
    assert looked["dry_run"] is True
    assert "payload" not in looked["events"][0]
    mend(lab, name)
    done = json.loads(command(name_of(url), "--yes", "--json", "--payloads").stdout)
    VALIDATOR.validate(done)
    (event,) = done["events"]
    assert (event["verdict"], json.loads(event["payload"])) == ("sent", {"fail": "no", "n": 0})
    assert event["new_request_id"] not in (None, event["request_id"])
    assert done["dry_run"] is False


def test_it_asks_first(lab, command):
    _, url = failed(lab, 1)
    assert "--yes" in command(name_of(url)).stderr
    assert waiting(lab, url) == 1


def test_the_function_and_qualifier_of_the_record_are_invoked(lab):
    name, url = failed(lab, 0)
    version = lab.lambda_.publish_version(FunctionName=name)["Version"]
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    destination = lab.lambda_.get_function_event_invoke_config(FunctionName=name)["DestinationConfig"]
    lab.lambda_.put_function_event_invoke_config(
        FunctionName=name, Qualifier="live", MaximumRetryAttempts=0, DestinationConfig=destination
    )
    lab.send(name, {"fail": "no", "n": 7}, Qualifier="live")
    lab.target.wait(60)
    mend(lab, name)
    lab.lambda_.update_alias(
        FunctionName=name, Name="live", FunctionVersion=lab.lambda_.publish_version(FunctionName=name)["Version"]
    )
    plan, sent = all_of(lab, name_of(url))
    assert [str(event.function) for event in plan.events] == [f"{name}:live"]
    assert [one.verdict for one in sent] == [Verdict.SENT]
    assert ran(lab, name) == {7: 1}


def test_a_function_that_nobody_called_by_a_qualifier_is_invoked_by_its_plain_name(lab):
    name, url = failed(lab, 1)
    all_of(lab, name_of(url))
    first, again = [event for event in lab.endpoint.events() if event.function == name]
    assert again.qualifier == first.qualifier != "$LATEST"


def test_dead_letters_need_to_be_told_whose_they_are(lab):
    url, arn = lab.queue()
    name = lab.function(asynchronous={"MaximumRetryAttempts": 0}, DeadLetterConfig={"TargetArn": arn})
    lab.send(name, {"fail": "no", "n": 4})
    lab.target.wait(60)
    mend(lab, name)
    plan, sent = all_of(lab, arn)
    assert ([(left.reason, left.count) for left in plan.left], sent) == ([(NO_FUNCTION, 1)], [])
    assert waiting(lab, url) == 1
    _, sent = all_of(lab, url, Selection(to=Invoked(name)))
    assert [one.verdict for one in sent] == [Verdict.SENT]
    assert ran(lab, name) == {4: 1}


def test_records_in_a_bucket(lab, command):
    lab.target.client("s3").create_bucket(Bucket="failures", CreateBucketConfiguration={"LocationConstraint": REGION})
    name, _ = failed(lab, 2, destination="arn:aws:s3:::failures")
    s3 = lab.target.client("s3")
    s3.put_object(Bucket="failures", Key="aws/lambda/async/other", Body=b"\xff")
    s3.put_object(Bucket="failures", Key="elsewhere", Body=b"{}")
    mend(lab, name)
    done = command("failures", "--yes")
    assert done.returncode == ExitCode.AS_EXPECTED, done.stderr
    assert "1 object: no JSON" in done.stdout
    assert ran(lab, name) == {0: 1, 1: 1}
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="failures")["Contents"]] == [
        "aws/lambda/async/other",
        "elsewhere",
    ]


def test_filters_leave_the_others_where_they_are(lab):
    name, url = failed(lab)
    other = lab.function(
        concurrency=0,
        asynchronous={"DestinationConfig": {"OnFailure": {"Destination": _arn(lab, url)}}},
    )
    lab.send(other, {"n": 9})
    lab.target.wait(3_600)
    now = lab.target.now()
    store = open_store(lab.target, name_of(url))

    def found(**selection):
        plan = redrive.look(store, lab.target, Selection(**selection))
        return len(plan.events) + sum(left.count for left in plan.left), plan.not_meant

    assert found(functions=frozenset({name})) == (3, 1)
    assert found(conditions=frozenset({"ZeroReservedConcurrency"})) == (1, 3)
    assert found(after=now - 60) == (0, 4)
    assert found(before=now - 60) == (4, 0)
    assert waiting(lab, url) == 4


def _arn(lab, url):
    return lab.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_functions_that_would_lose_the_event_again_get_none(lab):
    name, url = failed(lab, 1)
    lab.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    plan, sent = all_of(lab, name_of(url))
    assert sent == []
    assert "reserved concurrency is 0" in plan.left[0].reason
    lab.lambda_.delete_function(FunctionName=name)
    plan, sent = all_of(lab, name_of(url))
    assert sent == []
    assert "doesn't exist" in plan.left[0].reason
    assert waiting(lab, url) == 1


def test_what_failed_again_meanwhile_is_for_the_next_redrive(lab):
    _, url = failed(lab)
    plan, sent = all_of(lab, name_of(url), per_second=0.5)  # each fails again, and is back before the next goes
    assert [one.verdict for one in sent] == [Verdict.SENT] * len(plan.events)
    lab.target.wait(60)
    assert waiting(lab, url) == 3


def test_it_is_paced(lab):
    name, url = failed(lab, 5)
    mend(lab, name)
    began = lab.target.now()
    all_of(lab, name_of(url), per_second=0.5)
    assert 8 <= lab.target.now() - began < 10


def test_refused_events_stay(lab, watched):
    name, url = failed(lab, 2)
    store = open_store(lab.target, name_of(url))
    plan = redrive.look(store, lab.target, Selection())
    lab.lambda_.delete_function(FunctionName=name)
    sent = list(redrive.send(store, plan, lab.target, 100.0))
    assert [one.verdict for one in sent] == [Verdict.REFUSED] * 2
    assert "not found" in sent[0].reason.lower()
    assert waiting(lab, url) == 2


def test_what_another_reader_took_is_gone(lab):
    _, url = failed(lab, 2)
    store = open_store(lab.target, name_of(url))
    plan = redrive.look(store, lab.target, Selection())
    assert len(lab.records(url)) == 2
    assert [one.verdict for one in redrive.send(store, plan, lab.target, 100.0)] == [Verdict.GONE] * 2


def test_an_event_that_could_not_be_deleted_is_said_to_stand(lab, command, watched):
    name, url = failed(lab, 1)
    mend(lab, name)

    def break_deletion(action, moment):
        if action == "sqs:DeleteMessage":
            lab.sqs.delete_queue(QueueUrl=url)
            watched.meets = lambda *_: None

    watched.meets = break_deletion
    done = command(name_of(url), "--yes")
    assert done.returncode == ExitCode.LEFT_BEHIND
    assert "1 event was invoked again and could not be deleted" in done.stderr


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
def test_killed_at_any_step_nothing_is_lost(lab, watched, kill):
    name, url = failed(lab)
    mend(lab, name)
    _kill_at(watched, kill, lab, name_of(url))
    lab.target.wait(HIDDEN_SECONDS + 1)
    _, sent = all_of(lab, name_of(url))
    assert {one.verdict for one in sent} <= {Verdict.SENT}
    counts = ran(lab, name)
    assert set(counts) == {0, 1, 2}
    assert sum(counts.values()) == (4 if kill[:2] in TWICE else 3)
    assert waiting(lab, url) == 0


@pytest.mark.parametrize("kill", [("lambda:InvokeFunction", "after", 1), ("s3:DELETE", "after", 1)], ids=str)
def test_killed_at_a_bucket_nothing_is_lost(lab, watched, kill):
    bucket = f"failures-{kill[0][:2]}"
    s3 = lab.target.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    name, _ = failed(lab, 2, destination=f"arn:aws:s3:::{bucket}")
    mend(lab, name)
    _kill_at(watched, kill, lab, bucket)
    all_of(lab, bucket)
    counts = ran(lab, name)
    assert set(counts) == {0, 1}
    assert sum(counts.values()) == (2 if kill[0] == "s3:DELETE" else 3)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def _kill_at(watched, kill, lab, source, number=signal.SIGKILL):
    """Start a redrive and end it at a step: an action, before or after it is carried out, at its so-manieth call."""
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
        return False

    watched.meets = meets
    process = subprocess.Popen(
        [*PROGRAM, "redrive", source, "--yes"],
        cwd=PROJECT.root,
        env=environment(**endpoint_variables(lab.endpoint.url, REGION)),
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


def test_ctrl_c_finishes_the_event_under_way(lab, watched):
    name, url = failed(lab)
    mend(lab, name)
    code, _, errors = _kill_at(watched, ("lambda:InvokeFunction", "before", 2), lab, name_of(url), signal.SIGINT)
    assert code == ExitCode.INTERRUPTED
    assert "Interrupted: 1 of 3 events were invoked" in errors or "Interrupted: 2 of 3 events were invoked" in errors
    lab.target.wait(1)  # until what was released is back
    all_of(lab, name_of(url))
    assert ran(lab, name) == {0: 1, 1: 1, 2: 1}
    assert waiting(lab, url) == 0


def test_lambda_that_gives_no_answer_ends_it(lab, monkeypatch):
    _, url = failed(lab, 5)
    store = open_store(lab.target, name_of(url))
    plan = redrive.look(store, lab.target, Selection())
    monkeypatch.setattr("async_lab.redrive.sending.request_id_of", lambda *_: None)
    sent = []
    with pytest.raises(EnvironmentFailure, match="no answer 3 times in a row"):
        sent.extend(redrive.send(store, plan, lab.target, 100.0))
    assert waiting(lab, url) == 5


def test_what_is_called_but_not_what_the_policy_names(lab, command, watched):
    name, url = failed(lab, 1)
    mend(lab, name)
    watched.calls.clear()
    command(name_of(url), "--yes")
    policy = redrive.policy(name_of(url), frozenset({name}))
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert set(watched.calls) - {"", "sts:GetCallerIdentity"} <= allowed
    resources = [resource for statement in policy["Statement"] for resource in [statement["Resource"]]]
    assert resources[0] == [f"arn:aws:lambda:*:*:function:{name}", f"arn:aws:lambda:*:*:function:{name}:*"]
    assert resources[1] == f"arn:aws:sqs:*:*:{name_of(url)}"


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
def test_what_is_no_queue_and_no_bucket_is_said(lab, source, words):
    with pytest.raises(UsageError, match=words):
        open_store(lab.target, source)


def test_usage_is_said_in_a_sentence(command):
    assert sentence(command()) == "Name the queue or the bucket that the failed events are in."
    assert "must be a span of time" in sentence(command("queue", "--since", "soon"))
    assert "is no function" in sentence(command("queue", "--to", "a b"))


def test_moments_are_spans_or_times_with_a_zone():
    assert moment("2h")(10_000.0) == 2_800.0
    assert moment("1970-01-01T01:00:00+01:00")(99.0) == 0.0
    for wrong in ("2026-11-23", "2026-11-23T08:00:00", "h", "-1h", "1e9d"):
        with pytest.raises(BadParameter):
            moment(wrong)
