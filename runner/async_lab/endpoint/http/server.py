"""An application behind waitress, on loopback only."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import waitress
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask

from async_lab.errors import EnvironmentFailure

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

LOOPBACK = "127.0.0.1"
_THREADS = 32  # a handler that calls the endpoint occupies one while another waits for it
_HELD_BYTES = 65_536
"""So many wait for the response's end, so that its head never travels alone. Of heads that do, waitress's habit, the
AWS provider hangs up on one in a thousand, and asks again for what is done already. (waitress's option for it warns
that it will go.)"""
_CONNECTIONS = 4_096  # a client with more senders than its pool holds opens one for each request


_TLS_HANDSHAKE = b"\x16\x03"  # RFC 8446, 5.1: the record's type and its version's first byte
_METADATA = re.compile(rb"^(x-amz-meta-[^:\s]+):[ \t]*(.*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)

_METADATA_NAME = re.compile(rb"^x-amz-meta-[^:\r\n]+", re.IGNORECASE | re.MULTILINE)


class _RequestParser(HTTPRequestParser):
    """waitress's parser, with what S3 needs of a request.

    waitress waits for ever for the body of a request that has none and asks to continue, as for an empty file. Of
    metadata it drops names with an underscore, and WSGI knows no small letters, in which S3 answers all of them.
    """

    def __init__(self, adjustments: Any) -> None:
        super().__init__(adjustments)
        self.metadata_names: dict[str, str] = {}

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.content_length == 0 and not self.chunked:
            self.expect_continue = False
        for name, value in _METADATA.findall(header_plus):
            key = name.decode("latin-1").upper().replace("-", "_")
            self.headers.setdefault(key, value.decode("latin-1"))
            self.metadata_names[f"HTTP_{key}"] = name.decode("latin-1").lower()


class _Task(WSGITask):
    def get_environment(self) -> dict[str, Any]:
        """Return WSGI's environment, with the path as it came: S3's keys may have a slash or a question mark."""
        environ: dict[str, Any] = super().get_environment()
        environ["RAW_URI"] = environ["REQUEST_URI"]
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = self.request.metadata_names
        return environ

    def build_response_header(self) -> bytes:
        """Return the head of an answer; waitress gives every header capitals, and metadata have none."""
        return _METADATA_NAME.sub(lambda name: name[0].lower(), super().build_response_header())


class _Channel(HTTPChannel):
    """waitress's connection, which forgets files: what is large and came, or was read, in part lies in one."""

    parser_class = _RequestParser
    task_class = _Task

    def received(self, data: bytes) -> bool:
        if self.request is None and data.startswith(_TLS_HANDSHAKE):
            self.handle_close()  # a client with an https URL would wait for an answer for ever
            return False
        is_taken: bool = super().received(data)
        return is_taken

    def handle_close(self) -> None:
        if self.request:
            self.request.close()
        super().handle_close()

    def close(self) -> None:
        self.handle_close()


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
            channel_timeout=sys.maxsize,  # by time.time, which is virtual while a callable of the process runs
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
