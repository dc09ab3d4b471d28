import pytest
from lambda_client import ACCOUNT_ID, NAME, REGION, START, client

from async_lab.endpoint.functions import find
from async_lab.endpoint.invocation import logs
from async_lab.endpoint.sandbox import LogLine

GROUP = f"/aws/lambda/{NAME}"
STREAM = "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef"
LINES = [LogLine(START, "START"), LogLine(START + 90, "END")]


def test_each_environment_has_a_stream_of_its_day_and_version():
    names = {logs.stream_name(START, "7", environment) for environment in ("a", "b")}
    assert len(names) == 2
    assert all(name.startswith("2026/11/23/[7]") and len(name) == len("2026/11/23/[7]") + 32 for name in names)


@pytest.fixture
def written(url, functions, create):
    """Writes the lines and returns what CloudWatch Logs then has of them; None without a group."""
    create()

    def put():
        logs.put(find(ACCOUNT_ID, REGION, NAME, None), STREAM, LINES)
        reader = client("logs", url)
        if not reader.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
            return None
        events = reader.filter_log_events(logGroupName=GROUP, startTime=0)["events"]
        return [(event["timestamp"], event["message"], event["logStreamName"]) for event in events]

    return put


def test_group_comes_back_if_the_role_may_create_it(written, allow):
    allow("logs:*")
    assert written() == [(round(line.at * 1000), line.text, STREAM) for line in LINES]


def test_group_does_not_come_back_if_the_role_may_not_create_it(written, allow):
    allow("logs:CreateLogStream")
    allow("logs:PutLogEvents")
    assert written() is None


def test_lines_are_lost_if_the_role_may_not_write_them(url, written, allow):
    client("logs", url).create_log_group(logGroupName=GROUP)
    allow("logs:CreateLogStream")
    assert written() == []
    allow("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{GROUP}:*")
    assert len(written()) == 2
