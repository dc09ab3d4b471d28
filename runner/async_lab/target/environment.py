"""Which settings of the user's a target sees, and those that point programs at the embedded endpoint."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from async_lab.variables import variables_in_place_of

if TYPE_CHECKING:
    import boto3
    from botocore.loaders import Loader

_USERS_OWN = ("AWS_", "MOTO_", "TF_")
"""Beginnings of variables that are about another account, another stack, or another endpoint."""
_WHERE_PROVIDERS_ARE = ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_", "TF_REGISTRY_", "TF_TOKEN_", "TF_LOG")
"""Beginnings of those of Terraform's that say how it gets its providers and what it logs."""
_NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
_ACCESS_KEY = "local"
"""No credential at all: the endpoint checks none."""
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


def endpoint_variables(url: str, region: str) -> dict[str, str]:
    """Return the variables that point any AWS SDK, the AWS CLI and Terraform at an endpoint, and at no real account."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": _ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        **_past_proxies(),
    }


def _past_proxies() -> dict[str, str]:
    """Return what keeps a user's proxy from being asked for this machine; programs read one spelling or the other."""
    users = f"{os.environ.get('no_proxy', '')},{os.environ.get('NO_PROXY', '')}".split(",")
    names = [name.strip() for name in users if name.strip()]
    value = "*" if "*" in names else ",".join(dict.fromkeys((*names, *LOOPBACK_NAMES)))  # "*" counts only alone
    return {"NO_PROXY": value, "no_proxy": value}


def local_environment(url: str, region: str) -> dict[str, str]:
    """Return the user's environment with nothing of AWS or Terraform in it but what points at the endpoint."""
    users = {name: value for name, value in os.environ.items() if not _is_users_own(name)}
    return users | _NO_FILES | endpoint_variables(url, region)


def session_without_users_settings(region: str, access_key: str = _ACCESS_KEY) -> boto3.Session:
    """Return a session that neither reads the user's profiles nor knows their credentials."""
    import boto3
    from botocore.session import Session

    nowhere = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    core, models = Session(session_vars=nowhere), _models()
    core.register_component("data_loader", models)
    core.set_credentials(access_key, _ACCESS_KEY)
    session = boto3.Session(botocore_session=core, region_name=region)
    if models.search_paths.count(models.search_paths[-1]) > 1:
        models.search_paths.pop()  # each session of boto3's adds its own folder
    return session


@lru_cache(maxsize=1)
def _models() -> Loader:
    """Return what reads AWS's models, one for all sessions: to read them anew is most of the time a client takes.

    It knows those of boto3 and botocore, and no others that the user keeps in ``~/.aws/models``.
    """
    import boto3
    from botocore.loaders import Loader

    folders = [Loader.BUILTIN_DATA_PATH, str(Path(boto3.__file__).with_name("data"))]
    return Loader(extra_search_paths=folders, include_default_search_paths=False)


@contextmanager
def without_users_settings() -> Iterator[None]:
    """Take the user's own AWS settings out of this process while the block runs.

    The endpoint's moto opens sessions of its own, which fail at a profile that doesn't exist.
    """
    with variables_in_place_of(_is_users_own, _NO_FILES):
        yield


def _is_users_own(name: str) -> bool:
    return name.startswith(_USERS_OWN) and not name.startswith(_WHERE_PROVIDERS_ARE)
