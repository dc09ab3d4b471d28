import time

import pytest


@pytest.fixture(autouse=True, scope="package")
def _far_from_greenwich():
    """Let the machine be in Tokyo: CloudWatch's times are UTC wherever it is asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()
