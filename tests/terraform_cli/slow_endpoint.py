"""moto by itself, which can keep the answer to one action back until a test has seen enough."""

import threading
from typing import Self

from moto.server import DomainDispatcherApplication, create_backend_app
from program import LONGEST_SECONDS

from async_lab.endpoint.http.server import Server


class SlowEndpoint:
    """``performed`` is set when the action is done and its answer waits; ``release`` lets the answer go."""

    def __init__(self, action: str) -> None:
        self._action = action
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = Server(0, self._handle)
        self.url = self._server.url
        self.performed = threading.Event()
        self._released = threading.Event()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.stop()

    def release(self) -> None:
        self._released.set()

    def wait_until_performed(self) -> None:
        assert self.performed.wait(LONGEST_SECONDS), f"{self._action} was never called"

    def _handle(self, environ: dict, start_response: object) -> list[bytes]:
        answer = list(self._app(environ, start_response))
        if environ.get("HTTP_X_AMZ_TARGET", "").endswith(f".{self._action}"):
            self.performed.set()
            self._released.wait(LONGEST_SECONDS)
        return answer
