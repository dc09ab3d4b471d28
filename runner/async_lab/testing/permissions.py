"""What the role of a test's function allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from async_lab import arns

Statements = Sequence[Mapping[str, Any]]
"""Of an IAM policy."""
_TO_DELIVER = {
    "sqs": ["sqs:SendMessage"],
    "sns": ["sns:Publish"],
    "lambda": ["lambda:InvokeFunction"],
    "events": ["events:PutEvents"],
}
"""What Lambda needs for a destination or a dead-letter target, by its ARN's service (doc)."""


def of_role(log_group_arn: str, targets: Sequence[str], statements: Statements) -> dict[str, Any]:
    """Return the policy of a function's role: to write its log, to send to its targets (ARNs), and what is said."""
    writes = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{log_group_arn}:*",
    }
    sends = [statement for target in targets for statement in _delivery(target)]
    return {"Version": "2012-10-17", "Statement": [writes, *sends, *statements]}


def _delivery(target: str) -> Iterator[dict[str, Any]]:
    service = arns.service_of(target)
    if service == "s3":
        yield {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": target}
        yield {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{target}/*"}
    elif service in _TO_DELIVER:  # of anything else Lambda says what it thinks of it
        yield {"Effect": "Allow", "Action": _TO_DELIVER[service], "Resource": target}
