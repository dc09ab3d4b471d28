"""An application behind waitress, on loopback only."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

from async_lab.errors import EnvironmentFailure

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

LOOPBACK = "127.0.0.1"
_THREADS = 32  # a handler that calls the endpoint occupies one while another waits for it
_HELD_BYTES = 65_536
"""So many wait for the response's end, so that its head never travels alone. Of heads that do, waitress's habit, the
AWS provider hangs up on one in a thousand, and asks again for what is done already. (waitress's option for it warns
that it will go.)"""
_CONNECTIONS = 4_096  # a client with more senders than its pool holds opens one for each request


class _RequestParser(HTTPRequestParser):
    """waitress waits for ever for the body of a request that has none and asks to continue, as for an empty file."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.content_length == 0 and not self.chunked:
            self.expect_continue = False


class _Channel(HTTPChannel):
    parser_class = _RequestParser


class Server:
    """Serves ``application`` from ``start`` to ``stop``. Port 0 takes a free one.

    Raises EnvironmentFailure when the port is taken.
    """

    def __init__(self, port: int, application: WsgiApp) -> None:
        logging.getLogger("waitress").setLevel(logging.ERROR)  # it warns of every request that waits, or never will be
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}  # all that the server's thread looks after, by file descriptor
        self._server = waitress.create_server(
            application,
            map=self._sockets,
            sockets=[_listening(port)],
            threads=_THREADS,
            connection_limit=_CONNECTIONS,
            asyncore_use_poll=True,  # select() takes 1,024 file descriptors at the most
            clear_untrusted_proxy_headers=True,
        )
        self._server.channel_class = _Channel
        self._server.adj.send_bytes = _HELD_BYTES
        self.url = f"http://{LOOPBACK}:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._server.run, name="endpoint", daemon=True)

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, free the port and drop the connections that clients keep open."""
        self._server.task_dispatcher.shutdown()  # first: what is being answered still tells the server's thread
        if self._thread.is_alive():
            # Sockets are closed by the thread that waits for them, which then has none left and ends.
            self._server.trigger.pull_trigger(self._close)
            self._thread.join()
        else:
            self._close()

    def _close(self) -> None:
        wasyncore.close_all(self._sockets, ignore_all=True)


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port), backlog=_CONNECTIONS)
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # the error's own words repeat the address
        raise EnvironmentFailure(
            f"Port {port} on {LOOPBACK} can't be used ({reason}): choose another with --port."
        ) from error
