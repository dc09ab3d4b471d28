"""IAM keeps no policy that is too large, and deletes none that somebody still has."""

import json

import pytest

from async_lab.testing.base import TRUST


def policy(buckets):
    """Return a document about so many buckets, of some 75 characters each."""
    resources = [f"arn:aws:s3:::{number:060}" for number in range(buckets)]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=8)


@pytest.fixture
def role(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    return "r"


def test_a_managed_policy_has_at_most_6144_characters_that_are_no_space(iam):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=policy(75))["Policy"]["Arn"]
    for call, named in ((iam.create_policy, {"PolicyName": "large"}), (iam.create_policy_version, {"PolicyArn": arn})):
        with pytest.raises(iam.exceptions.LimitExceededException, match="quota for PolicySize: 6144"):
            call(PolicyDocument=policy(85), **named)


def test_a_roles_own_policies_have_10240_characters_together(iam, role):
    iam.put_role_policy(RoleName=role, PolicyName="a", PolicyDocument=policy(70))
    for name, buckets in (("a", 140), ("b", 70)):
        with pytest.raises(iam.exceptions.LimitExceededException, match="Maximum policy size of 10240 bytes"):
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy(buckets))
    iam.put_role_policy(RoleName=role, PolicyName="a", PolicyDocument=policy(130))
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["a"]


def test_a_policy_that_a_role_has_is_not_deleted(iam, role):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=policy(1))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    with pytest.raises(iam.exceptions.DeleteConflictException, match="attached to entities"):
        iam.delete_policy(PolicyArn=arn)
    iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
