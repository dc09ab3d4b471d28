"""Actions that everybody but the tester is denied on request, as a policy of the organization would deny them."""

from __future__ import annotations

import re

TESTER = "async-lab-tester"
"""The access key of who writes the test: what is denied is denied to the code that is tested."""
_IAM_PREFIXES = {"monitoring": "cloudwatch"}
"""Of services that sign with another name than IAM knows them by."""
_SIGNED_BY = re.compile(r"Credential=(?P<key>[^/]+)/\d+/[^/]+/(?P<service>[^/]+)/")


class Denied(Exception):
    """A request for an action that is denied."""

    def __init__(self, action: str) -> None:
        super().__init__(action)
        self.sentence = f"The test denies {action}."


class _Actions:
    """IAM's patterns, such as ``s3:Get*``, of all that is denied."""

    patterns: tuple[re.Pattern[str], ...] = ()


def deny(action: str) -> None:
    """Deny an action from now on; ``*`` and ``?`` are IAM's wildcards."""
    _Actions.patterns = (*_Actions.patterns, _pattern(action))


def allow(action: str) -> None:
    """Deny an action no more; again is no harm."""
    _Actions.patterns = tuple(pattern for pattern in _Actions.patterns if pattern != _pattern(action))


def clear() -> None:
    """Deny nothing."""
    _Actions.patterns = ()


def covers(action: str) -> bool:
    """Whether an action is denied."""
    return any(pattern.fullmatch(action) for pattern in _Actions.patterns)


def check(authorization: str, operation: str) -> None:
    """Raise Denied for a request, by its Authorization header, whose operation is denied to who signed it."""
    signed = _SIGNED_BY.search(authorization)
    if not _Actions.patterns or signed is None or signed["key"] == TESTER:
        return
    action = f"{_IAM_PREFIXES.get(signed['service'], signed['service'])}:{operation}"
    if covers(action):
        raise Denied(action)


def is_testers(authorization: str) -> bool:
    """Whether a request comes from the tester, by its Authorization header."""
    signed = _SIGNED_BY.search(authorization)
    return signed is not None and signed["key"] == TESTER


def _pattern(action: str) -> re.Pattern[str]:
    return re.compile(re.escape(action).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
