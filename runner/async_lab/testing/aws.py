"""A lab for tests on the user's own account: the same test, in real time.

Locally every event has a record; on AWS what became of it is put together from what AWS shows (``conclusions``). What
can't be had there, such as a clock that moves at a word, is refused by name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

from async_lab.checkout.project import Project
from async_lab.observation.events import Attempt, Event, Events
from async_lab.observation.metrics import dimensions_of, sums
from async_lab.target.base import Target
from async_lab.testing import checks, logs, permissions, queues
from async_lab.testing.account import TAG, Account, Scope, log_group_arn
from async_lab.testing.base import (
    DAY_SECONDS,
    BaseLab,
    clock,
    in_one_sentence,
)
from async_lab.testing.conclusions import Counts, Evidence, Letter, accepted, conclude
from async_lab.testing.errors import NotOnAws, StillWaiting
from async_lab.testing.executions import executions
from async_lab.testing.functions import Code, Function
from async_lab.testing.permissions import Statements
from async_lab.testing.queues import Message
from async_lab.testing.terraform import Stack
from async_lab.variables import variables_in_place_of
from async_lab.wording import duration, plural

T = TypeVar("T")
_COUNTED = ("AsyncEventsReceived", "AsyncEventsDropped", "Invocations", "Errors", "Throttles")
_DEFAULT_RETRIES = 2  # doc
_ROLE_SECONDS, _ROLE_STEP_SECONDS = 60.0, 3.0
"""How long AWS may take to know of a new role (IAM is eventually consistent; assumed), and how often it is asked."""
_TOLD_EVERY_SECONDS = 30.0


class AwsLab(BaseLab):
    """An account that tests run on, for a session of them; ``begin_test`` and ``end_test`` are around each.

    All that is made has the tag ``async-lab-test`` and is noted before. ``say`` is told what happens and is waited for.
    """

    def __init__(self, target: Target, project: Project, directory: Path, say: Callable[[str], None]) -> None:
        self.target, self.region, self.directory, self._say = target, target.region, directory, say
        self.session, self.environment = target.session, target.environment
        self._account = Account(target, project, say)
        self._shared = Scope()
        self._scope = self._shared
        self._applied: dict[tuple[Path, str], Stack] = {}
        self._made: dict[str, Function] = {}
        self._made_before: dict[str, Function] = {}
        self._sent: list[Event] = []
        self._answered: set[str] = set()
        self._past: set[str] = set()
        self._remarks: dict[str, None] = {}
        self._opened_at = self.began_at = target.now()

    # A session and its tests

    def begin_test(self) -> None:
        """Begin a test: what is made from here is its own."""
        self._scope, self._made_before = Scope(), dict(self._made)
        self._past = {event.request_id for event in self._concluded(self._functions)}
        self.began_at = self.target.now()

    def end_test(self) -> None:
        """Take down what the test made. Raises LeftBehind, which says what stands."""
        scope, self._scope = self._scope, self._shared
        self._made = self._made_before
        if scope.entries:
            self._say(f"taking down {plural(sum(len(entry.resources) for entry in scope.entries), 'resource')}")
        self._account.take_down(scope)

    def close(self) -> None:
        """Take down what the session shared, and look whether anything is left. Raises LeftBehind."""
        try:
            self._account.take_down(self._shared)
        finally:
            self._account.close()
            self.target.close()

    @property
    def conclusion(self) -> str:
        """What is left of the session, as a sentence: nothing, or what."""
        where = f"account {self.target.account_id}, {self.region}"
        made = f"{plural(self._account.made, 'resource')} made and removed"
        return self._account.standing or f"Nothing is left in {where} ({made})."

    @contextmanager
    def around(self) -> Iterator[None]:
        """Let the process's ``AWS_`` variables say the account, profile and region of the tests."""
        import boto3

        of_aws = {name: value for name, value in self.environment.items() if name.startswith("AWS_")}
        wanted = of_aws | {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        default, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, None
        try:
            with variables_in_place_of(lambda name: name.startswith("AWS_"), wanted):
                yield
        finally:
            boto3.DEFAULT_SESSION = default

    def __repr__(self) -> str:
        """Return where it is."""
        return f"<AwsLab, account {self.target.account_id}, {self.region}>"

    # AWS, in its own time

    def client(self, service: str) -> Any:
        """Return a boto3 client with the credentials that the tests have."""
        checks.service(self.session, service)
        return self.target.client(service)

    @property
    def remarks(self) -> list[str]:
        """What AWS doesn't show of the events that were asked for."""
        return list(self._remarks)

    @property
    def now(self) -> float:
        """The time, in epoch seconds."""
        return self.target.now()

    def run_until_idle(self, limit: float = DAY_SECONDS) -> None:
        """Wait until every event has ended, as far as AWS shows, and nothing has changed for two minutes.

        So long CloudWatch may be late. Raises StillWaiting after ``limit`` seconds: which event, or what isn't known.
        """
        checks.limit(limit)
        begun = quiet_since = self.now
        before: list[Evidence] = []
        while True:
            seen = [self._evidence(name) for name in self._functions]
            if seen != before:
                before, quiet_since = seen, self.now
            pending = Events(event for evidence in seen for event in conclude(evidence) if event.is_pending)
            why = pending.why_not_idle(self.now, limit) if pending else _unseen(seen)
            if why is None and self.now - quiet_since >= self.target.data_point_delay_seconds:
                return
            if self.now - begun >= limit:
                late = "CloudWatch may not have told everything yet"
                raise StillWaiting(f"{why or late}: give run_until_idle a larger limit.")
            self._wait(begun, limit, f"until idle ({plural(len(pending), 'event')} pending)")

    def run_until(self, predicate: Callable[[], object], limit: float = DAY_SECONDS) -> None:
        """Wait until the predicate is true, which is asked every 15 seconds. Raises StillWaiting."""
        checks.limit(limit)
        checks.predicate(predicate)
        begun = self.now
        while not predicate():
            if self.now - begun >= limit:
                raise StillWaiting(
                    f"What run_until waits for didn't come within {duration(limit)}, from {clock(begun)} to "
                    f"{clock(self.now)}: give it a larger limit, or look at events()."
                )
            self._wait(begun, limit, "for run_until")

    def _wait(self, begun: float, limit: float, what: str) -> None:
        waited, step = self.now - begun, self.target.watch_step_seconds
        if waited // _TOLD_EVERY_SECONDS != (waited + step) // _TOLD_EVERY_SECONDS:
            self._say(f"waiting {what}: {duration(waited + step)} of at most {duration(limit)}")
        self.target.wait(min(step, max(0.0, limit - waited)))

    # What became of it

    def events(self, function: str | Function | None = None) -> Events:
        """Return what is known of each event since the test began, of one function or of all that tests made.

        ``inferred`` of an event and of an attempt names what was concluded and isn't shown by AWS. Throttled attempts
        are not among the attempts: metrics count them. Raises UsageError when there is no such function.
        """
        names = self._functions if function is None else [self._check_function(self._name(function))]
        return Events(event for event in self._concluded(names) if event.request_id not in self._past)

    def messages(self, queue: str) -> list[Message]:
        """Return what came into a queue (name, URL or ARN) since the test began, and leave it there.

        Messages that somebody else is at work on are not seen. Raises UsageError for no such queue, and for one with a
        redrive policy, which counts a look as a receive.
        """
        queues.check(queue)
        name = queue.replace(":", "/").rpartition("/")[2]
        since = 0.0 if name in self._scope.names("aws_sqs_queue") else self.began_at
        return [each for each in queues.received(self.client("sqs"), queue) if each.sent_at >= since]

    @property
    def _functions(self) -> list[str]:
        """The full names of the functions that tests made and of which something stands."""
        scopes = dict.fromkeys((id(self._shared), id(self._scope)))
        by_id = {id(self._shared): self._shared, id(self._scope): self._scope}
        return [name for scope in scopes for name in by_id[scope].names("aws_lambda_function")]

    def _concluded(self, names: Sequence[str]) -> list[Event]:
        found: list[Event] = []
        for name in names:
            evidence = self._evidence(name)
            if evidence.counts.throttles:
                self._remarks[
                    f"AWS shows the {evidence.counts.throttles:g} throttled attempts of {name} in metrics only: they "
                    "are not among the attempts of its events."
                ] = None
            found += conclude(evidence, self._log_lines)
        return sorted(found, key=lambda event: event.accepted_at)

    def _log_lines(self, attempt: Attempt) -> list[str]:
        return logs.of_attempt(self.client("logs"), attempt)

    def _evidence(self, name: str) -> Evidence:
        lambda_, dimensions = self.client("lambda"), [dimensions_of(name)]
        configured = lambda_.get_function_configuration(FunctionName=name)
        group = configured.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        config = self._event_invoke_config(name)
        cloudwatch, since = self.client("cloudwatch"), self._account.functions.get(name, self._opened_at)
        counted = [sums(cloudwatch, metric, dimensions, since, self.now)[0] for metric in _COUNTED]
        reserved = lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        return Evidence(
            function=name,
            sent=[event for event in self._sent if event.function == name],
            executions=executions(group, logs.events(self.client("logs"), group, startTime=int(since * 1_000))),
            letters=self._letters(config, configured.get("DeadLetterConfig", {}).get("TargetArn")),
            counts=Counts(*counted),
            most_retries=config.get("MaximumRetryAttempts", _DEFAULT_RETRIES),
            is_stopped=reserved == 0,
            answered=frozenset(self._answered),
        )

    def _event_invoke_config(self, name: str) -> Mapping[str, Any]:
        client = self.client("lambda")
        try:
            config: Mapping[str, Any] = client.get_function_event_invoke_config(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            return {}
        return config

    def _letters(self, config: Mapping[str, Any], dead_letters: str | None) -> list[Letter]:
        """Return what lies in those queues of a function that tests made: nobody else's are looked into."""
        own = {*self._shared.names("aws_sqs_queue"), *self._scope.names("aws_sqs_queue")}
        destinations = config.get("DestinationConfig", {})
        asked = [(destinations.get(kind, {}).get("Destination"), False) for kind in ("OnFailure", "OnSuccess")]
        found: list[Letter] = []
        for arn, is_dead_letter in (*asked, (dead_letters, True)):
            if arn and arn.split(":")[2] == "sqs" and arn.rpartition(":")[2] in own:
                held = queues.received(self.client("sqs"), arn)
                found += [
                    letter for message in held if (letter := _letter(message, arn, is_dead_letter=is_dead_letter))
                ]
        return found

    # What is there

    def apply(
        self, directory: str | os.PathLike[str], *, scope: Literal["test", "session"] = "test", **variables: object
    ) -> Stack:
        """Apply a Terraform directory with its real provider to the account; return its outputs by name.

        It is planned first: a name that is taken, another provider of AWS's, or one too old to set tags is refused
        before anything is made. With ``scope="session"`` it is applied once and stands until the session's end.
        """
        checks.apply(directory, scope, variables)
        place = self.directory / directory
        if scope == "test":
            return self._applied_now(self._scope, place, variables)
        key = place.resolve(), json.dumps(variables, sort_keys=True, default=str)
        if key not in self._applied:
            self._applied[key] = self._applied_now(self._shared, place, variables)
        return self._applied[key]

    def _applied_now(self, scope: Scope, place: Path, variables: Mapping[str, object]) -> Stack:
        entry, outputs = self._account.apply(scope, place, variables)
        return Stack(outputs, lambda: self._account.take_down_one(scope, entry.name))

    # What AWS can't do

    def advance(self, **_length: float) -> NoReturn:
        """Refuse: nobody moves AWS's clock."""
        raise NotOnAws("advance() moves the embedded endpoint's clock; on AWS wait with run_until or run_until_idle.")

    def reset(self) -> NoReturn:
        """Refuse: an account can't begin anew."""
        raise NotOnAws("reset() begins the embedded endpoint anew; on AWS each test takes down what it made.")

    def snapshot(self) -> NoReturn:
        """Refuse: an account's state can't be kept."""
        raise NotOnAws("snapshot() keeps the embedded endpoint's state; an account of AWS's can't be kept.")

    def restore(self, _snapshot: object) -> NoReturn:
        """Refuse: an account's state can't be put back."""
        raise NotOnAws("restore() puts the embedded endpoint's state back; an account of AWS's can't be put back.")

    def throttle(self, _function: str | Function, **_how: object) -> NoReturn:
        """Refuse: it would take the account's concurrency from everybody."""
        raise NotOnAws("throttle() is a fault of the embedded endpoint; on AWS give a function reserved_concurrency.")

    def deny(self, _action: str) -> NoReturn:
        """Refuse: a policy takes effect at no known moment."""
        raise NotOnAws("deny() is a fault of the embedded endpoint; on AWS leave the action out of the role's policy.")

    def system_errors(self, _rate: float) -> NoReturn:
        """Refuse: nobody makes Lambda fail."""
        raise NotOnAws("system_errors() is a fault of the embedded endpoint; nobody can make AWS's Lambda itself fail.")

    def duplicate(self, _rate: float = 1.0) -> NoReturn:
        """Refuse: nobody makes Lambda's queue deliver twice."""
        raise NotOnAws("duplicate() is a fault of the embedded endpoint; nobody can make AWS's queue deliver twice.")

    @property
    def url(self) -> NoReturn:
        """Refuse: every service has a URL of its own."""
        raise NotOnAws(
            "url is where the embedded endpoint answers; on AWS each service has one of its own: use client()."
        )

    # Inside

    @property
    def _tags(self) -> Mapping[str, str]:
        return {TAG: self._account.own(self._scope).name}

    def _invoking_client(self) -> Any:
        return self.target.invoking_client()

    def _accepted(self, name: str, request_id: str, payload: bytes) -> Event:
        function, _, qualifier = name.partition(":")
        event = accepted(Event(request_id, function, qualifier, self.now, payload=payload))
        self._sent.append(event)
        return event

    def _answered_to(self, request_id: str) -> None:
        self._answered.add(request_id)

    def _callable(self, handler: object) -> Code:
        name = getattr(handler, "__name__", repr(handler))
        raise NotOnAws(f"The callable {name} runs in the test's own process; on AWS give PATH:HANDLER.")

    def _full_name(self, short: str) -> str:
        return f"{self._account.own(self._scope).name}-{short}"

    def _patiently(self, call: Callable[[], T]) -> T:
        from botocore.exceptions import ClientError

        end = self.now + _ROLE_SECONDS
        while True:
            try:
                return call()
            except ClientError as error:
                said = error.response["Error"]
                is_new = said["Code"] == "InvalidParameterValueException" and "role" in said.get("Message", "")
                if not is_new or self.now >= end:
                    raise
            self.target.wait(_ROLE_STEP_SECONDS)

    def _making(self, kind: str, name: str) -> None:
        self._account.making(self._scope, kind, name)

    def _created(self, settings: Mapping[str, Any]) -> str:
        arn = super()._created(settings)
        self.client("lambda").get_waiter("function_active_v2").wait(FunctionName=settings["FunctionName"])
        return arn

    def _role(self, name: str, targets: Sequence[str], policy: Statements | None, undo: ExitStack) -> str:
        self._making("aws_cloudwatch_log_group", f"/aws/lambda/{name}")
        self._making("aws_iam_role", name)
        with in_one_sentence(f"The log group of {name} can't be made"):
            self.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}", tags=dict(self._tags))
        undo.callback(self.client("logs").delete_log_group, logGroupName=f"/aws/lambda/{name}")
        return self._made_role(name, permissions.of_role(log_group_arn(self.target, name), targets, policy or ()), undo)


def _unseen(seen: Sequence[Evidence]) -> str | None:
    return next((why for evidence in seen if (why := evidence.unseen)), None)


def _letter(message: Message, arn: str, *, is_dead_letter: bool) -> Letter | None:
    """Return what a message in a function's queue tells of an event; None for what is no such message."""
    if is_dead_letter:
        request_id = message.attributes.get("RequestID")
        code = message.attributes.get("ErrorCode")
        return Letter(request_id, arn, True, message.sent_at, error_code=code) if request_id else None
    try:
        record = message.json
        context = record["requestContext"]
        ended_at = datetime.fromisoformat(record["timestamp"]).timestamp()
        return Letter(context["requestId"], arn, False, ended_at, context["condition"])
    except (ValueError, KeyError, TypeError):
        return None
