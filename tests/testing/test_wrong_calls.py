"""What a test asks for wrongly, and what is left of it."""

import pytest

from async_lab import Lab
from async_lab.errors import UsageError

WRONG = {
    "function": (lambda lab: lab.events("wroks"), "There is no function 'wroks' in us-east-1: did you mean works?"),
    "function sent to": (lambda lab: lab.send("none"), "There is no function 'none' in us-east-1: there is works."),
    "metrics": (lambda lab: lab.metrics("none"), "There is no function 'none' in us-east-1: there is works."),
    "throttled": (lambda lab: lab.throttle("none"), "There is no function 'none' in us-east-1: there is works."),
    "event": (lambda lab: lab.event("none"), "There is no event 'none' in this lab."),
    "queue": (lambda lab: lab.messages("none"), "There is no queue 'none': us-east-1 has none."),
    "payload": (
        lambda lab: lab.send("works", "x" * 1024 * 1024),
        "The payload has 1,048,578 bytes; Lambda takes 1,048,576 of an asynchronous event.",
    ),
    "no JSON": (
        lambda lab: lab.send("works", object),
        "The payload is nothing that JSON has: Object of type type is not JSON serializable.",
    ),
    "broken bytes": (lambda lab: lab.send("works", b"{"), "works can't be invoked: Could not parse request body"),
    "queue taken": (lambda lab: [lab.queue("kept") for _ in range(2)], "There is a queue kept already: give this one"),
    "queue's name": (lambda lab: lab.queue("k.fifo"), "name is 'k.fifo'; AWS allows 1 to 80 letters, digits, hyphens"),
    "no queue's name": (lambda lab: lab.queue(7), "name is 7; AWS allows 1 to 80 letters, digits, hyphens and"),
    "empty name": (lambda lab: lab.function(print, name=""), "name is ''; AWS allows 1 to 64 letters, digits, hyphens"),
    "no function": (lambda lab: lab.events(7), "The function is 7; give its name, its ARN, or what function()"),
    "alias": (lambda lab: lab.events("works:live"), "works:live is a version or alias: give works, the function."),
    "another region": (
        lambda lab: lab.send("arn:aws:lambda:eu-west-1:123456789012:function:works"),
        "arn:aws:lambda:eu-west-1:123456789012:function:works is of eu-west-1, and the lab's functions are of",
    ),
    "no event": (
        lambda lab: lab.event(None),
        "The event is None; give its request id, or the event as it was earlier.",
    ),
    "no event for logs": (lambda lab: lab.logs("works", 7), "The event is 7; give its request id, or the event as it"),
    "metric": (
        lambda lab: lab.metrics("works")["Errorz"],
        "There is no metric 'Errorz' among these: did you mean Errors?",
    ),
    "no queue": (lambda lab: lab.messages(None), "messages() was given None; it takes a queue's name, URL or ARN"),
    "no region": (
        lambda lab: lab.messages("arn:aws:sqs:moon:1:q"),
        "There is no queue 'arn:aws:sqs:moon:1:q': moon is no region of AWS.",
    ),
    "predicate": (lambda lab: lab.run_until(7), "run_until() was given 7; it takes a function without arguments."),
    "endless wait": (
        lambda lab: lab.run_until(bool, limit=float("inf")),
        "limit is inf; it must be a number of seconds,",
    ),
    "timeout": (lambda lab: lab.function(print, timeout=1.5), "timeout is 1.5; Lambda allows 1 to 900 whole seconds."),
    "memory": (
        lambda lab: lab.function(print, memory_size="1 GB"),
        "memory_size is '1 GB'; Lambda allows 128 to 10240 MB.",
    ),
    "reservation": (
        lambda lab: lab.function(print, reserved_concurrency=-1),
        "reserved_concurrency is -1; it must be a whole number, 0 (which stops the function) or more, or None.",
    ),
    "variables": (
        lambda lab: lab.function(print, environment=["A=1"]),
        "environment is ['A=1']; it must be a mapping of strings, such as {'STAGE': 'test'}.",
    ),
    "layers": (lambda lab: lab.function(print, layers="src"), "layers is 'src'; it must be a list, such as ["),
    "policy": (lambda lab: lab.function(print, policy={}), "policy is {}; it must be a list, such as [{'Effect':"),
    "queue of one's own": (
        lambda lab: lab.function(print, failure_queue="kept"),
        "failure_queue is 'kept'; it must be True or False.",
    ),
    "destination": (
        lambda lab: lab.function(print, on_failure="kept"),
        "on_failure is 'kept'; it must be an ARN, such as",
    ),
    "scope": (lambda lab: lab.apply("infra", scope="module"), "scope is 'module'; it must be 'test' or 'session'."),
    "variable": (
        lambda lab: lab.apply("infra", names={1}),
        "The variable names is {1}; Terraform takes what JSON has.",
    ),
    "no directory": (lambda lab: lab.apply(None), "apply() was given None; it takes a directory with Terraform files."),
    "open": (lambda lab: lab.open(), "The lab is open already: use it, or close it first."),
    "entered": (lambda lab: lab.__enter__(), "The lab is open already: use it, or close it first."),
    "seed": (lambda _: Lab(seed="x"), "seed is 'x'; it must be a whole number, 0 or more."),
    "start": (
        lambda _: Lab(start="now"),
        "start is 'now'; it must be epoch seconds, such as 1790000000.0, or None for",
    ),
    "account": (
        lambda _: Lab(account_concurrency=0),
        "account_concurrency is 0; it must be a whole number, 1 or more.",
    ),
    "no place": (lambda _: Lab(directory="/nowhere"), "directory is '/nowhere'; it must be a directory that is there."),
    "region": (lambda _: Lab(region="moon").open(), 'region is "moon"; it must be a region of AWS, such as eu-west-1.'),
    "no action": (
        lambda lab: lab.deny(["s3:*"]),
        "The action is ['s3:*']; it must be SERVICE:ACTION as in IAM, such as",
    ),
    "service of an action": (
        lambda lab: lab.deny("dynamo:*"),
        "There is no service 'dynamo' in dynamo:*: did you mean",
    ),
    "operation": (lambda lab: lab.deny("s3:ListObjectsV2"), "No request to s3 needs s3:ListObjectsV2: did you mean"),
    "unknown action": (
        lambda lab: lab.deny("s3:GetObjekt"),
        "No request to s3 needs s3:GetObjekt: did you mean s3:GetO",
    ),
    "name taken": (lambda lab: lab.function(print, name="works"), "There is a function works already: give this one"),
    "retries": (lambda lab: lab.function(print, retries=3), "retries is 3; Lambda allows 0 to 2."),
    "age": (
        lambda lab: lab.function(print, maximum_age=1),
        "maximum_age is 1; Lambda allows 60 to 21600 whole seconds",
    ),
    "age in words": (lambda lab: lab.function(print, maximum_age="1 h"), "maximum_age is '1 h'; Lambda allows 60 to"),
    "second age": (
        lambda lab: lab.function(print, maximum_age=float("inf")),
        "maximum_age is inf; Lambda allows 60 to",
    ),
    "age in parts": (lambda lab: lab.function(print, maximum_age=60.5), "maximum_age is 60.5; Lambda allows 60 to"),
    "retries in parts": (lambda lab: lab.function(print, retries=1.0), "retries is 1.0; Lambda allows 0 to 2."),
    "code": (lambda lab: lab.function("app"), "The function's code is 'app'; it must be PATH:HANDLER"),
    "no code": (lambda lab: lab.function(7), "The function's code is 7; it must be PATH:HANDLER or a callable."),
    "two destinations": (
        lambda lab: lab.function(print, failure_queue=True, on_failure="arn:aws:sqs:us-east-1:1:q"),
        "A function has one",
    ),
    "Lambda's limits": (
        lambda lab: lab.function(print, environment={"A B": ""}),
        "The function print can't be made: ",
    ),
    "reserved variable": (
        lambda lab: lab.function(print, environment={"AWS_REGION": "eu-west-1"}),
        "The function print can't be made: Lambda was unable to configure your environment variables because",
    ),
    "layer": (lambda lab: lab.function(print, layers=["nowhere"]), "The layer "),
    "time": (lambda lab: lab.advance(seconds=-1), "-1 seconds can't pass at once: give 0 to 31 days."),
    "much time": (lambda lab: lab.advance(days=32), "2,764,800 seconds can't pass at once: give 0 to 31 days."),
    "no time": (lambda lab: lab.advance(seconds=float("nan")), "seconds is nan; it must be a number."),
    "endless time": (lambda lab: lab.advance(days=float("inf")), "days is inf; it must be a number."),
    "time in words": (lambda lab: lab.advance(seconds="1"), "seconds is '1'; it must be a number."),
    "limit": (
        lambda lab: lab.run_until_idle(limit="1 h"),
        "limit is '1 h'; it must be a number of seconds, 0 to 2678400 (31 days).",
    ),
    "limit below 0": (lambda lab: lab.run_until(bool, limit=-1), "limit is -1; it must be a number of seconds, 0 to"),
    "snapshot": (lambda lab: lab.restore(None), "restore() was given None; it takes what snapshot() returned."),
    "service": (lambda lab: lab.client("lamda"), "There is no service 'lamda': did you mean lambda?"),
    "action": (lambda lab: lab.deny("GetObject"), "The action is 'GetObject'; it must be SERVICE:ACTION as in IAM"),
    "rate": (lambda lab: lab.system_errors(2), "rate is 2; it must be 0 to 1."),
    "rate in words": (lambda lab: lab.duplicate("all"), "rate is 'all'; it must be 0 to 1."),
    "attempts": (lambda lab: lab.throttle("works", attempts=0), "attempts is 0; it must be a whole number, 1 or more."),
    "directory": (lambda lab: lab.apply("/nowhere"), "There is no directory /nowhere: give one with Terraform files."),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_in_a_sentence(async_lab, working, what):
    call, sentence = WRONG[what]
    async_lab.function(working)
    with pytest.raises(UsageError) as raised:
        call(async_lab)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)
    assert async_lab.events("works") == []


def test_queue_that_was_there_is_refused_and_stays(async_lab, working):
    async_lab.queue("works-failed")
    with pytest.raises(UsageError, match="There is a queue works-failed already"):
        async_lab.function(working, failure_queue=True)
    assert async_lab.messages("works-failed") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"reserved_concurrency": -4},
        {"on_success": "arn:aws:sqs:us-east-1:123456789012:orders.fifo"},
        {"memory_size": 1},
        {"layers": ["nowhere"]},
        {"policy": [{"Effect": "Maybe"}]},
        {"policy": [], "timeout": 0},
    ],
    ids=str,
)
def test_nothing_is_there_of_a_function_that_could_not_be_made(async_lab, working, wrong):
    with pytest.raises(UsageError):
        async_lab.function(working, failure_queue=True, dead_letter_queue=True, **wrong)

    assert async_lab.client("lambda").list_functions()["Functions"] == []
    assert async_lab.client("sqs").list_queues().get("QueueUrls", []) == []
    assert async_lab.client("logs").describe_log_groups()["logGroups"] == []
    assert "works" not in [role["RoleName"] for role in async_lab.client("iam").list_roles()["Roles"]]
    async_lab.function(working, failure_queue=True, policy=[])


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def handle(event, context): ...", "defines no 'handler'"),
        ("def handler(event context): ...", "app.py:1: "),
        ("import nowhere_to_be_found\ndef handler(event, context): ...", "No module named 'nowhere_to_be_found'"),
    ],
)
def test_handler_that_cannot_be_imported_is_said_with_the_reason(async_lab, handler, source, why):
    where = handler(source)

    def use():
        async_lab.function(where).send()
        async_lab.run_until_idle()

    with pytest.raises(UsageError, match="can't be imported") as raised:
        use()
    assert why in str(raised.value)


def test_directory_without_terraform_is_refused(async_lab, tmp_path):
    with pytest.raises(UsageError, match=r"There is no Terraform in .*: it has no file that ends in \.tf"):
        async_lab.apply(tmp_path)


def test_lab_that_is_not_open_says_so():
    with pytest.raises(UsageError, match="isn't open"):
        Lab().events()
