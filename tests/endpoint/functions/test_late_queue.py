"""A queue that is late for one function, which a tag of it asks for."""

import pytest

from async_lab.twin.rules import Condition

TAG = "async-lab:first-attempt-after-seconds"


@pytest.fixture
def tag(lambda_):
    def put(function, value):
        lambda_.tag_resource(Resource=function.arn, Tags={TAG: value})

    return put


def test_events_of_a_tagged_function_are_first_attempted_as_late_as_its_tag_says(async_lab, as_told, tag):
    late, other = as_told(), as_told()
    tag(late, "30-90.5")
    for _ in range(10):
        late.send({})
        other.send({})
    async_lab.advance(seconds=100)
    ages = late.metrics["AsyncEventAge"]
    first = min(point.minimum for point in ages.points)
    assert 30_000 <= first < ages.maximum <= 90_500
    assert other.metrics["AsyncEventAge"].maximum <= 37


def test_what_is_too_old_when_its_turn_comes_is_dropped_without_an_age(async_lab, as_told, tag):
    function = as_told(maximum_age=60, failure_queue=True)
    tag(function, "61-61")
    function.send({})
    async_lab.advance(seconds=70)
    metrics = function.metrics
    assert metrics["AsyncEventsDropped"].total == 1
    assert all(metrics[metric].is_absent for metric in ("AsyncEventAge", "Invocations", "Throttles"))
    [message] = async_lab.messages(function.failure_queue)
    assert message.json["requestContext"]["condition"] == Condition.EVENT_AGE_EXCEEDED


def test_without_its_tag_a_function_is_attempted_at_once_again(async_lab, as_told, lambda_, tag):
    function = as_told()
    tag(function, "30-30")
    lambda_.untag_resource(Resource=function.arn, TagKeys=[TAG])
    function.send({})
    async_lab.advance(seconds=1)
    assert function.metrics["Invocations"].total == 1


@pytest.mark.parametrize("value", ["", "30", "90-30", "-5-30", "30-21601", "soon-later", "1e3-2e3", "nan-nan", "٣-٤"])
def test_a_tag_that_asks_for_nothing_that_can_be_done_is_refused(async_lab, as_told, lambda_, tag, value):
    function = as_told()
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException) as refused:
        tag(function, value)
    assert f'The tag {TAG} is "{value}"; it must be two numbers of seconds such as 20-120' in str(refused.value)
    assert TAG not in lambda_.list_tags(Resource=function.arn)["Tags"]


def test_a_function_is_not_made_with_such_a_tag(lambda_, as_told):
    made = lambda_.get_function(FunctionName=as_told().name)["Configuration"]
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match=TAG):
        lambda_.create_function(
            FunctionName="mine",
            Role=made["Role"],
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
            Tags={TAG: "soon"},
        )
