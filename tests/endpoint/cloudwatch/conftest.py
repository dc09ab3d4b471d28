import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from cloudwatch_client import START, client

from async_lab.endpoint.invocation.timeline import VirtualClock


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """moto's server with our CloudWatch, one for all tests."""
    from async_lab.endpoint.cloudwatch import install
    from async_lab.endpoint.http.callers import Scoped
    from async_lab.endpoint.http.cbor import CborTranslation
    from async_lab.endpoint.http.dispatch import moto_application
    from async_lab.endpoint.http.members import ModelCheck

    install(lambda: START)
    server = make_server("127.0.0.1", 0, Scoped(CborTranslation(ModelCheck(moto_application()))), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock(endpoint: str) -> VirtualClock:
    """The endpoint's clock, at START; whatever moto held is gone."""
    from moto.cloudwatch.models import cloudwatch_backends
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    from async_lab.endpoint.cloudwatch import install
    from async_lab.endpoint.sources import clocks

    for backends in (cloudwatch_backends, sns_backends, sqs_backends):
        backends.reset()
    clock = VirtualClock(START)
    install(clock.now)
    clocks.install(clock.now, stands=True)
    return clock


@pytest.fixture(params=["query", "json", "smithy-rpc-v2-cbor"])
def cloudwatch(request, endpoint: str, clock: VirtualClock):
    """A client of each protocol that CloudWatch speaks."""
    return client("cloudwatch", endpoint, request.param)
