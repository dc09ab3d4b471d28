import pytest

from async_lab.cloudwatch.scope import ExpressionError
from async_lab.cloudwatch.search import MOST_RESULTS, find
from async_lab.cloudwatch.store import Metric

ERRORS = Metric("AWS/Lambda", "Errors", (("FunctionName", "order-handler"),))
AGE = Metric("AWS/Lambda", "AsyncEventAge", (("FunctionName", "order-handler"),))
BY_ALIAS = Metric("AWS/Lambda", "Errors", (("FunctionName", "order-handler"), ("Resource", "order-handler:live")))
TOTAL = Metric("AWS/Lambda", "Errors")
QUEUE = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", (("QueueName", "Errors"),))
ALL = [ERRORS, AGE, BY_ALIAS, TOTAL, QUEUE]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{AWS/Lambda,FunctionName}", [ERRORS, AGE]),
        ('{"AWS/Lambda",FunctionName} Errors', [ERRORS]),
        ("{AWS/Lambda}", [TOTAL]),
        ("MetricName=Errors", [ERRORS, BY_ALIAS, TOTAL]),
        ('Namespace="AWS/SQS"', [QUEUE]),
        ('MetricName=("Errors" OR "AsyncEventAge") FunctionName=order', [ERRORS, AGE, BY_ALIAS]),
        ("errors", [ERRORS, BY_ALIAS, TOTAL, QUEUE]),
        ('"errors"', []),
        ("event age", [AGE]),
        ("asynceventage", [AGE]),
        ("errors NOT Resource=live NOT sqs", [ERRORS, TOTAL]),
        ("errors AND (sqs OR live)", [BY_ALIAS, QUEUE]),
        ("eve", []),
    ],
)
def test_a_search_finds(text, found):
    assert find(text, ALL) == found


@pytest.mark.parametrize("text", ["(", "{", "a =", "{AWS/Lambda,}"])
def test_what_is_not_a_search_is_refused(text):
    with pytest.raises(ExpressionError, match="Invalid search syntax"):
        find(text, ALL)


def test_a_search_gives_no_more_than_cloudwatch_does():
    assert len(find("m", [Metric("Lab", f"M {n}") for n in range(600)])) == MOST_RESULTS
