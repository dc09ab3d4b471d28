"""Terraform learns the schemas of those types alone that a directory mentions.

Every command begins by asking the provider for all schemas. The AWS provider has two thousand, of which the lab uses
thirty; to build, send and read the others takes longer than all else that a command does here. So a relay stands
between Terraform and a kept provider. It has asked for the schemas before Terraform does, and leaves out of that one
answer what isn't mentioned. All other calls are passed on as they come, but for those that ask again what is answered.
"""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc

from async_lab.terraform.configuration import mentioned_types
from async_lab.terraform.provider import ATTACH

_SCHEMAS = {5: "/tfplugin5.Provider/GetSchema", 6: "/tfplugin6.Provider/GetProviderSchema"}
"""The call that asks for them, by the version of Terraform's plugin protocol (tfplugin5.proto, tfplugin6.proto)."""
_MAPS_BY_TYPE = frozenset({2, 3, 8})
"""The fields of its answer that are maps by type: of resources, data sources and ephemeral resources (as above)."""
_OF_A_LENGTH = 2  # Protocol Buffers' documentation, "Encoding": the wire type of messages and strings
_MORE = 0x80  # as above: this bit says that the number goes on
_CALLS_AT_ONCE = 32  # Terraform makes ten, unless it is told otherwise
_ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_CHECKS = ("/PrepareProviderConfig", "/ValidateProviderConfig")
"""End the names of the call that checks the provider's settings (as above): it does nothing, takes a tenth of a second,
and comes three times a command."""
_STREAMS = "/plugin."
"""Begins what go-plugin adds for a program's output and for more connections: Terraform does without."""


_Answer = Callable[[bytes, grpc.ServicerContext], bytes]


@contextmanager
def relayed(environment: Mapping[str, str], directory: Path) -> Iterator[dict[str, str]]:
    """Relay a kept provider to Terraform in a directory while the block runs; yield the environment for that.

    ``environment`` is what ``kept_provider`` has yielded.
    """
    attachments = json.loads(environment[ATTACH])
    (attachment,) = attachments.values()
    address = attachment["Addr"]
    ours = Path(address["String"]).with_name("relay")
    with (
        ThreadPoolExecutor(_CALLS_AT_ONCE) as threads,
        # Closed before they are waited for: that ends the calls in which they wait for the provider.
        grpc.insecure_channel(f"unix:{address['String']}", options=_ANY_SIZE) as provider,
    ):
        server = grpc.server(threads, options=_ANY_SIZE)
        server.add_generic_rpc_handlers((Relay(provider, attachment["ProtocolVersion"], directory),))
        server.add_insecure_port(f"unix:{ours}")
        server.start()
        address["String"] = str(ours)
        owner = os.getpid()

        def stop() -> None:
            if os.getpid() == owner:  # a fork has not the threads that this waits for
                server.stop(grace=None).wait()

        # A block that nobody ends ends with Python, when it is too late: those threads are no more.
        atexit.register(stop)
        try:
            yield {**environment, ATTACH: json.dumps(attachments)}
        finally:
            atexit.unregister(stop)
            stop()


class Relay(grpc.GenericRpcHandler):
    """Calls of bytes, which are the provider's to understand."""

    def __init__(self, provider: grpc.Channel, protocol: int, directory: Path) -> None:
        self._provider, self._directory = provider, directory
        self._schemas = _SCHEMAS[protocol]
        self._checks: dict[bytes, bytes] = {}
        self._asked: grpc.Future[bytes] = self._call(self._schemas).future(b"")

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Return what answers a call; None for what is not provided."""
        if call.method.startswith(_STREAMS):
            return None
        answer = self._mentioned_schemas if call.method == self._schemas else self._passed_on(call.method)
        if call.method.endswith(_CHECKS):
            answer = self._remembered(answer)
        return grpc.unary_unary_rpc_method_handler(answer)

    def _mentioned_schemas(self, _: bytes, context: grpc.ServicerContext) -> bytes:
        return without_others(_awaited(self._asked, context), mentioned_types(self._directory))

    def _remembered(self, ask: _Answer) -> _Answer:
        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            if request not in self._checks:
                self._checks[request] = ask(request, context)
            return self._checks[request]

        return answer

    def _passed_on(self, method: str) -> _Answer:
        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            asked = self._call(method).future(request)

            def give_up() -> None:
                asked.cancel()

            if not context.add_callback(give_up):  # when Terraform does, or is no more: it may be so already
                give_up()
            return _awaited(asked, context)

        return answer

    def _call(self, method: str) -> grpc.UnaryUnaryMultiCallable[bytes, bytes]:
        return self._provider.unary_unary(method)


def _awaited(asked: grpc.Future[bytes], context: grpc.ServicerContext) -> bytes:
    """Return the provider's answer, or fail as it does."""
    try:
        return asked.result()
    except grpc.FutureCancelledError:
        context.abort(grpc.StatusCode.CANCELLED, "Terraform has given up")
    except grpc.RpcError as failed:
        assert isinstance(failed, grpc.Call)  # noqa: S101, PT017 - what a call raises is one
        context.abort(failed.code(), failed.details())


def without_others(answer: bytes, types: Collection[bytes]) -> bytes:
    """Return a provider's answer with the schemas of these types alone.

    It stays whole when it is in no form that we know, and when one of these is no type of the provider: it may be one
    that is misspelled, and Terraform looks through all others for what was meant.
    """
    kept = bytearray()
    unknown = set(types)
    position = 0
    while position < len(answer):
        start = position
        tag, position = _number(answer, position)
        size, position = _number(answer, position)
        field, wire_type = tag >> 3, tag & 7
        if wire_type != _OF_A_LENGTH:
            return answer
        of_type = _key(answer, position) if field in _MAPS_BY_TYPE else b""
        if not of_type or of_type in types:
            kept += answer[start : position + size]
            unknown.discard(of_type)
        position += size
    return answer if unknown else bytes(kept)


def _key(answer: bytes, entry: int) -> bytes:
    """Return the key of a map's entry, which begins with it (as above, "Maps"): one byte of tag, its size, itself."""
    size, position = _number(answer, entry + 1)
    return answer[position : position + size]


def _number(message: bytes, position: int) -> tuple[int, int]:
    """Return the number that stands at a position, seven bits a byte, the lowest first, and where it ends."""
    number = shift = 0
    while message[position] & _MORE:
        number, shift, position = number | (message[position] & ~_MORE) << shift, shift + 7, position + 1
    return number | message[position] << shift, position + 1
