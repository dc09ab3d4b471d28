"""The user's own account as a target."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.target.aws_errors import settings_are_read
from async_lab.target.base import Target

if TYPE_CHECKING:
    import boto3

_NEVER = ("TF_CLI_ARGS", "TF_REATTACH_PROVIDERS", "TF_VAR_")
"""Beginnings of those that would make Terraform do something else than the scenario says, on AWS as well."""
_CREDENTIALS = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    }
)
"""Variables by which an SDK knows who somebody is without a profile."""
_DATA_POINT_DELAY_SECONDS = 120  # doc: on AWS a data point is one to two minutes late


class AwsTarget(Target):
    """The user's own account, in real time."""

    name = "aws"
    is_disposable = False
    data_point_delay_seconds = _DATA_POINT_DELAY_SECONDS
    watch_step_seconds = 15.0

    def __init__(
        self,
        session: boto3.Session,
        account_id: str,
        environment: Mapping[str, str],
        endpoint_url: str | None = None,
    ) -> None:
        self.session, self.account_id, self.environment = session, account_id, environment
        self._endpoint_url = endpoint_url
        self.region = session.region_name
        self.variables = {"AWS_REGION": self.region}

    def now(self) -> float:
        """Return the time, in epoch seconds."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(max(0.0, seconds))

    def events(self, function_name: str, since: float) -> None:
        """Return None: AWS keeps no record of single events that can be asked for."""

    def limit_account(self, concurrency: int | None) -> None:
        """Do nothing: what the account's limit is was looked at before anything was made."""

    def settle(self) -> int:
        """Do nothing: ten minutes are long."""
        return 0

    @property
    def remark(self) -> None:
        """Nothing: Lambda keeps functions apart."""
        return

    def begin(self, seed: int) -> None:
        """Do nothing: on AWS there is no seed."""

    def _client(self, service: str, config: Any) -> Any:
        make: Callable[..., Any] = self.session.client
        with settings_are_read():  # a service may have an endpoint of its own, which is no URL
            return make(service, config=config, endpoint_url=self._endpoint_url)


def open_aws(profile: str | None, region: str | None, endpoint_url: str | None = None) -> AwsTarget:
    """Find out who the user is on AWS, or on what answers for it at another URL.

    Raises EnvironmentFailure when AWS or the user's settings don't say it.
    """
    import boto3

    _check_endpoints()
    with settings_are_read():
        # Terraform and the AWS CLI read AWS_REGION, boto3 doesn't.
        session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
        if session.region_name is None:
            raise UsageError("No AWS region is set: give --region, or set AWS_REGION or the profile's region.")
        account_id = session.client("sts", endpoint_url=endpoint_url).get_caller_identity().get("Account")
        if not account_id:
            raise EnvironmentFailure("What answers for AWS is not AWS (it names no account): check AWS_ENDPOINT_URL.")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NEVER)}
    environment["AWS_REGION"] = session.region_name
    if profile:  # boto3 takes it before all else; Terraform's provider would take the environment's credentials first
        environment = {name: value for name, value in environment.items() if name not in _CREDENTIALS}
        environment["AWS_PROFILE"] = profile
    return AwsTarget(session, account_id, environment, endpoint_url)


def _check_endpoints() -> None:
    """Name the variable that holds no URL, which botocore doesn't."""
    from botocore.utils import is_valid_endpoint_url

    for name, value in os.environ.items():
        if name.startswith("AWS_ENDPOINT_URL") and value:
            try:
                is_url = value.startswith(("http://", "https://")) and is_valid_endpoint_url(value)
                is_url = is_url and urlsplit(value).port != 0
            except ValueError:
                is_url = False
            if not is_url:
                raise EnvironmentFailure(f'{name} is "{value}"; it must be a URL, such as http://127.0.0.1:4600.')
