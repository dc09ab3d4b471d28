"""Who calls by a role: execution environments and whoever assumed one, by the access keys that they have."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.sts.models import AssumedRole, sts_backends

_ACCESS_KEY = re.compile(r"(?:Credential=|X-Amz-Credential=)(?P<key>[A-Z0-9]{20})(?:/|%2F)")
_PREFIX = "ASIA"  # a temporary key, as Lambda's and STS' are
PARTITION = "aws"
"""The one that the endpoint plays."""


class Principal(Protocol):
    """Who acts by a role, and may do what that allows."""

    @property
    def role_arn(self) -> str | None:
        """The role; None when there is none any more that could be asked."""

    @property
    def session_arn(self) -> str:
        """Who it is, as STS says it."""

    @property
    def session_policies(self) -> tuple[str, ...]:
        """The documents of which one must allow what the role allows; () where none were given."""

    @property
    def holder(self) -> Holder | None:
        """The execution environment that it goes back to; None where a test or Terraform began it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An execution environment, and the function version whose role it acts by."""

    environment_id: str
    account_id: str
    region: str
    function_name: str
    version: str

    @property
    def role_arn(self) -> str | None:
        """The function's role as it is now; None when the function is gone."""
        try:
            function = lambda_backends[self.account_id][self.region].get_function(self.function_name, self.version)
        except UnknownFunctionException:
            return None
        role: str = function.role
        return role

    @property
    def function_arn(self) -> str:
        """The function's ARN, without a qualifier."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{self.function_name}"

    @property
    def session_arn(self) -> str:
        """Who it is, as STS says it."""
        role = (self.role_arn or "").rpartition("/")[2]
        return f"arn:aws:sts::{self.account_id}:assumed-role/{role}/{self.function_name}"

    @property
    def session_policies(self) -> tuple[str, ...]:
        """Lambda gives none."""
        return ()

    @property
    def holder(self) -> Holder:
        """Itself."""
        return self


@dataclass(frozen=True, slots=True)
class RoleSession:
    """What ``AssumeRole`` gave credentials for."""

    role_arn: str
    session_arn: str
    session_policies: tuple[str, ...]
    holder: Holder | None
    expires_at: float
    """Epoch seconds on the endpoint's clock."""


class Holders:
    """The access keys of all execution environments, and of the roles that are assumed in their account."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._by_key: dict[str, Holder] = {}

    def issue(self, environment_id: str, function_name: str, version: str) -> str:
        """Return the access key of an environment, always the same. Its id begins with account and region."""
        account_id, region = environment_id.split("/")[:2]
        digest = hashlib.blake2b(environment_id.encode(), digest_size=10).digest()
        key = _PREFIX + base64.b32encode(digest).decode()
        self._by_key[key] = Holder(environment_id, account_id, region, function_name, version)
        return key

    def of_request(self, authorization: str, query: str) -> Holder | RoleSession | None:
        """Return whose request it is; None for everybody who acts by no role."""
        match = _ACCESS_KEY.search(authorization) or _ACCESS_KEY.search(query)
        if match is None:
            return None
        return self._by_key.get(match["key"]) or self._session(match["key"])

    def _session(self, key: str) -> RoleSession | None:
        if not key.startswith(_PREFIX):
            return None
        assumed = sts_backends[self._account_id][PARTITION].get_assumed_role_from_access_key(key)
        return None if assumed is None else _read(assumed)


def remember(assumed: AssumedRole, policies: tuple[str, ...]) -> None:
    """Note what moto doesn't of a role that is assumed: the documents of its session policies, and by whom it is."""
    caller = calling.get()
    vars(assumed).update(session_policies=policies, started_by=caller.holder if caller else None)


def _read(assumed: AssumedRole) -> RoleSession:
    noted = vars(assumed)
    return RoleSession(
        assumed.role_arn,
        assumed.arn,
        noted.get("session_policies", ()),
        noted.get("started_by"),
        assumed.expiration.replace(tzinfo=dt.UTC).timestamp(),
    )


calling: ContextVar[Holder | RoleSession | None] = ContextVar("calling", default=None)
"""Whose request is being answered on this thread."""
