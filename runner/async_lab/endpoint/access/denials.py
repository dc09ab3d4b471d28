"""Actions that everybody but the tester is denied on request, as a policy of the organization would deny them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from botocore.session import get_session

from async_lab.endpoint.access import needs

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


def unknown(action: str) -> str | None:
    """Return a sentence if no request needs an action, which is a pattern of IAM's: that it is denied means nothing."""
    service, _, operation = action.partition(":")
    if action == "*":
        return None
    session = get_session()
    services = session.get_available_services()
    signing = {name for partition in session.get_data("endpoints")["partitions"] for name in partition["services"]}
    if service not in services and service not in signing:
        near = get_close_matches(service, services, n=1)
        return f"There is no service {service!r} in {action}: {f'did you mean {near[0]}?' if near else 'such as s3.'}"
    if service not in services:  # its name in IAM isn't its client's
        return None
    known = set(_actions(service, session.get_service_model(service).operation_names))
    if any(_pattern(operation).fullmatch(name) for name in known):
        return None
    near = get_close_matches(operation, known, n=1)
    hint = f"did you mean {service}:{near[0]}?" if near else f"such as {service}:{min(known)}."
    return f"No request to {service} needs {action}: {hint}"


def _actions(service: str, operations: Iterable[str]) -> Iterator[str]:
    """Yield what IAM calls a service's operations, as requests for them are checked."""
    if service == "lambda":
        yield from ("InvokeFunction" if operation == "Invoke" else operation for operation in operations)
    elif service == "s3":
        from moto.s3.responses import ACTION_MAP  # what roles.py has its actions from

        yield needs.S3_ACTIONS["ListBuckets"]
        for of_kind in ACTION_MAP.values():
            for named in of_kind.values():
                for action in map(str, named.values() if isinstance(named, dict) else (named,)):
                    yield needs.S3_ACTIONS.get(action, action)
    else:
        yield from (needs.ACTIONS.get((service, operation), operation) for operation in operations)


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
    named = needs.ACTIONS.get((signed["service"], operation), operation)
    action = f"{_IAM_PREFIXES.get(signed['service'], signed['service'])}:{named}"
    if covers(action):
        raise Denied(action)


def is_testers(authorization: str) -> bool:
    """Whether a request comes from the tester, by its Authorization header."""
    signed = _SIGNED_BY.search(authorization)
    return signed is not None and signed["key"] == TESTER


def _pattern(action: str) -> re.Pattern[str]:
    return re.compile(re.escape(action).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
