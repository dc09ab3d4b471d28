"""Where the lab runs: the embedded endpoint or AWS. They differ in endpoint, credentials and clock, in nothing else."""

from __future__ import annotations

import gc
import os
import resource
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from math import floor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runner.aws_errors import settings_are_read
from runner.errors import EnvironmentFailure, UsageError
from runner.wording import shortened

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient

    from runner.endpoint.embedded import Endpoint

START_SECOND = 45
"""A run begins at this second of a minute, so that its minutes are those of the sample's pictures."""
_MINUTE_SECONDS = 60
_NEEDED_FILES = 256
_WANTED_FILES = 1_024  # Lambda's own limit, which handlers get with ours
_REST_SECONDS = 600.0
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
SETTLE_SECONDS = 6 * 3_600
"""How long a local run's queue may take to settle after the run: as old as an event may get."""
_USERS_OWN = ("AWS_", "MOTO_", "TF_")
"""Beginnings of variables that are about another account, another stack, or another endpoint."""
_WHERE_PROVIDERS_ARE = ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_", "TF_REGISTRY_", "TF_TOKEN_", "TF_LOG")
"""Beginnings of those of Terraform's that say how it gets its providers and what it logs."""
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
_NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
_DATA_POINT_DELAY_SECONDS = 120  # doc: on AWS a data point is one to two minutes late


class Target(ABC):
    """One account in one region, and its time."""

    name: str
    account_id: str
    region: str
    session: boto3.Session
    environment: Mapping[str, str]
    """What Terraform is run with, so that its provider works on the same account and region."""
    variables: Mapping[str, str]
    """Of these, the ones that point other tools at it."""

    @property
    @abstractmethod
    def is_disposable(self) -> bool:
        """Whether everything made here goes with the target itself."""

    @abstractmethod
    def now(self) -> float:
        """Return the target's time, in epoch seconds."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Let time pass: on AWS by sleeping, on the embedded endpoint by moving its clock."""

    @abstractmethod
    def begin(self, seed: int) -> None:
        """Start the random numbers again where there are any."""

    @property
    @abstractmethod
    def data_point_delay_seconds(self) -> float:
        """How long after a minute CloudWatch may take to show it."""

    @property
    @abstractmethod
    def watch_step_seconds(self) -> float:
        """How long to wait before CloudWatch is looked at again while events are pending."""

    def client(self, service: str) -> Any:
        """Return a client with adaptive retries."""
        from botocore.config import Config

        return self._client(service, Config(retries={"mode": "adaptive", "max_attempts": 8}))

    def invoking_client(self) -> LambdaClient:
        """Return a client that sends once: an event whose answer was lost may have been accepted."""
        from botocore.config import Config

        client: LambdaClient = self._client("lambda", Config(retries={"total_max_attempts": 1}))
        return client

    def cloudwatch(self) -> CloudWatchClient:
        """Return the client that metrics are asked of."""
        client: CloudWatchClient = self.client("cloudwatch")
        return client

    @abstractmethod
    def rest(self) -> int:
        """Let queue and alarms come to rest after a run, where waiting costs nothing: the next one begins on its own.

        Returns how many events still waited after ``SETTLE_SECONDS`` and were taken out of the queue.
        """

    @property
    @abstractmethod
    def remark(self) -> str | None:
        """What the user should know of where functions run; None if there is nothing, or not yet."""

    def align(self) -> None:
        """Wait for the second of a later minute at which runs begin, so that no minute holds two runs."""
        now = self.now()
        next_minute = (floor(now / _MINUTE_SECONDS) + 1) * _MINUTE_SECONDS
        self.wait(next_minute + START_SECOND - now)

    @abstractmethod
    def _client(self, service: str, config: Any) -> Any: ...


class LocalTarget(Target):
    """The embedded endpoint, in virtual time."""

    name = "local"
    is_disposable = True
    data_point_delay_seconds = 0.0
    watch_step_seconds = 60.0

    def __init__(self, endpoint: Endpoint, region: str) -> None:
        self._endpoint = endpoint
        self.account_id, self.region = endpoint.account_id, region
        self.environment = local_environment(endpoint.url, region)
        self.variables = endpoint_variables(endpoint.url, region)
        self.session = _session_without_users_settings(region)

    def now(self) -> float:
        """Return the endpoint's virtual time, in epoch seconds."""
        return self._endpoint.clock.now()

    def wait(self, seconds: float) -> None:
        """Move the endpoint's clock; all that is due on the way happens.

        Raises what kept a handler from running and was not its own doing: nothing can be concluded from such a run.
        """
        self._endpoint.wait(seconds)
        if self._endpoint.failure is not None:
            raise self._endpoint.failure

    def rest(self) -> int:
        """Settle the queue, then let ten virtual minutes pass, more than any of the lab's alarms looks back."""
        until, purged = self.now() + SETTLE_SECONDS, 0
        while not self._endpoint.is_settled:
            if self.now() >= until:
                purged += self._endpoint.purge()  # and again, when what runs now has failed
            self.wait(_MINUTE_SECONDS)
        self.wait(_REST_SECONDS)
        return purged

    @property
    def remark(self) -> str | None:
        """How handlers are kept apart, where that is less than on Lambda."""
        return self._endpoint.remark

    def begin(self, seed: int) -> None:
        """Start the endpoint's random numbers again."""
        self._endpoint.reseed(seed)

    def _client(self, service: str, config: Any) -> Any:
        from botocore.config import Config

        make: Callable[..., Any] = self.session.client
        direct = config.merge(Config(proxies={}))  # a user's proxy knows nothing of this machine
        return make(service, endpoint_url=self._endpoint.url, config=direct)


class AwsTarget(Target):
    """The user's own account, in real time."""

    name = "aws"
    is_disposable = False
    data_point_delay_seconds = _DATA_POINT_DELAY_SECONDS
    watch_step_seconds = 15.0

    def __init__(self, session: boto3.Session, account_id: str, environment: Mapping[str, str]) -> None:
        self.session, self.account_id, self.environment = session, account_id, environment
        self.region = session.region_name
        self.variables = {"AWS_REGION": self.region}

    def now(self) -> float:
        """Return the time, in epoch seconds."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(max(0.0, seconds))

    def rest(self) -> int:
        """Do nothing: ten minutes are long."""
        return 0

    @property
    def remark(self) -> None:
        """Nothing: Lambda keeps functions apart."""
        return

    def begin(self, seed: int) -> None:
        """Do nothing: AWS throws its own dice."""

    def _client(self, service: str, config: Any) -> Any:
        make: Callable[..., Any] = self.session.client
        with settings_are_read():  # a service may have an endpoint of its own, which is no URL
            return make(service, config=config)


@contextmanager
def open_local(region: str, seed: int) -> Iterator[LocalTarget]:
    """Serve the embedded endpoint for as long as the block runs."""
    check_region(region)
    with without_users_settings():  # moto reads its own already when it is imported
        from runner.endpoint.embedded import Endpoint

    allow_open_files()
    gc.freeze()  # what is imported stays: looking through all of it again takes a tenth of a second each time
    with without_users_settings(), Endpoint(seed=seed) as endpoint:
        yield LocalTarget(endpoint, region)


def allow_open_files() -> None:
    """Raise the limit of open files to what the endpoint needs. Raises EnvironmentFailure when it can't be.

    Without them it would be the functions that fail, and look as if they were wrong.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _WANTED_FILES:
        return
    allowed = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
    if allowed < _NEEDED_FILES:
        raise EnvironmentFailure(
            f"This machine allows {allowed} open files, and the lab needs {_NEEDED_FILES}: allow more (ulimit -n)."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def check_region(region: str) -> None:
    """Raise UsageError for what is no region of AWS, with the one that was meant."""
    session = _session_without_users_settings("us-east-1")
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("lambda", partition)
    ]
    if region not in known:
        near = get_close_matches(region, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "such as eu-west-1."
        raise UsageError(f'--region is "{shortened(region)}"; it must be a region of AWS, {hint}')


@contextmanager
def without_users_settings() -> Iterator[None]:
    """Take the user's own AWS settings out of this process while the block runs.

    The endpoint's moto opens sessions of its own, which fail at a profile that doesn't exist.
    """
    users = {name: value for name, value in os.environ.items() if _is_users_own(name)}
    for name in users:
        del os.environ[name]
    os.environ.update(_NO_FILES)
    try:
        yield
    finally:
        for name in _NO_FILES:
            del os.environ[name]
        os.environ.update(users)


def _is_users_own(name: str) -> bool:
    return name.startswith(_USERS_OWN) and not name.startswith(_WHERE_PROVIDERS_ARE)


def open_aws(profile: str | None, region: str | None) -> AwsTarget:
    """Find out who the user is on AWS. Raises EnvironmentFailure when AWS or the user's settings don't say it."""
    import boto3

    _check_endpoints()
    with settings_are_read():
        # Terraform and the AWS CLI read AWS_REGION, boto3 doesn't.
        session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
        if session.region_name is None:
            raise EnvironmentFailure("No AWS region is set: give --region, or set AWS_REGION or the profile's region.")
        account_id = session.client("sts").get_caller_identity().get("Account")
        if not account_id:
            raise EnvironmentFailure("What answers for AWS is not AWS (it names no account): check AWS_ENDPOINT_URL.")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NEVER)}
    environment["AWS_REGION"] = session.region_name
    if profile:  # boto3 takes it before all else; Terraform's provider would take the environment's credentials first
        environment = {name: value for name, value in environment.items() if name not in _CREDENTIALS}
        environment["AWS_PROFILE"] = profile
    return AwsTarget(session, account_id, environment)


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


def endpoint_variables(url: str, region: str) -> dict[str, str]:
    """Return the variables that point any AWS SDK, the AWS CLI and Terraform at an endpoint, and at no real account."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        **_past_proxies(),
    }


def _past_proxies() -> dict[str, str]:
    """Return what keeps a user's proxy from being asked for this machine; programs read one spelling or the other."""
    users = f"{os.environ.get('no_proxy', '')},{os.environ.get('NO_PROXY', '')}".split(",")
    names = [name.strip() for name in users if name.strip()]
    value = "*" if "*" in names else ",".join(dict.fromkeys((*names, *_LOOPBACK_NAMES)))  # "*" counts only alone
    return {"NO_PROXY": value, "no_proxy": value}


def local_environment(url: str, region: str) -> dict[str, str]:
    """Return the user's environment with nothing of AWS or Terraform in it but what points at the endpoint."""
    users = {name: value for name, value in os.environ.items() if not _is_users_own(name)}
    return users | _NO_FILES | endpoint_variables(url, region)


def _session_without_users_settings(region: str) -> boto3.Session:
    """Return a session that neither reads the user's profiles nor knows their credentials."""
    import boto3
    from botocore.session import Session

    nowhere = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    core = Session(session_vars=nowhere)
    variables = endpoint_variables("", region)
    core.set_credentials(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
    return boto3.Session(botocore_session=core, region_name=region)
