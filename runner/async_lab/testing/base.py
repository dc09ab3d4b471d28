"""What a test does to a lab and asks of it, wherever the lab is: labs differ in endpoint, credentials and clock."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from async_lab.errors import UsageError
from async_lab.observation.events import Event, Events
from async_lab.observation.metrics import Metrics, MetricSeries, collect
from async_lab.testing import checks, functions, logs
from async_lab.testing.alarms import Alarm, alarms
from async_lab.testing.functions import Code, Function, Handler
from async_lab.testing.permissions import Statements
from async_lab.testing.queues import Message
from async_lab.testing.terraform import Stack
from async_lab.twin.rules import LONGEST_TIMEOUT_SECONDS
from async_lab.wording import listed

if TYPE_CHECKING:
    import boto3

T = TypeVar("T")
DAY_SECONDS = 24 * 3_600.0
_POLICY = "async-lab"
"""The name of the policy in a role that a lab makes."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}
_ASYNCHRONOUS_LIMIT, _SYNCHRONOUS_LIMIT = 1024 * 1024, 6 * 1024 * 1024  # doc


class BaseLab(ABC):
    """An account in a region that a test works on."""

    region: str
    directory: Path
    """What paths of code and Terraform are seen from."""
    session: boto3.Session
    """boto3's, for this account."""
    environment: Mapping[str, str]
    """Variables for a ``subprocess`` that is to see this account and no other AWS."""
    began_at: float
    """When the test began, in epoch seconds on the lab's clock."""
    _made: dict[str, Function]

    # Where it is, and when

    @abstractmethod
    def client(self, service: str) -> Any:
        """Return a boto3 client that is the tester's."""

    @abstractmethod
    def around(self) -> AbstractContextManager[None]:
        """Point the process's ``AWS_`` variables at it while the block runs."""

    @property
    @abstractmethod
    def remarks(self) -> list[str]:
        """What there is to know of how functions ran."""

    @property
    @abstractmethod
    def now(self) -> float:
        """The time by the lab's clock, in epoch seconds."""

    @abstractmethod
    def run_until_idle(self, limit: float = DAY_SECONDS) -> None:
        """Let time pass until no event waits and nothing runs. Raises StillWaiting after ``limit`` seconds."""

    @abstractmethod
    def run_until(self, predicate: Callable[[], object], limit: float = DAY_SECONDS) -> None:
        """Let time pass until the predicate is true. Raises StillWaiting when it isn't after ``limit`` seconds."""

    # What became of it

    @abstractmethod
    def events(self, function: str | Function | None = None) -> Events:
        """Return what became of each event so far, of one function or of all, in the order of their acceptance."""

    @abstractmethod
    def messages(self, queue: str) -> list[Message]:
        """Return what is in a queue (name, URL or ARN), and leave it there. Raises UsageError for no such queue."""

    def event(self, event: str | Event) -> Event:
        """Return what became of one event so far, given by its request id or as it was earlier.

        Raises UsageError when there is no such event.
        """
        request_id = request_id_of(event)
        for each in self.events():
            if each.request_id == request_id:
                return each
        raise UsageError(f"There is no event {request_id!r} in this lab.")

    def metrics(self, function: str | Function) -> Metrics:
        """Return all asynchronous metrics of a function since the test began, by minute: ``["Errors"].total``.

        Raises UsageError when there is no such function.
        """
        name = self._check_function(self._name(function))
        return _ByName(collect(self.client("cloudwatch"), name, self.began_at, self.now))

    def alarms(self) -> list[Alarm]:
        """Return all alarms, with their states since the test began. Alarms look at each minute when it has ended."""
        return list(alarms(self.client("cloudwatch"), self.began_at, self.now + 1))

    def logs(self, function: str | Function, request_id: str | Event | None = None) -> list[str]:
        """Return the lines of a function's log in their order, Lambda's own among them.

        With the request id of an invocation, or its event, those of that one. Raises UsageError when there is no such
        function.
        """
        name = self._check_function(self._name(function))
        only = None if request_id is None else request_id_of(request_id)
        return logs.lines(self.client("logs"), self._log_group(name), only)

    def _log_group(self, name: str) -> str:
        configured = self.client("lambda").get_function_configuration(FunctionName=name)
        group: str = configured.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        return group

    def _check_function(self, name: str) -> str:
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        known = [function["FunctionName"] for page in pages for function in page["Functions"]]
        if name not in known:
            whole, colon, _ = name.partition(":")
            if colon and whole in known:
                raise UsageError(f"{name} is a version or alias: give {whole}, the function.")
            hint = checks.meant(name, known, f"there is {listed(sorted(known))}." if known else "none is.")
            raise UsageError(f"There is no function {name!r} in {self.region}: {hint}")
        return name

    # What is there

    @abstractmethod
    def apply(
        self, directory: str | os.PathLike[str], *, scope: Literal["test", "session"] = "test", **variables: object
    ) -> Stack:
        """Apply a Terraform directory with its real provider; return its outputs by name."""

    def function(
        self,
        code: str | Handler,
        *,
        name: str | None = None,
        retries: int | None = None,
        maximum_age: float | None = None,
        reserved_concurrency: int | None = None,
        failure_queue: bool = False,
        success_queue: bool = False,
        dead_letter_queue: bool = False,
        on_failure: str | None = None,
        on_success: str | None = None,
        timeout: int = 3,
        memory_size: int = 128,
        environment: Mapping[str, str] | None = None,
        layers: Sequence[str | os.PathLike[str]] = (),
        policy: Statements | None = None,
    ) -> Function:
        """Make a function of ``PATH:HANDLER``, or of a callable, which then runs in this very process.

        ``retries`` and ``maximum_age`` (seconds) are its event-invoke config's; where they are None, Lambda's defaults
        act: 2 and 21,600. Without either and without a destination it has no such config. ``timeout`` is in seconds,
        ``memory_size`` in MB. Each of the queues that is asked for is made: on-failure and on-success destination,
        dead-letter queue; ``on_failure`` and ``on_success`` are ARNs of other destinations. ``layers`` are directories
        or zip files. ``policy`` has the statements of what its role allows besides its log and its destinations;
        without it the role allows everything on the embedded endpoint, and nothing more on AWS. Raises UsageError for
        what Lambda or Python doesn't take; nothing of the function is there then.
        """
        asynchronous: dict[str, Any] = {**functions.async_settings(retries, maximum_age)}
        checks.whole(
            "timeout",
            timeout,
            1,
            LONGEST_TIMEOUT_SECONDS,
            f"Lambda allows 1 to {LONGEST_TIMEOUT_SECONDS} whole seconds",
        )
        checks.whole("memory_size", memory_size, 128, 10_240, "Lambda allows 128 to 10240 MB")
        if reserved_concurrency is not None:
            allowed = "it must be a whole number, 0 (which stops the function) or more, or None"
            checks.whole("reserved_concurrency", reserved_concurrency, 0, float("inf"), allowed)
        for what, value in {"failure_queue": failure_queue, "success_queue": success_queue}.items():
            checks.one_of(what, value, True, False)
        checks.one_of("dead_letter_queue", dead_letter_queue, True, False)
        checks.arn("on_failure", on_failure)
        checks.arn("on_success", on_success)
        checks.variables("environment", environment)
        checks.listing("layers", layers, (str, os.PathLike), "['layers/common']")
        if policy is not None:
            checks.listing("policy", policy, Mapping, "[{'Effect': 'Allow', 'Action': …, 'Resource': …}]")
        if (failure_queue and on_failure) or (success_queue and on_success):
            raise UsageError("A function has one destination each: give the queue or the ARN, not both.")
        source = functions.code_of(code, self.directory) if isinstance(code, str) else self._callable(code)
        short = source.name if name is None else name
        checks.name("name", short, 64)
        name = self._full_name(short)
        self._check_new(name)
        with ExitStack() as undo:
            made = {
                kind: self._queue(f"{name}-{kind}", undo)
                for kind, is_wanted in (
                    ("failed", failure_queue),
                    ("succeeded", success_queue),
                    ("dead-letters", dead_letter_queue),
                )
                if is_wanted
            }
            failure, success = on_failure or made.get("failed"), on_success or made.get("succeeded")
            dead_letters = made.get("dead-letters")
            settings: dict[str, Any] = {
                "FunctionName": name,
                "Role": self._role(name, [where for where in (failure, success, dead_letters) if where], policy, undo),
                "Runtime": functions.RUNTIME,
                "Handler": source.handler,
                "Code": {"ZipFile": source.package},
                "Timeout": timeout,
                "MemorySize": memory_size,
                "Environment": {"Variables": dict(environment or {})},
                "Tags": dict(self._tags),
            }
            if layers:
                settings["Layers"] = [self._layer(name, number, where) for number, where in enumerate(layers)]
            if dead_letters:
                settings["DeadLetterConfig"] = {"TargetArn": dead_letters}
            targets = {"OnFailure": failure, "OnSuccess": success}
            if destinations := {kind: {"Destination": where} for kind, where in targets.items() if where}:
                asynchronous["DestinationConfig"] = destinations
            with in_one_sentence(f"The function {name} can't be made"):
                client = self.client("lambda")
                arn = self._created(settings)
                undo.callback(client.delete_function, FunctionName=name)
                if reserved_concurrency is not None:
                    client.put_function_concurrency(
                        FunctionName=name, ReservedConcurrentExecutions=reserved_concurrency
                    )
                if asynchronous:
                    self._patiently(lambda: client.put_function_event_invoke_config(FunctionName=name, **asynchronous))
            undo.pop_all()
        function = Function(name, arn, made.get("failed"), made.get("succeeded"), dead_letters, lab=self)
        self._made[short] = function
        return function

    def queue(self, name: str) -> str:
        """Make an SQS queue; return its ARN. On AWS it goes when its test ends, and has a longer name.

        Raises UsageError for a name that SQS doesn't take, or that a queue has.
        """
        checks.name("name", name, 80)
        with ExitStack() as undo:
            arn = self._queue(self._full_name(name), undo)
            undo.pop_all()
        return arn

    def send(self, function: str | Function, payload: Any = None) -> Event:
        """Invoke any function asynchronously; return the event as it is accepted, before its first attempt.

        Raises UsageError for no such function, and for a payload that isn't JSON or over 1 MB.
        """
        content = functions.payload_bytes(payload, _ASYNCHRONOUS_LIMIT)
        name = self._name(function)
        with self._invoking(name):
            answer = self._invoking_client().invoke(FunctionName=name, InvocationType="Event", Payload=content)
        return self._accepted(name, answer["ResponseMetadata"]["RequestId"], content)

    def invoke(self, function: str | Function, payload: Any = None) -> Any:
        """Invoke any function synchronously; return its result. Raises UsageError when it fails, saying with what."""
        content = functions.payload_bytes(payload, _SYNCHRONOUS_LIMIT)
        name = self._name(function)
        with self._invoking(name):
            answer = self._invoking_client().invoke(FunctionName=name, Payload=content)
        result = json.loads(answer["Payload"].read() or b"null")
        self._answered_to(answer["ResponseMetadata"]["RequestId"])
        if "FunctionError" in answer:
            raise UsageError(f"{name} failed: {result.get('errorType')}: {result.get('errorMessage')}")
        return result

    @contextmanager
    def _invoking(self, name: str) -> Iterator[None]:
        client = self.client("lambda")
        try:
            with in_one_sentence(f"{name} can't be invoked"):
                yield
        except UsageError as error:
            if isinstance(error.__cause__, client.exceptions.ResourceNotFoundException):
                self._check_function(name.partition(":")[0])
            raise

    # Inside: what a lab does in its own way

    @property
    @abstractmethod
    def _tags(self) -> Mapping[str, str]:
        """Of everything that it makes."""

    @abstractmethod
    def _invoking_client(self) -> Any:
        """Return Lambda's client that sends once: an event whose answer was lost may have been accepted."""

    @abstractmethod
    def _accepted(self, name: str, request_id: str, payload: bytes) -> Event:
        """Return the event that Lambda has just accepted."""

    @abstractmethod
    def _answered_to(self, request_id: str) -> None:
        """Take note of a synchronous invocation."""

    @abstractmethod
    def _callable(self, handler: object) -> Code:
        """Return the code of a callable of this process."""

    @abstractmethod
    def _full_name(self, short: str) -> str:
        """Return what a function is called that a test gives this name."""

    @abstractmethod
    def _patiently(self, call: Callable[[], T]) -> T:
        """Return what a call returns, as soon as AWS knows of the role and its policy."""

    @abstractmethod
    def _role(self, name: str, targets: Sequence[str], policy: Statements | None, undo: ExitStack) -> str:
        """Return the ARN of a function's role, which allows to send to the targets (ARNs) and what a policy says.

        ``undo`` gets what takes it away again.
        """

    @abstractmethod
    def _making(self, kind: str, name: str) -> None:
        """Take note that something is made now."""

    def _name(self, function: str | Function) -> str:
        """Return a function's full name, given that, its ARN, the name that it was made by, or itself."""
        from async_lab import arns

        if not isinstance(function, (str, Function)) or not str(function):
            raise UsageError(
                f"The function is {checks.given(function)}; give its name, its ARN, or what function() returned."
            )
        name = str(function)
        short, colon, qualifier = name.partition(":")
        if short in self._made:
            return f"{self._made[short].name}{colon}{qualifier}"
        try:
            arn = arns.parse(name)
        except arns.NotAnArn:
            return name
        if arn.region != self.region:
            raise UsageError(f"{name} is of {arn.region or 'no region'}, and the lab's functions are of {self.region}.")
        return f"{arn.name}:{arn.qualifier}" if arn.qualifier else arn.name

    def _created(self, settings: Mapping[str, Any]) -> str:
        client, name = self.client("lambda"), settings["FunctionName"]
        self._making("aws_lambda_function", name)
        arn: str = self._patiently(lambda: client.create_function(**settings))["FunctionArn"]
        return arn

    def _made_role(self, name: str, policy: Mapping[str, Any], undo: ExitStack) -> str:
        """Make a role for Lambda with one policy; return its ARN."""
        iam = self.client("iam")
        tags = [{"Key": key, "Value": value} for key, value in self._tags.items()]
        with in_one_sentence(f"The role {name} can't be made"):
            made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tags)
            undo.callback(iam.delete_role, RoleName=name)
            iam.put_role_policy(RoleName=name, PolicyName=_POLICY, PolicyDocument=json.dumps(policy))
            undo.callback(iam.delete_role_policy, RoleName=name, PolicyName=_POLICY)
        return str(made["Role"]["Arn"])

    def _check_new(self, name: str) -> None:
        """Raise UsageError for a name that a function has: its queues would become another's."""
        client = self.client("lambda")
        try:
            client.get_function_configuration(FunctionName=name)
        except client.exceptions.ClientError:  # there is none, or none can have such a name
            return
        raise UsageError(f"There is a function {name} already: give this one another name=.")

    def _queue(self, name: str, undo: ExitStack) -> str:
        sqs = self.client("sqs")
        if _is_queue(sqs, name):
            raise UsageError(f"There is a queue {name} already: give this one another name.")
        self._making("aws_sqs_queue", name)
        with in_one_sentence(f"The queue {name} can't be made"):
            url = sqs.create_queue(QueueName=name, tags=dict(self._tags))["QueueUrl"]
        undo.callback(sqs.delete_queue, QueueUrl=url)
        arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return arn

    def _layer(self, name: str, number: int, where: str | os.PathLike[str]) -> str:
        content = {"ZipFile": functions.layer(where, self.directory)}
        self._making("aws_lambda_layer_version", f"{name}-{number}")
        with in_one_sentence(f"{os.fspath(where)} can't be a layer"):
            made = self.client("lambda").publish_layer_version(LayerName=f"{name}-{number}", Content=content)
        arn: str = made["LayerVersionArn"]
        return arn


class _ByName(dict[str, MetricSeries]):
    """Metrics by name, which say what there is when asked for another."""

    def __missing__(self, name: object) -> MetricSeries:
        hint = checks.meant(str(name), self, f"there is {listed(sorted(self))}.")
        raise UsageError(f"There is no metric {name!r} among these: {hint}")


def _is_queue(sqs: Any, name: str) -> bool:
    from botocore.exceptions import BotoCoreError

    try:
        sqs.get_queue_url(QueueName=name)
    except (sqs.exceptions.ClientError, BotoCoreError):  # there is none, or none can have such a name
        return False
    return True


def clock(at: float) -> str:
    """Return an instant, given in epoch seconds, as people read it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def request_id_of(event: object) -> str:
    """Return an event's request id, given as that or as the event. Raises UsageError for anything else."""
    if isinstance(event, Event):
        return event.request_id
    if isinstance(event, str):
        return event
    raise UsageError(f"The event is {checks.given(event)}; give its request id, or the event as it was earlier.")


@contextmanager
def in_one_sentence(what: str) -> Iterator[None]:
    """Say what AWS refuses as an error of ours, in AWS's words."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        raise UsageError(f"{what}: {said.get('Message') or said.get('Code')}") from error
    except BotoCoreError as error:
        raise UsageError(f"{what}: {' '.join(str(error).split())}") from error
