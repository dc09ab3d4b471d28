"""A pytest plugin for test runs on an embedded endpoint that plays AWS: its time goes on with each request."""

import json
import os
from urllib.request import urlopen

from botocore.exceptions import ClientError
from botocore.model import OperationModel

from async_lab.target.aws import AwsTarget


def passed(seconds: float) -> float:
    """Let time pass at the endpoint; return what it is then."""
    with urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_async-lab/clock", b"seconds=%f" % seconds) as answer:
        return json.load(answer)["now"]


def client_that_takes_time(target: AwsTarget, service: str, config: object) -> object:
    client = made(target, service, config)
    client.meta.events.register("before-send", lambda **_: passed(0.001) and None)
    client.meta.events.register("before-call", refuse)
    return client


def refuse(model: OperationModel, **_: object) -> None:
    """Answer the operation that REFUSED names as AWS does to a caller who is not allowed it."""
    if model.name == os.environ.get("REFUSED"):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, model.name)


made, AwsTarget._client = AwsTarget._client, client_that_takes_time
AwsTarget.now = lambda _: passed(0.0)
AwsTarget.wait = lambda _, seconds: passed(seconds)
