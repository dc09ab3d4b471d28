"""Roles trust whom they say, and documents that are no trust policies are refused when they are written."""

import json

import pytest
from botocore.exceptions import ClientError

SERVICE = {"Service": "lambda.amazonaws.com"}
ALLOWED = {"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def without(element):
    return {name: value for name, value in ALLOWED.items() if name != element}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "This policy contains invalid Json"),
        ("[]", "Syntax errors in policy."),
        ("{}", "Missing required field Statement"),
        (document(without("Principal")), "Missing required field Principal"),
        (document([without("Action")]), "Missing required field Action"),
        (document(ALLOWED | {"Effect": "allow"}), "Invalid effect: allow"),
        (document([]), "Syntax errors in policy."),
        (json.dumps({"Version": "2013", "Statement": [ALLOWED]}), "Syntax errors in policy."),
        (document(ALLOWED | {"Principal": {"Service": "lambda"}}), 'Invalid principal in policy: "SERVICE":"lambda"'),
        (
            document(ALLOWED | {"Principal": {"AWS": ["arn:aws:iam::123456789012:role/missing"]}}),
            'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/missing"',
        ),
        (document(ALLOWED | {"Resource": "*"}), "Has prohibited field Resource"),
        (document(ALLOWED | {"Action": ["sqs:*"]}), "AssumeRole policy may only specify STS AssumeRole actions."),
    ],
)
def test_what_is_no_trust_policy_is_refused(iam, text, said):
    with pytest.raises(ClientError, match="MalformedPolicyDocument") as raised:
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=text)
    assert raised.value.response["Error"]["Message"] == said
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(ALLOWED))
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        iam.update_assume_role_policy(RoleName="r", PolicyDocument=text)


@pytest.mark.parametrize("more", [{"Principal": {"Service": "sqs.amazonaws.com"}}, {"Effect": "Deny"}])
def test_a_role_that_lambda_may_not_assume_serves_no_function(async_lab, as_told, iam, lambda_, more):
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(ALLOWED | more))["Role"]["Arn"]
    function = as_told()
    words = "The role defined for the function cannot be assumed by Lambda."
    with pytest.raises(ClientError, match=words):
        lambda_.update_function_configuration(FunctionName=function.name, Role=role)
    with pytest.raises(ClientError, match=words):
        lambda_.update_function_configuration(FunctionName=function.name, Role=f"{role}-missing")
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=document(ALLOWED))
    assert lambda_.update_function_configuration(FunctionName=function.name, Role=role)["Role"] == role
