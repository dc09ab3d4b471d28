import pytest
from lambda_client import NAME, QUEUE_ARN, ROLE_ARN, client, policy

from async_lab.endpoint.access.identity_policies import RequiredPermission, allows, first_missing, needs_of_target

SEND = RequiredPermission("sqs:SendMessage", QUEUE_ARN)


@pytest.mark.parametrize(
    ("action", "resource", "is_allowed"),
    [
        ("sqs:SendMessage", QUEUE_ARN, True),
        ("SQS:sendmessage", QUEUE_ARN, True),
        ("sqs:Send*", "*", True),
        ("*", f"{QUEUE_ARN[:-1]}?", True),
        ("sqs:Send", QUEUE_ARN, False),
        ("sqs:ReceiveMessage", QUEUE_ARN, False),
        ("sqs:SendMessage", QUEUE_ARN.replace("failed", "FAILED"), False),
        ("sqs:SendMessage", f"{QUEUE_ARN}?", False),
        ("sqs:SendMessage", QUEUE_ARN.replace("-", "."), False),
    ],
)
def test_action_and_resource_match_as_iam_matches_them(allow, action, resource, is_allowed):
    allow(action, resource)
    assert allows(ROLE_ARN, SEND) is is_allowed


def test_deny_wins(allow):
    allow("*")
    allow("sqs:*", QUEUE_ARN, effect="Deny")
    assert not allows(ROLE_ARN, SEND)
    assert allows(ROLE_ARN, RequiredPermission("sns:Publish", "arn:aws:sns:eu-west-1:123456789012:failed"))


def test_role_that_is_not_there_may_do_nothing(functions):
    assert not allows(ROLE_ARN.replace(NAME, "gone"), SEND)


def test_attached_policies_count(url, functions):
    iam = client("iam", url)
    attached = iam.create_policy(PolicyName="send", PolicyDocument=policy(("Allow", "sqs:SendMessage", "*")))
    assert not allows(ROLE_ARN, SEND)
    iam.attach_role_policy(RoleName=NAME, PolicyArn=attached["Policy"]["Arn"])
    assert allows(ROLE_ARN, SEND)


def test_policies_of_aws_can_be_attached(url, functions):
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    client("iam", url).attach_role_policy(RoleName=NAME, PolicyArn=arn)
    assert allows(
        ROLE_ARN, RequiredPermission("logs:PutLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:any")
    )


def test_bucket_needs_its_objects_and_itself(allow):
    needs = needs_of_target("arn:aws:s3:::failed")
    allow("s3:PutObject", "arn:aws:s3:::failed/*")
    assert first_missing(ROLE_ARN, needs) == RequiredPermission("s3:ListBucket", "arn:aws:s3:::failed")
    allow("s3:ListBucket", "arn:aws:s3:::failed")
    assert first_missing(ROLE_ARN, needs) is None


def test_not_action_and_not_resource_are_everything_else(url, functions):
    statement = (
        '{"Version": "2012-10-17", "Statement": '
        '{"Effect": "Allow", "NotAction": ["iam:*"], "NotResource": "arn:aws:sqs:*:*:other"}}'
    )
    client("iam", url).put_role_policy(RoleName=NAME, PolicyName="rest", PolicyDocument=statement)
    assert allows(ROLE_ARN, SEND)
    assert not allows(ROLE_ARN, RequiredPermission("iam:PassRole", "*"))
    assert not allows(ROLE_ARN, RequiredPermission("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:other"))
