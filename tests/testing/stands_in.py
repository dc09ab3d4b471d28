"""A pytest plugin for test runs on an embedded endpoint that plays AWS: its time goes on with each request."""

import json
import os
from urllib.request import urlopen

from async_lab.target.aws import AwsTarget


def passed(seconds: float) -> float:
    """Let time pass at the endpoint; return what it is then."""
    with urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_async-lab/clock", b"seconds=%f" % seconds) as answer:
        return json.load(answer)["now"]


def client_that_takes_time(target: AwsTarget, service: str, config: object) -> object:
    client = made(target, service, config)
    client.meta.events.register("before-send", lambda **_: passed(0.001) and None)
    return client


made, AwsTarget._client = AwsTarget._client, client_that_takes_time
AwsTarget.now = lambda _: passed(0.0)
AwsTarget.wait = lambda _, seconds: passed(seconds)
