"""Which execution environment a request comes from: each has an access key of its own."""

from __future__ import annotations

import base64
import hashlib
import re
from contextvars import ContextVar
from dataclasses import dataclass

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

_ACCESS_KEY = re.compile(r"(?:Credential=|X-Amz-Credential=)(?P<key>[A-Z0-9]{20})(?:/|%2F)")
_PREFIX = "ASIA"  # a temporary key, as Lambda's are


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
    def session_arn(self) -> str:
        """Who it is, as STS says it."""
        role = (self.role_arn or "").rpartition("/")[2]
        return f"arn:aws:sts::{self.account_id}:assumed-role/{role}/{self.function_name}"


class Holders:
    """The access keys of all execution environments."""

    def __init__(self) -> None:
        self._by_key: dict[str, Holder] = {}

    def issue(self, environment_id: str, function_name: str, version: str) -> str:
        """Return the access key of an environment, always the same. Its id begins with account and region."""
        account_id, region = environment_id.split("/")[:2]
        digest = hashlib.blake2b(environment_id.encode(), digest_size=10).digest()
        key = _PREFIX + base64.b32encode(digest).decode()
        self._by_key[key] = Holder(environment_id, account_id, region, function_name, version)
        return key

    def of_request(self, authorization: str, query: str) -> Holder | None:
        """Return whose request it is; None for everybody but handlers."""
        match = _ACCESS_KEY.search(authorization) or _ACCESS_KEY.search(query)
        return self._by_key.get(match["key"]) if match else None


calling: ContextVar[Holder | None] = ContextVar("calling", default=None)
"""Whose request is being answered on this thread."""
