"""Handlers' own calls may do what their role allows, and are refused in AWS's words."""

import json

import boto3
import pytest

PLACE = "eu-west-1:123456789012"
CALLS = """
import boto3
from botocore.exceptions import ClientError
def handler(event, context):
    client = boto3.client(event["service"])
    try:
        answer = getattr(client, event["call"])(**event["with"])
    except ClientError as refused:
        answer = refused.response
        return {"code": answer["Error"]["Code"], "said": answer["Error"]["Message"],
                "status": answer["ResponseMetadata"]["HTTPStatusCode"]}
    return {"code": None, "arn": answer.get("Arn")}
"""


class Caller:
    """A function with a role of its own, which makes one call of AWS for each event."""

    def __init__(self, async_lab, handler):
        self.function = async_lab.function(handler(CALLS), name="caller", timeout=100, policy=[])
        self.name, self.iam = self.function.name, async_lab.client("iam")
        configured = async_lab.client("lambda").get_function_configuration(FunctionName=self.name)
        self.role = configured["Role"]
        self.role_name = self.role.rpartition("/")[2]

    def allow(self, *actions, resource="*", effect="Allow", **more):
        statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
        name = f"{effect}-{actions[0].translate({58: '-', 42: None})}"
        self.iam.put_role_policy(
            RoleName=self.role_name,
            PolicyName=name,
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def call(self, service, call, **parameters):
        event = {"service": service, "call": call, "with": parameters}
        return self.function.invoke(event)


def arn(service, resource):
    return f"arn:aws:{service}:{PLACE}:{resource}"


@pytest.fixture
def caller(async_lab, handler):
    """It, and what it calls."""
    async_lab.queue("orders")
    async_lab.client("sns").create_topic(Name="orders")
    async_lab.client("s3").create_bucket(
        Bucket="orders", CreateBucketConfiguration={"LocationConstraint": async_lab.region}
    )
    async_lab.client("events").create_event_bus(Name="orders")
    return Caller(async_lab, handler)


QUEUE_URL = "http://localhost/123456789012/orders"
CALLED = [
    ("sqs", "send_message", {"QueueUrl": QUEUE_URL, "MessageBody": "x"}, "sqs:SendMessage", arn("sqs", "orders")),
    ("sns", "publish", {"TopicArn": arn("sns", "orders"), "Message": "x"}, "sns:Publish", arn("sns", "orders")),
    ("s3", "put_object", {"Bucket": "orders", "Key": "a b", "Body": "x"}, "s3:PutObject", "arn:aws:s3:::orders/a b"),
    ("s3", "list_objects_v2", {"Bucket": "orders"}, "s3:ListBucket", "arn:aws:s3:::orders"),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}", "EventBusName": "orders"}]},
        "events:PutEvents",
        arn("events", "event-bus/orders"),
    ),
    (
        "lambda",
        "invoke",
        {"FunctionName": "other", "InvocationType": "Event"},
        "lambda:InvokeFunction",
        arn("lambda", "function:other"),
    ),
]


@pytest.mark.parametrize(("service", "call", "parameters", "action", "resource"), CALLED)
def test_a_call_that_the_role_does_not_allow_is_refused_in_awss_words(
    caller, service, call, parameters, action, resource
):
    caller.allow(action, resource=f"{resource}-other")
    answer = caller.call(service, call, **parameters)
    assert answer["said"] == (
        f"User: arn:aws:sts::123456789012:assumed-role/{caller.role_name}/{caller.name} is not authorized to perform: "
        f"{action} on resource: {resource} because no identity-based policy allows the {action} action"
    )
    codes = {"sns": "AuthorizationError", "lambda": "AccessDeniedException", "events": "AccessDeniedException"}
    assert answer["code"] == codes.get(service, "AccessDenied")
    assert answer["status"] == (400 if service == "events" else 403)


@pytest.mark.parametrize(("service", "call", "parameters", "action", "resource"), CALLED[:-1])
def test_a_call_that_the_role_allows_is_answered(caller, service, call, parameters, action, resource):
    caller.allow(action, resource=resource)
    assert caller.call(service, call, **parameters)["code"] is None


def test_a_role_that_is_changed_counts_from_the_next_call_on(caller):
    parameters = {"QueueUrl": QUEUE_URL, "MessageBody": "x"}
    assert caller.call("sqs", "send_message", **parameters)["code"] == "AccessDenied"
    caller.allow("sqs:Send*", resource=arn("sqs", "orders"))
    assert caller.call("sqs", "send_message", **parameters)["code"] is None
    caller.allow("sqs:SendMessage", resource=arn("sqs", "orders"), effect="Deny")
    assert caller.call("sqs", "send_message", **parameters)["code"] == "AccessDenied"


def test_a_queue_may_let_the_role_in_by_itself(async_lab, caller, sqs):
    url, queue = "others", async_lab.queue("others")
    statement = {"Effect": "Allow", "Principal": {"AWS": caller.role}, "Action": "sqs:SendMessage", "Resource": queue}
    assert caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x")["code"] == "AccessDenied"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    assert caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x")["code"] is None


def queue_policy(sqs, url, *statements):
    policy = {"Policy": json.dumps({"Statement": list(statements)})}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=policy)


def test_a_denial_wins_whoever_says_it(async_lab, caller, sqs):
    url, queue = "others", async_lab.queue("others")
    send = {"Action": "sqs:SendMessage", "Resource": queue, "Principal": {"AWS": caller.role}}
    caller.allow("sqs:SendMessage")
    queue_policy(sqs, url, {"Effect": "Deny", **send})
    answer = caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x")
    assert answer["code"] == "AccessDenied"
    assert answer["said"].endswith(f" on resource: {queue} with an explicit deny in a resource-based policy")
    queue_policy(sqs, url, {"Effect": "Allow", **send})
    assert caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x")["code"] is None
    caller.allow("sqs:SendMessage", effect="Deny")
    answer = caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x")
    assert answer["said"].endswith(f" on resource: {queue} with an explicit deny in an identity-based policy")


ACCOUNT = "arn:aws:iam::123456789012:root"


@pytest.mark.parametrize(
    ("statement", "is_denied"),
    [
        ({"Principal": {"AWS": ["arn:aws:iam::123456789012:role/other"]}}, False),
        ({"Principal": {"AWS": "123456789012"}}, True),
        ({"Principal": {"AWS": ACCOUNT}}, True),
        ({"NotPrincipal": {"AWS": ["role", "session", "123456789012"]}}, False),
        ({"NotPrincipal": {"AWS": ["role", "session", ACCOUNT]}}, False),
        ({"NotPrincipal": {"AWS": ["role", "session"]}}, True),  # AWS looks at the account first
        ({"NotPrincipal": {"AWS": ["session", ACCOUNT]}}, True),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, True),
        ({"NotPrincipal": "*"}, False),
        ({"Principal": "*", "NotAction": "sqs:SendMessage"}, False),
        ({"Principal": "*", "NotAction": ["sqs:ReceiveMessage", "sqs:Delete*"]}, True),
        ({"Principal": "*", "NotResource": "queue"}, False),
        ({"Principal": "*", "Resource": "arn:aws:sqs:*:*:elsewhere"}, False),
    ],
)
def test_a_queues_denial_is_for_whom_and_what_it_says(async_lab, caller, sqs, statement, is_denied):
    url, queue = "others", async_lab.queue("others")
    called = {
        "role": caller.role,
        "session": f"arn:aws:sts::123456789012:assumed-role/{caller.role_name}/{caller.name}",
        "queue": queue,
    }
    text = json.dumps({"Effect": "Deny", **statement})
    for name, arn_ in called.items():
        text = text.replace(f'"{name}"', f'"{arn_}"')
    said = json.loads(text)
    about = {} if "NotResource" in said else {"Resource": queue}
    queue_policy(sqs, url, about | ({} if "NotAction" in said else {"Action": "sqs:*"}) | said)
    caller.allow("sqs:SendMessage")
    answer = caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x")
    assert answer["code"] == ("AccessDenied" if is_denied else None)


@pytest.mark.parametrize(
    "statement",
    [{"NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, {"Principal": {"AWS": ACCOUNT}}],
)
def test_a_queue_that_allows_others_or_the_account_lets_no_role_in_by_itself(async_lab, caller, sqs, statement):
    url, queue = "others", async_lab.queue("others")
    queue_policy(sqs, url, {"Effect": "Allow", "Action": "sqs:*", "Resource": queue, **statement})
    assert caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x")["code"] == "AccessDenied"


def test_a_bucket_lets_a_role_in_or_shuts_it_out_and_nobody_else(async_lab, caller):
    s3 = async_lab.client("s3")
    put = {"Bucket": "orders", "Key": "a", "Body": "x"}

    def policy(effect, **more):
        statement = {"Effect": effect, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::orders/*", **more}
        s3.put_bucket_policy(Bucket="orders", Policy=json.dumps({"Statement": [statement]}))

    assert caller.call("s3", "put_object", **put)["code"] == "AccessDenied"
    policy("Allow", Principal={"AWS": caller.role})
    assert caller.call("s3", "put_object", **put)["code"] is None
    caller.allow("s3:PutObject")
    policy("Deny", Principal={"AWS": caller.role})
    assert caller.call("s3", "put_object", **put)["code"] == "AccessDenied"
    s3.put_object(**put)
    policy("Deny", NotPrincipal={"AWS": [ACCOUNT, "arn:aws:iam::123456789012:role/other"]})
    assert caller.call("s3", "put_object", **put)["code"] == "AccessDenied"
    s3.put_object(**put)


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ({"StringEquals": {"aws:ResourceTag/Team": "shop"}}, True),
        ({"StringEquals": {"aws:ResourceTag/Team": "other"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/Team": "shop"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/Team": "other"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1", "aws:ResourceAccount": "123456789012"}}, True),
        ({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ({"ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:call*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::orders"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
    ],
)
def test_a_condition_decides_whether_a_statement_counts(caller, sqs, condition, is_met, capfd):
    url = sqs.create_queue(QueueName="tagged", tags={"Team": "shop"})["QueueUrl"]
    caller.iam.tag_role(RoleName=caller.role_name, Tags=[{"Key": "Team", "Value": "shop"}])
    sent = {"QueueUrl": url, "MessageBody": "x"}
    caller.allow("sqs:SendMessage", Condition=condition)
    assert caller.call("sqs", "send_message", **sent)["code"] == (None if is_met else "AccessDenied")
    caller.allow("sqs:SendMessage")
    caller.allow("sqs:SendMessage", effect="Deny", Condition=condition)
    assert caller.call("sqs", "send_message", **sent)["code"] == ("AccessDenied" if is_met else None)
    assert "can't judge" not in capfd.readouterr().err


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_condition_that_can_not_be_judged_is_said(caller, effect, capfd):
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    caller.allow("sqs:SendMessage", effect=effect, Condition=condition)
    if effect == "Deny":
        caller.allow("sqs:SendMessage")
    for _ in range(2):
        assert caller.call("sqs", "send_message", QueueUrl=QUEUE_URL, MessageBody="x")["code"] is None
    read = "met, so that more may be allowed here than on AWS" if effect == "Allow" else "not met, so that it denies"
    said = f"async-lab can't judge the condition on aws:SourceIp in a policy of {caller.role}: it is read as {read}"
    assert capfd.readouterr().err.count(said) == 1


def test_an_operation_whose_resource_is_not_known_needs_its_action_on_any(caller):
    put = {"Namespace": "Shop", "MetricData": [{"MetricName": "Orders", "Value": 1}]}
    assert caller.call("cloudwatch", "put_metric_data", **put)["code"] == "AccessDenied"
    caller.allow("cloudwatch:PutMetricData")
    assert caller.call("cloudwatch", "put_metric_data", **put)["code"] is None


def test_a_handler_is_its_role_as_sts_says(caller):
    expected = f"arn:aws:sts::123456789012:assumed-role/{caller.role_name}/{caller.name}"
    assert caller.call("sts", "get_caller_identity")["arn"] == expected


def test_whoever_is_no_handler_may_do_everything(async_lab):
    async_lab.queue("orders")
    boto3.client("sqs").send_message(QueueUrl="orders", MessageBody="x")
    assert [message.body for message in async_lab.messages("orders")] == ["x"]


@pytest.mark.parametrize("destination", [None, "elsewhere"])
def test_who_moves_dead_letters_may_send_to_where_they_go(async_lab, sqs, caller, destination):
    dead = async_lab.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl="orders", Attributes={"RedrivePolicy": redrive})
    target = async_lab.queue(destination) if destination else arn("sqs", "orders")
    asked = {"SourceArn": dead} | ({"DestinationArn": target} if destination else {})
    own = ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    for action in own:
        refused = caller.call("sqs", "start_message_move_task", **asked)
        assert f"not authorized to perform: sqs:{action} on resource: {dead}" in refused["said"]
        caller.allow(f"sqs:{action}", resource=dead)
    refused = caller.call("sqs", "start_message_move_task", **asked)
    assert refused["code"] == "AccessDenied"
    assert f"not authorized to perform: sqs:SendMessage on resource: {target}" in refused["said"]
    caller.allow("sqs:SendMessage", resource=target)
    assert caller.call("sqs", "start_message_move_task", **asked)["code"] is None
    handle = sqs.list_message_move_tasks(SourceArn=dead)["Results"][0].get("TaskHandle")
    listed = caller.call("sqs", "list_message_move_tasks", SourceArn=dead)
    assert "sqs:ListMessageMoveTasks" in listed["said"]
    canceled = caller.call("sqs", "cancel_message_move_task", TaskHandle=handle or "none")
    assert "sqs:CancelMessageMoveTask" in canceled["said"]
