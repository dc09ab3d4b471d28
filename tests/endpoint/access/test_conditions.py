"""Which conditions of a policy are met, by what is known of a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.endpoint.access.conditions import ABSENT, Context, judge, unknown_keys

BUCKET = "arn:aws:s3:::orders"
REQUEST = Context(
    {"aws:sourcearn": BUCKET, "aws:sourceaccount": "123456789012", "aws:sourceowner": ABSENT},
    {"aws:resourcetag": {"Team": "shop"}, "aws:principaltag": None},
)


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"AWS:SourceAccount": ["1", "123456789012"]}}, True),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, False),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:s3:::*"}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": ["1", "123456789012"]}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": ["1", "2"]}}, True),
        ({"StringLike": {"aws:SourceArn": "arn:aws:s3:::ord?rs"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::o*"}}, True),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:ResourceTag/Team": "SHOP"}}, True),
        ({"StringEquals": {"aws:ResourceTag/Team": "shop"}}, True),
        ({"StringEquals": {"aws:ResourceTag/team": "shop"}}, False),
        ({"StringEquals": {"aws:ResourceTag/Other": "x"}}, False),
        ({"StringNotEquals": {"aws:ResourceTag/Other": "x"}}, True),
        ({"StringEqualsIfExists": {"aws:ResourceTag/Other": "x"}}, True),
        ({"Null": {"aws:ResourceTag/Other": "true", "aws:SourceArn": "false"}}, True),
        ({"Null": {"aws:SourceArn": True}}, False),
        ({"StringEquals": {"aws:SourceOwner": "123456789012"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": False}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None),
        ({"StringEquals": {"aws:PrincipalTag/Team": "shop"}}, None),
        ({"ForAnyValue:StringEquals": {"aws:SourceAccount": "123456789012"}}, None),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, None),
        ({"StringEquals": {"aws:SourceAccount": "1"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceVpc": "vpc-1"}}, None),
        ({}, True),
    ],
)
def test_a_condition_is(condition, is_met):
    assert judge({"Condition": condition}, REQUEST) is is_met


def test_what_can_not_be_judged_is_named():
    condition = {
        "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
        "ForAnyValue:StringEquals": {"aws:SourceAccount": "1"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }
    named = unknown_keys({"Condition": condition}, REQUEST)
    assert named == ["aws:SourceIp", "ForAnyValue:StringEquals of aws:SourceAccount"]


OPERATORS = ("StringEquals", "StringLike", "ArnLike", "ArnEquals", "StringEqualsIgnoreCase")


@given(st.sampled_from(OPERATORS), st.lists(st.text(max_size=5), min_size=1, max_size=3), st.text(max_size=5))
def test_an_operators_opposite_is_its_opposite(operator, wanted, present):
    context = Context({"aws:sourcearn": present})
    opposite = operator.replace("Equals", "NotEquals") if "Equals" in operator else operator.replace("Like", "NotLike")
    met, opposed = (judge({"Condition": {each: {"aws:SourceArn": wanted}}}, context) for each in (operator, opposite))
    assert {met, opposed} == {True, False}
