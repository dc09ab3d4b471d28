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


FIVES = Metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", (("LoadBalancer", "app/shop"),))
SERVER_ERRORS = Metric("AWS/ApiGateway", "5XXError", (("ApiName", "X"),))
OWN = Metric("X/Shop", "Orders", (("X", "a"), ("Y", "b")))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http", [FIVES]),
        ("httpcode", [FIVES]),
        ("code count", [FIVES]),
        ("HTTPCode_Target", [FIVES]),
        ("5", [FIVES, SERVER_ERRORS]),
        ("5xx", [FIVES]),
        ("5xxerror", [SERVER_ERRORS]),
        ("error", [SERVER_ERRORS]),
        ("applicationelb", [FIVES]),
        ("app/shop", [FIVES]),
        ("shop gateway", []),
        ('ApiName="X"', [SERVER_ERRORS]),
        ('ApiName=""', []),
        ('"X"', [SERVER_ERRORS]),
        ('{"AWS/ApiGateway",ApiName}', [SERVER_ERRORS]),
        ('{AWS/ApiGateway,"ApiName"} NOT "X"', []),
        ("ApiName=x OR LoadBalancer=(app OR net)", [FIVES, SERVER_ERRORS]),
        ("LoadBalancer=(net OR gwy)", []),
    ],
)
def test_a_partial_match_is_of_words_numbers_and_humps_and_a_quoted_one_of_the_whole(text, found):
    assert find(text, [FIVES, SERVER_ERRORS]) == found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [('{"X/Shop",X,"Y"}', True), ('{"X/Shop","Y",X}', True), ('{"X/Shop",Y}', False), ('"X"=a', True), ("X=b", False)],
)
def test_a_name_may_be_quoted(text, is_found):
    assert find(text, [OWN, SERVER_ERRORS]) == ([OWN] if is_found else [])


def test_what_is_not_a_search_is_told_with_its_text():
    with pytest.raises(ExpressionError, match=r"^Invalid search syntax: a = \(b$"):
        find("a = (b", ALL)
