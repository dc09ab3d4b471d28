import pytest


@pytest.fixture(scope="module")
def lab_settings():
    return {"region": "eu-west-1", "start": 1_795_422_225.0}  # 2026-11-23T08:23:45Z
