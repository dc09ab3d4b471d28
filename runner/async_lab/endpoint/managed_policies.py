"""AWS's own IAM policies, which roles attach everywhere and moto leaves out unless told otherwise."""

from __future__ import annotations

import copy
import json
from functools import cache

from moto.iam import models

_PARTITION = "aws"


class _Backend(models.IAMBackend):
    """moto's IAM with AWS's policies in the one partition that the endpoint plays.

    moto makes a backend for each of six partitions at the first request of all, and parsing 1,582 policies for each
    would make that request wait for half a second.
    """

    __module__ = models.IAMBackend.__module__  # by which moto finds the service's paths

    def _init_aws_policies(self) -> list[models.AWSManagedPolicy]:
        if self.region_name != _PARTITION:
            return []
        return [copy.copy(policy) for policy in _policies(self.account_id)]  # it counts its attachments


@cache
def _policies(account_id: str) -> tuple[models.AWSManagedPolicy, ...]:
    every = json.loads(models.aws_managed_policies_data)
    return tuple(
        models.AWSManagedPolicy.from_data(name, account_id, _PARTITION, policy) for name, policy in every.items()
    )


def install() -> None:
    """Let roles attach them. Call it before moto takes its first request."""
    models.iam_backends.backend = _Backend
