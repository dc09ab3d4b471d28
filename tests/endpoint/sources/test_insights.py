"""Logs Insights: what a query finds, and what is refused."""

import pytest
from botocore.exceptions import ClientError

from async_lab.endpoint.sources.insights import NotUnderstood, parse

EVENTS = [
    {
        "@timestamp": 1_795_422_225_000 + number,
        "@message": message,
        "@logStream": "s",
        "@log": "l",
        "@ingestionTime": 1_795_422_226_000,
        "@ptr": number,
    }
    for number, message in enumerate(["START a|b", "ERROR  late", "END a", 'said "no"'])
]


def found(query):
    return [row["@message"] for row in parse(query).answer(EVENTS)]


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("", ['said "no"', "END a", "ERROR  late", "START a|b"]),
        ("fields @message | sort @timestamp asc | limit 2", ["START a|b", "ERROR  late"]),
        ("filter @message like /a\\|b/", ["START a|b"]),
        ("filter @message like 'a|b'", ["START a|b"]),
        ('filter @message like "ERROR  late"', ["ERROR  late"]),
        ('filter @message like "said \\"no\\""', ['said "no"']),
        ("filter @message not like /(START|END)/ | sort @timestamp", ["ERROR  late", 'said "no"']),
        ("filter @message =~ /^E/ and @message like /a$/ or @message = 'START a|b'", ["END a", "START a|b"]),
        ("filter @message != 'END a' | limit 1", ['said "no"']),
        ("filter @message like /(?i)error/", ["ERROR  late"]),
        ("# a remark\nfilter @message like /END/\n| filter @logStream = 's'", ["END a"]),
    ],
)
def test_a_query_finds(query, messages):
    assert found(query) == messages


def test_a_time_is_shown_as_insights_shows_it():
    [row] = parse("fields @timestamp, @log | sort @timestamp asc | limit 1").answer(EVENTS)
    assert row == {"@timestamp": "2026-11-23 08:23:45.000", "@log": "l", "@ptr": "0"}


@pytest.mark.parametrize(
    "query",
    [
        "stats count(*) by bin(5m)",
        "parse @message '* *' as a, b",
        "fields @duration",
        "fields strlen(@message)",
        "filter @duration > 5",
        "filter (@message like /a/)",
        "filter @message like /(/",
        "filter @message",
        "sort @timestamp, @log",
        "limit 0",
        "limit many",
        "fields @message | filter @message like 'a",
    ],
)
def test_what_insights_has_not_here_is_refused(query):
    with pytest.raises(NotUnderstood):
        parse(query)


def test_a_log_is_queried(async_lab, handler):
    logs = async_lab.client("logs")
    function = async_lab.function(handler("def handler(event, context): print('order', event)"))
    for number in range(3):
        function.send(number)
    async_lab.advance(seconds=5)
    now, group = int(async_lab.now), f"/aws/lambda/{function.name}"
    span = {"startTime": now - 60, "endTime": now + 60}

    def asked(query, **more):
        started = logs.start_query(**span, queryString=query, **more)["queryId"]
        answer = logs.get_query_results(queryId=started)
        assert answer["status"] == "Complete"
        return [{each["field"]: each["value"] for each in row} for row in answer["results"]]

    orders = asked("fields @message | filter @message like /order/ | sort @message asc", logGroupName=group)
    assert [row["@message"].strip() for row in orders] == ["order 0", "order 1", "order 2"]
    arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}"
    assert len(asked("filter @message like 'order'", logGroupIdentifiers=[arn], limit=2)) == 2
    with pytest.raises(ClientError, match=r"MalformedQueryException.*no command stats yet"):
        asked("stats count(*)", logGroupName=group)


def test_a_query_that_is_not_there_is_404(async_lab):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        async_lab.client("logs").get_query_results(queryId="none")


def test_a_subscription_without_an_arn_is_refused(async_lab):
    logs = async_lab.client("logs")
    logs.create_log_group(logGroupName="plain")
    with pytest.raises(ClientError, match=r"InvalidParameterException.*nobody is no ARN"):
        logs.put_subscription_filter(logGroupName="plain", filterName="f", filterPattern="", destinationArn="nobody")
