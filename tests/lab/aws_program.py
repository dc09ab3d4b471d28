"""The program with `--target aws`, where AWS is an embedded endpoint and time its own. Run as a process by tests.

All else is what users run: credentials, region and endpoint of the environment, state in the checkout.
"""

import json
import os
from urllib.request import urlopen

from async_lab.__main__ import main
from async_lab.endpoint.http.own import CLOCK_PATH
from async_lab.target.aws import AwsTarget


def clock(body: bytes | None = None) -> float:
    with urlopen(f"{os.environ['AWS_ENDPOINT_URL']}{CLOCK_PATH}", body) as answer:
        return json.load(answer)["now"]


AwsTarget.now = lambda _: clock()
AwsTarget.wait = lambda _, seconds: clock(b"seconds=%f" % seconds)

if __name__ == "__main__":
    main()
