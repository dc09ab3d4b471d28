"""Who changed a function and when, as CloudTrail answers; the embedded endpoint has none."""

import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import ANY, Stubber

from async_lab.observation.gaps import Looks
from async_lab.observation.history import _EVENT_NAMES, ACTION, Change, read_changes

NOW = 1_795_422_255.0
WHO = "arn:aws:sts::123456789012:assumed-role/deploy/alice"


@pytest.fixture
def cloudtrail():
    return boto3.client("cloudtrail", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")


def event(name="PutFunctionConcurrency20171031", at=NOW - 60, function="orders", **content):
    request = {"functionName": function, "reservedConcurrentExecutions": 0, "environment": "secret"}
    whole = {"userIdentity": {"arn": WHO}, "requestParameters": request} | content
    return {"EventName": name, "EventTime": datetime.fromtimestamp(at, UTC), "CloudTrailEvent": json.dumps(whole)}


def read(cloudtrail, answers):
    """What is read when CloudTrail answers each name's look-up with these pages."""
    looks = Looks()
    with Stubber(cloudtrail) as stub:
        for name in _EVENT_NAMES:
            for page in answers.get(name, [{}]):
                expected = {
                    "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}],
                    "StartTime": ANY,
                    "EndTime": ANY,
                    "MaxResults": 50,
                } | ({"NextToken": page.pop("seen")} if "seen" in page else {})
                stub.add_response("lookup_events", page, expected)
        found = read_changes(cloudtrail, "orders", NOW, looks)
        stub.assert_no_pending_responses()
    return found, looks.gaps


def test_a_change_is_told_with_who_and_what_and_no_more(cloudtrail):
    found, gaps = read(cloudtrail, {"PutFunctionConcurrency20171031": [{"Events": [event()]}]})
    assert found == (Change(NOW - 60, "PutFunctionConcurrency", WHO, (("reservedConcurrentExecutions", "0"),)),)
    assert found[0].words == f"PutFunctionConcurrency (reservedConcurrentExecutions 0) by {WHO}"
    assert "secret" not in str(found)
    assert [gap.subject for gap in gaps] == ["who changed the function in the last minutes"]


def test_the_latest_is_first_over_all_operations_and_pages(cloudtrail):
    found, _ = read(
        cloudtrail,
        {
            "PutFunctionConcurrency20171031": [
                {"Events": [event(at=NOW - 10)], "NextToken": "more"},
                {"Events": [event(at=NOW - 30)], "seen": "more"},
            ],
            "UpdateAlias20150331": [{"Events": [event("UpdateAlias20150331", NOW - 20)]}],
        },
    )
    assert [(NOW - change.at, change.action, change.is_of_settings) for change in found] == [
        (10, "PutFunctionConcurrency", True),
        (20, "UpdateAlias", False),
        (30, "PutFunctionConcurrency", True),
    ]


@pytest.mark.parametrize(
    "function", ["arn:aws:lambda:eu-west-1:123456789012:function:orders", "123456789012:function:orders", "orders:live"]
)
def test_the_function_is_known_by_each_of_its_names(cloudtrail, function):
    found, _ = read(cloudtrail, {"PutFunctionConcurrency20171031": [{"Events": [event(function=function)]}]})
    assert len(found) == 1


def test_other_functions_and_calls_that_failed_are_left_out(cloudtrail):
    others = [
        event(function="orders2"),
        event(function="my-orders"),
        event(errorCode="AccessDenied"),
        event(requestParameters=None),
        event() | {"CloudTrailEvent": "{"},
    ]
    found, _ = read(cloudtrail, {"PutFunctionConcurrency20171031": [{"Events": others}]})
    assert found == ()


def test_a_caller_without_an_arn_is_named_as_well_as_can_be(cloudtrail):
    events = [
        event(at=NOW - 1, userIdentity={"invokedBy": "cloudformation.amazonaws.com"}),
        event(at=NOW - 2, userIdentity=None) | {"Username": "alice"},
        event(at=NOW - 3, userIdentity={}),
    ]
    found, _ = read(cloudtrail, {"PutFunctionConcurrency20171031": [{"Events": events}]})
    assert [change.who for change in found] == ["cloudformation.amazonaws.com", "alice", "an unknown caller"]


def test_more_than_is_read_is_a_gap(cloudtrail):
    pages = [
        {"NextToken": f"page-{number}"} | ({"seen": f"page-{number - 1}"} if number else {}) for number in range(4)
    ]
    _, gaps = read(cloudtrail, {"UpdateFunctionCode20150331v2": pages})
    assert gaps[0].subject == "older calls of UpdateFunctionCode"


@pytest.mark.parametrize(("code", "permission"), [("AccessDeniedException", ACTION), ("NotImplemented", None)])
def test_where_it_does_not_tell_that_is_a_gap_and_asked_once(cloudtrail, code, permission):
    looks = Looks()
    with Stubber(cloudtrail) as stub:
        stub.add_client_error("lookup_events", code)
        assert read_changes(cloudtrail, "orders", NOW, looks) is None
    assert [(gap.subject, gap.permission) for gap in looks.gaps] == [("who changed the function, and when", permission)]
