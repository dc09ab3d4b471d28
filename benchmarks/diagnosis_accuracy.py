"""How often the diagnosis names the right cause: random functions of each, invoked on the embedded endpoint.

Half of them have synchronous calls mixed in. Nothing is told to the diagnosis but what ``async-lab diagnose`` reads.
Of durable functions and those on managed instances, which the endpoint refuses, only the configuration is theirs: what
happens is a random other cause, and right is that no cause is called more than possible.

    python benchmarks/diagnosis_accuracy.py [VARIATIONS [SEED]]
"""

from __future__ import annotations

import io
import json
import random
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from async_lab.diagnosis import Confidence, diagnose, examine
from async_lab.diagnosis.diagnose import WITHOUT_RULES
from async_lab.endpoint.embedded import Endpoint
from async_lab.endpoint.functions.late_queue import TAG as LATE_QUEUE
from async_lab.observation.look import look_at
from async_lab.observation.observations import Observations
from async_lab.target.local import LocalTarget
from async_lab.testing.base import TRUST
from async_lab.twin import Rules

HANDLER = """
import json, time
def handler(event, context):
    if event.get("again"):
        import boto3
        name = context.function_name
        boto3.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    time.sleep(event.get("sleep", 0))
    if event.get("fail") or time.time() < event.get("fail_until", 0):
        raise ValueError("no")
"""
MAY_DO_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
HOUR = 3_600
POOL = 120
CLAIMS_NOTHING = "no cause more than possible"
BURST = 3
"""New execution environments in 10 s, where a burst is tried: AWS's 1,000 are more than a machine has room for."""


class Lab:
    """One endpoint, and shorthands for its clients."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.target = LocalTarget(endpoint, "eu-west-1")
        self.lambda_, self.sqs = self.target.invoking_client(), self.target.client("sqs")
        iam = self.target.client("iam")
        self.role = iam.create_role(RoleName="all", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="all", PolicyName="all", PolicyDocument=json.dumps(MAY_DO_ALL))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("app.py", HANDLER)
        self.package = file.getvalue()

    def make(self, name: str, variation: Variation) -> None:
        """Create a function as a variation wants it."""
        self.lambda_.create_function(
            FunctionName=name,
            Role=self.role,
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": self.package},
            Timeout=variation.timeout,
        )
        if variation.concurrency is not None:
            self.reserve(name, variation.concurrency)
        if variation.asynchronous:
            self.lambda_.put_function_event_invoke_config(FunctionName=name, **variation.asynchronous)

    def clients(self, configuration: Mapping[str, Any]) -> Callable[[str], Any]:
        """Return what makes clients, to which a function's configuration is what it is and ``configuration``."""

        def client(service: str) -> Any:
            made = self.target.client(service)
            made.meta.events.register(
                "after-call.lambda.GetFunctionConfiguration", lambda parsed, **_: parsed.update(configuration)
            )
            return made

        return client

    def reserve(self, name: str, executions: int) -> None:
        """Reserve concurrency."""
        self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)

    def send(self, name: str, payload: dict[str, Any], kind: Literal["Event", "RequestResponse"] = "Event") -> None:
        """Invoke a function; a refused synchronous call is its caller's."""
        try:
            self.lambda_.invoke(FunctionName=name, InvocationType=kind, Payload=json.dumps(payload))
        except self.lambda_.exceptions.TooManyRequestsException:
            if kind == "Event":
                raise

    def queue_that_goes(self, name: str) -> str:
        """Create a queue, whose ARN is returned; ``drop_queue`` takes it away."""
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn: str = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return arn

    def drop_queue(self, name: str) -> None:
        """Delete a queue."""
        self.sqs.delete_queue(QueueUrl=self.sqs.get_queue_url(QueueName=name)["QueueUrl"])


@dataclass
class Variation:
    """One function and what is sent to it."""

    events: list[dict[str, Any]]
    concurrency: int | None = None
    timeout: int = 100
    asynchronous: dict[str, Any] = field(default_factory=dict)
    synchronous: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[Lab, str], None] = lambda _lab, _name: None
    """Done when the function is made and before anything is sent."""
    after: Callable[[Lab, str], None] = lambda _lab, _name: None
    """Done when all is sent."""
    later: list[dict[str, Any]] = field(default_factory=list)
    """Events of which one is sent every minute, after that."""


@dataclass(frozen=True)
class Cause:
    """Something that is wrong, with its variations."""

    vary: Callable[[random.Random, float], Variation]
    """From random numbers and the time at which it begins."""
    expected: tuple[str, ...]
    """The codes of the findings, the strongest first."""
    seconds: float = 900
    account_concurrency: int = 1_000
    hog_seconds: float = 0
    """How long another function takes all of the account's pool."""
    rules: Rules | None = None
    """AWS's own unless given: 1,000 environments in 10 s are more than a machine has room for."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """What GetFunctionConfiguration answers besides: of functions that the endpoint refuses."""


def several(rng: random.Random, payload: dict[str, Any], most: int = 8) -> list[dict[str, Any]]:
    """Return some events that are alike."""
    return [payload] * rng.randint(1, most)


def settings(age: int | None = None, retries: int | None = None) -> dict[str, Any]:
    """Return an event-invoke config of what is given."""
    given = {"MaximumEventAgeInSeconds": age, "MaximumRetryAttempts": retries}
    return {name: value for name, value in given.items() if value is not None}


def healthy(rng: random.Random, _now: float) -> Variation:
    """Everything succeeds at once, whatever it is configured like."""
    return Variation(
        several(rng, {"sleep": rng.uniform(0, 20)}, 20),
        asynchronous=rng.choice([{}, settings(rng.randint(60, 21_600), rng.randint(0, 2))]),
    )


def nothing(_rng: random.Random, _now: float) -> Variation:
    """No event comes."""
    return Variation([])


def exhausted(rng: random.Random, _now: float) -> Variation:
    """Every attempt fails, among events that succeed."""
    retries = rng.randint(0, 2)
    good = several(rng, {"sleep": rng.uniform(0, 5)})
    return Variation(
        several(rng, {"fail": True, "sleep": rng.uniform(0, 20)}) + good,
        asynchronous=settings(rng.choice([None, rng.randint(400, 21_600)]), retries),
    )


def timed_out(rng: random.Random, _now: float) -> Variation:
    """Every attempt runs into the timeout."""
    timeout = rng.randint(1, 20)
    return Variation(
        several(rng, {"sleep": timeout + 5}), timeout=timeout, asynchronous=settings(retries=rng.randint(0, 2))
    )


def retried(rng: random.Random, now: float) -> Variation:
    """Fail at the first attempt, and succeed at a later one."""
    return Variation(several(rng, {"fail_until": now + rng.choice([20, 110])}), asynchronous=settings(retries=2))


def too_old_after_errors(rng: random.Random, _now: float) -> Variation:
    """Every attempt fails, and the age leaves no time for all retries."""
    return Variation(several(rng, {"fail": True}), asynchronous=settings(rng.randint(60, 175), 2))


def waiting(rng: random.Random, _now: float) -> Variation:
    """More events at once than the reservation has room for; all run in the end."""
    reserved = rng.randint(1, 3)
    return Variation([{"sleep": rng.uniform(10, 60)}] * (reserved + rng.randint(1, 4)), concurrency=reserved)


def expired_at_reservation(rng: random.Random, _now: float) -> Variation:
    """More events at once than the reservation has room for, and they are too old before there is."""
    reserved = rng.randint(1, 3)
    return Variation(
        [{"sleep": 95}] * (reserved * 4 + rng.randint(0, 4)),
        concurrency=reserved,
        asynchronous=settings(rng.randint(60, 170), rng.randint(0, 2)),
    )


def stopped(rng: random.Random, _now: float) -> Variation:
    """Reserved concurrency is 0."""
    return Variation(several(rng, {}), concurrency=0, asynchronous=settings(rng.randint(60, 21_600)))


def was_stopped(rng: random.Random, _now: float) -> Variation:
    """Reserved concurrency was 0 and isn't any more."""

    def free(lab: Lab, name: str) -> None:
        lab.target.wait(1)  # until the events are gone
        lab.lambda_.delete_function_concurrency(FunctionName=name)

    return Variation(several(rng, {}), concurrency=0, after=free)


def short_of_pool(rng: random.Random, _now: float) -> Variation:
    """Another function has all of the account's pool for a while."""
    return Variation(several(rng, {"sleep": rng.uniform(0, 3)}, 3))


def expired_at_pool(rng: random.Random, _now: float) -> Variation:
    """Another function has all of the account's pool for longer than events live."""
    return Variation(several(rng, {}, 3), asynchronous=settings(rng.randint(60, 170)))


def undelivered(rng: random.Random, _now: float) -> Variation:
    """Fail each time, with a destination that is gone."""
    queue = f"queue-{rng.getrandbits(40)}"

    def aim(lab: Lab, name: str) -> None:
        lab.lambda_.put_function_event_invoke_config(
            FunctionName=name,
            DestinationConfig={"OnFailure": {"Destination": lab.queue_that_goes(queue)}},
            MaximumRetryAttempts=rng.randint(0, 2),
        )
        lab.drop_queue(queue)

    return Variation(several(rng, {"fail": True}), before=aim)


def undelivered_dead_letter(rng: random.Random, _now: float) -> Variation:
    """Fail each time, with a dead-letter queue that is gone."""
    queue = f"queue-{rng.getrandbits(40)}"

    def aim(lab: Lab, name: str) -> None:
        arn = lab.queue_that_goes(queue)
        lab.lambda_.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": arn})
        lab.drop_queue(queue)

    return Variation(several(rng, {"fail": True}), before=aim, asynchronous=settings(retries=rng.randint(0, 2)))


def looping(rng: random.Random, _now: float) -> Variation:
    """Each event leads to another, until Lambda stops that."""

    def let_it_end(lab: Lab, _name: str) -> None:
        lab.target.wait(5)  # 16 rounds; a synchronous call would wait for those of all functions

    return Variation(several(rng, {"again": True}, 2), after=let_it_end)


def slowing(rng: random.Random, _now: float) -> Variation:
    """Every event takes longer than the one before, and none waits."""
    first, growth = rng.uniform(0.5, 2), rng.uniform(1.3, 1.6)
    return Variation([], later=[{"sleep": first * growth**number} for number in range(8)])


def bursting(rng: random.Random, _now: float) -> Variation:
    """More events at once than new execution environments may come for, in an account that has room."""
    return Variation([{"sleep": rng.uniform(8, 12)}] * (BURST * 4 + rng.randint(0, 4)))


def failing_and_full(rng: random.Random, _now: float) -> Variation:
    """Fail each time with some events, while there is too little room for the others."""
    long = [{"sleep": rng.uniform(20, 40)}] * rng.randint(2, 4)
    return Variation(
        several(rng, {"fail": True}, 2) + long, concurrency=1, asynchronous=settings(retries=rng.randint(0, 2))
    )


def in_backlog(rng: random.Random, _now: float) -> Variation:
    """Lambda comes to events later than they live, to all of them or to many."""
    soonest, latest = LATE_SECONDS

    def hold_up(lab: Lab, name: str) -> None:
        arn = lab.lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
        lab.lambda_.tag_resource(Resource=arn, Tags={LATE_QUEUE: f"{soonest}-{latest}"})

    if rng.random() < 0.5:  # noqa: PLR2004
        events, age = several(rng, {"sleep": rng.uniform(0, 20)}), rng.randint(60, 190)
    else:
        events, age = [{}] * rng.randint(10, 20), rng.randint(soonest + 10, soonest * 2)
    return Variation(events, asynchronous=settings(age), before=hold_up)


def of_other_kind(rng: random.Random, now: float) -> Variation:
    """Whatever can go wrong without help from outside."""
    return rng.choice([healthy, exhausted, timed_out, retried, too_old_after_errors, waiting, stopped])(rng, now)


LATE_SECONDS = (200, 600)
"""From acceptance to the first attempt, where Lambda has a backlog."""
DURABLE = {"DurableConfig": {"RetentionPeriodInDays": 14, "ExecutionTimeout": 3_600}}
MANAGED_INSTANCES = {
    "CapacityProviderConfig": {
        "LambdaManagedInstancesCapacityProviderConfig": {
            "CapacityProviderArn": "arn:aws:lambda:eu-west-1:123456789012:capacity-provider:shared"
        }
    }
}

CAUSES = {
    "healthy": Cause(healthy, ("healthy",)),
    "nothing received": Cause(nothing, ("idle",)),
    "errors, retries used": Cause(exhausted, ("dropped-retries-used",)),
    "timeouts": Cause(timed_out, ("dropped-timed-out",)),
    "errors, then success": Cause(retried, ("late-after-errors",)),
    "errors, too old": Cause(too_old_after_errors, ("dropped-age-after-errors",)),
    "own reservation, late": Cause(waiting, ("late-at-reservation",), 2 * HOUR),
    "own reservation, lost": Cause(expired_at_reservation, ("dropped-age-at-reservation",)),
    "reservation 0": Cause(stopped, ("dropped-stopped",)),
    "reservation was 0": Cause(was_stopped, ("dropped-untried",)),
    "account's pool, late": Cause(short_of_pool, ("late-at-account-limit",), 900, POOL, 90),
    "account's pool, lost": Cause(expired_at_pool, ("dropped-age-at-account-limit",), 900, POOL, 890),
    "errors, not delivered": Cause(undelivered, ("dropped-retries-used", "not-kept")),
    "errors, no dead letter": Cause(undelivered_dead_letter, ("dropped-retries-used", "not-kept")),
    "recursion stopped": Cause(looping, ("recursion-stopped",)),
    "slow code": Cause(slowing, ("slower",)),
    "burst scaling": Cause(bursting, ("late-at-scale-up",), rules=Rules(scale_up_environments=BURST)),
    "expired in a backlog": Cause(in_backlog, ("dropped-in-backlog",)),
    "durable function": Cause(of_other_kind, (CLAIMS_NOTHING,), 2 * HOUR, configuration=DURABLE),
    "managed instances": Cause(of_other_kind, (CLAIMS_NOTHING,), 2 * HOUR, configuration=MANAGED_INSTANCES),
    "errors and reservation": Cause(failing_and_full, ("dropped-retries-used", "late-at-reservation"), 2 * HOUR),
}


def with_synchronous_calls(rng: random.Random, variation: Variation) -> Variation:
    """Mix calls into half of the variations that nobody queues; one in five of them fails."""
    if rng.random() < 0.5:  # noqa: PLR2004
        variation.synchronous = [{"fail": rng.random() < 0.2} for _ in range(rng.randint(1, 20))]  # noqa: PLR2004
    return variation


def run(cause: Cause, variations: int, rng: random.Random) -> list[tuple[str, ...]]:
    """Return the codes that were found for each variation of a cause."""
    seed, rules = rng.getrandbits(32), cause.rules
    with Endpoint(seed=seed, rules=rules, account_concurrency=cause.account_concurrency) as endpoint:
        lab = Lab(endpoint)
        start = lab.target.now()
        made = {
            f"function-{number}": with_synchronous_calls(rng, cause.vary(rng, start)) for number in range(variations)
        }
        for name, variation in made.items():
            lab.make(name, variation)
            variation.before(lab, name)
        if cause.hog_seconds:
            lab.make("hog", Variation([], timeout=900))
            for _ in range(POOL):
                lab.send("hog", {"sleep": cause.hog_seconds})
            lab.target.wait(1)
        for name, variation in made.items():
            for payload in variation.events:
                lab.send(name, payload)
            variation.after(lab, name)
        for name, variation in made.items():
            for payload in variation.synchronous:
                lab.send(name, payload, "RequestResponse")
        for minute in range(max(len(variation.later) for variation in made.values())):
            lab.target.wait(60)
            for name, variation in made.items():
                lab.send(name, variation.later[minute])
        lab.target.wait(cause.seconds)
        end = lab.target.now()
        return [concluded(cause, look_at(lab.clients(cause.configuration), name, None, start, end)) for name in made]


def concluded(cause: Cause, seen: Observations) -> tuple[str, ...]:
    """Return the codes of what is found; of a function that runs by other rules whether anything is claimed by ours."""
    found = diagnose(seen)
    if not cause.configuration:
        return tuple(finding.code for finding in found)
    claims = [finding.code for finding in found if finding.confidence is not Confidence.POSSIBLE]
    says_so = any(finding.code == "other-rules" for finding in examine(seen))
    return (CLAIMS_NOTHING,) if says_so and set(claims) <= set(WITHOUT_RULES) else ("claimed", *claims)


def main() -> None:
    """Print for each cause how many were right, and what the others were taken for."""
    variations = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)  # noqa: PLR2004
    right = 0
    for name, cause in CAUSES.items():
        found = run(cause, variations, rng)
        good = [codes for codes in found if codes[: len(cause.expected)] == cause.expected]
        right += len(good)
        others = Counter(" + ".join(codes) for codes in found if codes not in good)
        taken = "; ".join(f"{number} as {codes}" for codes, number in others.most_common())
        extra = sum(len(codes) > len(cause.expected) for codes in good)
        print(f"{name:24} {len(good):3} of {len(found)} right, {extra} with more findings{taken and ': ' + taken}")
    print(f"{right / (variations * len(CAUSES)):.1%} of {variations * len(CAUSES)} right")


if __name__ == "__main__":
    main()
