import pytest
import standing

from runner import leftovers
from runner.endpoint.embedded import Endpoint
from runner.target import LocalTarget


@pytest.fixture
def target():
    with Endpoint() as endpoint:
        yield LocalTarget(endpoint, "eu-west-1")


def test_where_nothing_stands_nothing_is_found(target):
    assert leftovers.find(target, "async-lab") == []


def test_every_kind_of_resource_is_found_under_its_stacks_name(target):
    standing.make(target, "async-lab")
    assert {str(leftover) for leftover in leftovers.find(target, "async-lab")} == {
        "aws_cloudwatch_composite_alarm async-lab-async",
        "aws_cloudwatch_metric_alarm async-lab-errors",
        "aws_cloudwatch_dashboard async-lab",
        "aws_lambda_function async-lab",
        "aws_cloudwatch_log_group /aws/lambda/async-lab",
        "aws_iam_role async-lab",
    }


def test_what_is_found_can_be_deleted_in_this_order(target):
    standing.make(target, "async-lab")
    for leftover in leftovers.find(target, "async-lab"):
        leftovers.delete(target, leftover)
    assert leftovers.find(target, "async-lab") == []


@pytest.mark.parametrize("neighbour", ["async-lab2", "async", "my-async-lab"])
def test_neighbours_with_similar_names_are_left_alone(target, neighbour):
    standing.make(target, neighbour)
    assert leftovers.find(target, "async-lab") == []


def test_many_alarms_are_found_to_the_last(target):
    for number in range(120):  # AWS answers with 100 at most
        target.client("cloudwatch").put_metric_alarm(AlarmName=f"async-lab-{number}", **standing.ALARM)
    assert len(leftovers.find(target, "async-lab")) == 120
