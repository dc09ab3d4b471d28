"""Whoever assumes a role may do what that allows, for as long as it was asked for, and only whom it trusts may."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

ACCOUNT = "arn:aws:iam::123456789012:root"
IN_HANDLER = """
import boto3
from botocore.exceptions import ClientError
def handler(event, context):
    try:
        answer = getattr(boto3.client("sts"), event.get("call", "assume_role"))(**event["with"])
        keys = answer["Credentials"]
        client = boto3.client(
            "sqs",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        client.send_message(QueueUrl="orders", MessageBody="x")
    except ClientError as refused:
        return refused.response["Error"]["Message"]
"""
OTHER = "arn:aws:iam::123456789012:role/other"
SENDS = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*principals, **more):
    return document(*({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": each} | more for each in principals))


@pytest.fixture
def other(async_lab, iam):
    """Make the role ``other``, which trusts whom is said, and the queue ``orders``; return its ARN."""
    async_lab.queue("orders")

    def make(trusted, *statements, **more):
        arn = iam.create_role(RoleName="other", AssumeRolePolicyDocument=trusted, **more)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName="other", PolicyName="own", PolicyDocument=document(*statements))
        return arn

    return make


@pytest.fixture
def assumed(async_lab):
    """Assume a role as a test does; return a maker of clients."""

    def assume(role=OTHER, **more):
        keys = async_lab.client("sts").assume_role(RoleArn=role, RoleSessionName="test", **more)["Credentials"]
        named = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }
        return lambda service: boto3.client(service, **named)

    return assume


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_credentials_of_a_role_may_do_what_it_allows(other, assumed):
    other(trust({"AWS": ACCOUNT}), SENDS)
    client = assumed()
    client("sqs").send_message(QueueUrl="orders", MessageBody="x")
    assert client("sts").get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/other/test"
    code, said = refusal(client("sqs").receive_message, QueueUrl="orders")
    assert code == "AccessDenied"
    assert said == (
        "User: arn:aws:sts::123456789012:assumed-role/other/test is not authorized to perform: sqs:ReceiveMessage on "
        "resource: arn:aws:sqs:eu-west-1:123456789012:orders because no identity-based policy allows the "
        "sqs:ReceiveMessage action"
    )
    assert refusal(client("s3").list_buckets)[0] == "AccessDenied"
    assert refusal(client("lambda").invoke, FunctionName="f")[0] == "AccessDeniedException"


def test_a_session_allows_no_more_than_its_policies(other, iam, assumed):
    other(trust({"AWS": ACCOUNT}), {**SENDS, "Action": "sqs:*"})
    client = assumed(Policy=document(SENDS))
    client("sqs").send_message(QueueUrl="orders", MessageBody="x")
    assert refusal(client("sqs").receive_message, QueueUrl="orders")[1].endswith(
        ":orders because no session policy allows the sqs:ReceiveMessage action"
    )
    assert "no identity-based policy allows" in refusal(client("sns").list_topics)[1]
    arn = iam.create_policy(PolicyName="sends", PolicyDocument=document({**SENDS, "Effect": "Deny"}))["Policy"]["Arn"]
    client = assumed(Policy=document({**SENDS, "Action": "sqs:*"}), PolicyArns=[{"arn": arn}])
    client("sqs").receive_message(QueueUrl="orders")
    denied = refusal(client("sqs").send_message, QueueUrl="orders", MessageBody="x")[1]
    assert denied.endswith("with an explicit deny in a session policy")


@pytest.mark.parametrize(
    ("trusted", "asked", "is_allowed"),
    [
        (trust({"Service": "lambda.amazonaws.com"}), {}, False),
        (trust({"AWS": "arn:aws:iam::210987654321:role/somebody"}), {}, False),
        (trust({"AWS": "123456789012"}), {}, True),
        (trust({"AWS": "*"}), {}, True),
        (trust({"AWS": ACCOUNT}, Condition={"StringEquals": {"sts:ExternalId": "shop"}}), {}, False),
        (
            trust({"AWS": ACCOUNT}, Condition={"StringEquals": {"sts:ExternalId": "shop"}}),
            {"ExternalId": "shop"},
            True,
        ),
        (
            trust({"AWS": ACCOUNT}, Condition={"StringEquals": {"sts:ExternalId": "shop"}}),
            {"ExternalId": "other"},
            False,
        ),
        (trust({"AWS": ACCOUNT}, Condition={"StringLike": {"sts:RoleSessionName": "ci-*"}}), {}, False),
        (trust({"AWS": ACCOUNT}, Effect="Deny"), {}, False),
    ],
)
def test_a_role_is_assumed_by_whom_it_trusts(async_lab, other, assumed, trusted, asked, is_allowed):
    other(trusted)
    if is_allowed:
        assumed(**asked)
        return
    arguments = {"RoleArn": OTHER, "RoleSessionName": "test"} | asked
    code, said = refusal(async_lab.client("sts").assume_role, **arguments)
    assert (code, said.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {OTHER}")) == (
        "AccessDenied",
        True,
    )


@pytest.mark.parametrize("role", [OTHER, "arn:aws:iam::999999999999:role/other"])
def test_a_role_that_is_not_there_is_denied(async_lab, role):
    asked = {"RoleArn": role, "RoleSessionName": "test"}
    assert refusal(async_lab.client("sts").assume_role, **asked)[0] == "AccessDenied"


def test_a_handler_assumes_a_role_that_trusts_it_and_its_own_policies_let_it(async_lab, handler, iam, other):
    function = async_lab.function(handler(IN_HANDLER), name="caller", timeout=100, policy=[])
    role = async_lab.client("lambda").get_function_configuration(FunctionName="caller")["Role"]
    event = {"with": {"RoleArn": other(trust({"AWS": role}), SENDS), "RoleSessionName": "in-handler"}}
    session = f"arn:aws:sts::123456789012:assumed-role/{role.rpartition('/')[2]}/caller"
    denied = f"User: {session} is not authorized to perform: sts:AssumeRole on resource: {OTHER}"
    assert function.invoke(event) is None  # a role that names the caller is enough
    iam.update_assume_role_policy(RoleName="other", PolicyDocument=trust({"AWS": ACCOUNT}))
    assert function.invoke(event) == denied
    allowed = document({"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    iam.put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="assumes", PolicyDocument=allowed)
    assert function.invoke(event) is None
    iam.delete_role_policy(RoleName="other", PolicyName="own")
    assert "assumed-role/other/in-handler is not authorized to perform: sqs:SendMessage" in function.invoke(event)
    for call, parameters in (("get_session_token", {}), ("get_federation_token", {"Name": "somebody"})):
        assert function.invoke({"call": call, "with": parameters}).startswith("Cannot call Get")


def test_credentials_end_when_their_time_is_over(async_lab, other, assumed):
    other(trust({"AWS": ACCOUNT}), SENDS)
    queues = assumed(DurationSeconds=900)("sqs")
    async_lab.advance(seconds=899)
    queues.send_message(QueueUrl="orders", MessageBody="x")
    async_lab.advance(seconds=1)
    asked = {"QueueUrl": "orders", "MessageBody": "x"}
    assert refusal(queues.send_message, **asked) == (
        "ExpiredToken",
        "The security token included in the request is expired",
    )


def test_a_session_is_no_longer_than_its_role_allows_and_an_hour_from_another_role(other, async_lab, assumed):
    other(trust({"AWS": ACCOUNT}), {**SENDS, "Action": "sts:*"}, MaxSessionDuration=7200)
    client = assumed(DurationSeconds=7200)
    asked = {"RoleArn": OTHER, "RoleSessionName": "test"}
    longer = refusal(async_lab.client("sts").assume_role, DurationSeconds=7201, **asked)
    assert longer == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    chained = refusal(client("sts").assume_role, DurationSeconds=3601, **asked)
    assert chained[1].endswith("exceeds the 1 hour session limit for roles assumed by role chaining")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"RoleSessionName": ""}, "ValidationError"),
        ({"DurationSeconds": 899}, "ValidationError"),
        ({"RoleArn": "other"}, "ValidationError"),
    ],
)
def test_what_can_not_be_assumed_is_refused(async_lab, other, asked, code):
    other(trust({"AWS": ACCOUNT}))
    client = boto3.session.Session().client("sts", config=boto3.session.Config(parameter_validation=False))
    assert refusal(client.assume_role, **{"RoleArn": OTHER, "RoleSessionName": "test"} | asked)[0] == code


@pytest.mark.parametrize(
    ("operation", "shown"),
    [
        ("assume_role_with_web_identity", {"RoleSessionName": "ci", "WebIdentityToken": "token"}),
        (
            "assume_role_with_saml",
            {"PrincipalArn": "arn:aws:iam::123456789012:saml-provider/company", "SAMLAssertion": "PHNhbWw+"},
        ),
    ],
)
def test_tokens_that_nobody_can_read_are_refused_by_name(async_lab, other, operation, shown):
    other(trust({"Federated": "arn:aws:iam::123456789012:oidc-provider/ci"}), SENDS)
    sts = async_lab.client("sts")
    code, message = refusal(getattr(sts, operation), RoleArn=OTHER, **shown)
    assert (code, sts.meta.method_to_api_mapping[operation] in message) == ("NotImplemented", True)
