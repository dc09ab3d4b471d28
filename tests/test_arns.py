import pytest

from async_lab import arns
from async_lab.arns import Arn, NotAnArn

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("text", "arn", "name", "qualifier"),
    [
        (
            f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f:live",
            Arn("aws", "lambda", "eu-west-1", ACCOUNT, "function:f:live"),
            "f",
            "live",
        ),
        (
            f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f",
            Arn("aws", "lambda", "eu-west-1", ACCOUNT, "function:f"),
            "f",
            None,
        ),
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", Arn("aws", "sqs", "us-east-1", ACCOUNT, "q"), "q", None),
        (
            f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/b",
            Arn("aws", "events", "us-east-1", ACCOUNT, "event-bus/b"),
            "b",
            None,
        ),
        ("arn:aws:s3:::a-bucket", Arn("aws", "s3", "", "", "a-bucket"), "a-bucket", None),
    ],
)
def test_an_arn_is_read_in_its_parts(text, arn, name, qualifier):
    read = arns.parse(text)
    assert (read, read.name, read.qualifier) == (arn, name, qualifier)


def test_what_is_no_arn_is_named_and_of_no_service():
    with pytest.raises(NotAnArn, match="'queue' is no ARN"):
        arns.parse("queue")
    assert arns.service_of("queue") == ""
    assert arns.service_of("") == ""
