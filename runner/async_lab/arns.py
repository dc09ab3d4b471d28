"""ARNs, read by botocore's own parser."""

from __future__ import annotations

from dataclasses import dataclass


class NotAnArn(ValueError):
    """A text is no ARN."""


@dataclass(frozen=True, slots=True)
class Arn:
    """An ARN in its parts; a part that its service leaves empty is ""."""

    partition: str
    service: str
    region: str
    account_id: str
    resource: str
    """All that comes after the account: ``function:NAME:QUALIFIER``, ``event-bus/NAME``, ``QUEUE``, ``BUCKET``."""

    @property
    def name(self) -> str:
        """The resource's name without its type, and without a function's qualifier."""
        kind, colon, name = self.resource.partition(":")
        return name.partition(":")[0] if colon else kind.rpartition("/")[2]

    @property
    def qualifier(self) -> str | None:
        """The version or alias of a Lambda function's ARN; None when it has none."""
        return self.resource.partition(":")[2].partition(":")[2] or None


def parse(text: str) -> Arn:
    """Return an ARN's parts. Raises NotAnArn."""
    from botocore.exceptions import BotoCoreError  # a tenth of a second, and many commands read no ARN
    from botocore.utils import ArnParser, InvalidArnException

    try:
        parts = ArnParser().parse_arn(text)
    except (InvalidArnException, BotoCoreError) as error:
        raise NotAnArn(f"{text!r} is no ARN: an ARN is arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE.") from error
    return Arn(parts["partition"], parts["service"], parts["region"], parts["account"], parts["resource"])


def service_of(text: str) -> str:
    """Return an ARN's service; "" for what is no ARN."""
    try:
        return parse(text).service
    except NotAnArn:
        return ""
