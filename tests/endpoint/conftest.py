"""The lab that tests of the endpoint have, and clients for what they say to a service itself."""

import pytest


@pytest.fixture(scope="module")
def lab_settings():
    return {"region": "eu-west-1", "start": 1_795_422_225.0}  # 2026-11-23T08:23:45Z


@pytest.fixture
def cloudwatch(async_lab):
    return async_lab.client("cloudwatch")


@pytest.fixture
def events(async_lab):
    return async_lab.client("events")


@pytest.fixture
def iam(async_lab):
    return async_lab.client("iam")


@pytest.fixture
def logs(async_lab):
    return async_lab.client("logs")


@pytest.fixture
def s3(async_lab):
    return async_lab.client("s3")


@pytest.fixture
def scheduler(async_lab):
    return async_lab.client("scheduler")


@pytest.fixture
def sns(async_lab):
    return async_lab.client("sns")
