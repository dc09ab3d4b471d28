"""The relay between Terraform and a kept provider, which leaves out the schemas of types that nothing mentions."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import LONGEST_SECONDS
from slow_endpoint import SlowEndpoint

from async_lab.target.environment import local_environment
from async_lab.terraform import Terraform, TerraformFailed, kept_provider
from async_lab.terraform.provider import ATTACH
from async_lab.terraform.schemas import Relay, relayed, without_others

RESOURCES, DATA_SOURCES, FUNCTIONS, EPHEMERAL = 2, 3, 7, 8
GET_SCHEMAS = {5: "/tfplugin5.Provider/GetSchema", 6: "/tfplugin6.Provider/GetProviderSchema"}
READ = "/tfplugin5.Provider/ReadResource"


def number(value: int) -> bytes:
    """A number as Protocol Buffers write it."""
    more, low = divmod(value, 128)
    return bytes([low]) if not more else bytes([low | 128]) + number(more)


def field(which: int, content: bytes) -> bytes:
    """A field that is a message, a string or bytes."""
    return number(which << 3 | 2) + number(len(content)) + content


def entry(name: str, schema: bytes) -> bytes:
    """An entry of a map from a type to its schema."""
    return field(1, name.encode()) + field(2, schema)


NAMES = st.sampled_from(["aws_a", "aws_b", "aws_c", "aws_" + "long" * 40])
BY_TYPE = st.tuples(st.sampled_from([RESOURCES, DATA_SOURCES, EPHEMERAL]), NAMES, st.binary(max_size=300))
OTHERS = st.tuples(st.sampled_from([1, 4, 5, 6, FUNCTIONS, 100]), st.none(), st.binary(max_size=300))


@given(st.lists(BY_TYPE | OTHERS), st.sets(NAMES))
def test_all_stays_but_the_schemas_of_other_types(
    fields: list[tuple[int, str | None, bytes]], wanted: set[str]
) -> None:
    def encoded(which: int, name: str | None, content: bytes) -> bytes:
        return field(which, content if name is None else entry(name, content))

    answer = b"".join(encoded(*each) for each in fields)
    left = b"".join(encoded(*each) for each in fields if each[1] is None or each[1] in wanted)
    are_types = wanted <= {name for _, name, _ in fields}
    assert without_others(answer, {name.encode() for name in wanted}) == (left if are_types else answer)


def test_all_stays_beside_a_name_that_is_no_type() -> None:
    answer = field(RESOURCES, entry("aws_a", b"")) + field(DATA_SOURCES, entry("aws_b", b""))
    assert without_others(answer, {b"aws_a", b"aws_bb"}) == answer


def test_an_answer_in_another_form_stays_whole() -> None:
    answer = field(RESOURCES, entry("aws_a", b"")) + number(9 << 3) + number(1)
    assert without_others(answer, ()) == answer


Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class Provider(grpc.GenericRpcHandler):
    """A provider that answers a few calls."""

    def __init__(self, calls: Mapping[str, Answer]) -> None:
        self._calls = calls

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        answer = self._calls.get(call.method)
        return grpc.unary_unary_rpc_method_handler(answer) if answer else None


@contextmanager
def served(calls: Mapping[str, Answer], address: str) -> Iterator[None]:
    """Serve a provider."""
    with ThreadPoolExecutor(4) as threads:
        server = grpc.server(threads, handlers=[Provider(calls)])
        server.add_insecure_port(address)
        server.start()
        try:
            yield
        finally:
            server.stop(grace=None).wait()


@contextmanager
def terraforms_side(calls: Mapping[str, Answer], directory: Path, protocol: int = 5) -> Iterator[grpc.Channel]:
    """Serve a provider, relay it for a directory, and connect to the relay as Terraform does."""
    with TemporaryDirectory(prefix="relay-") as home, served(calls, f"unix:{home}/provider"):
        address = {"Network": "unix", "String": f"{home}/provider"}
        attachment = {"Protocol": "grpc", "ProtocolVersion": protocol, "Pid": 1, "Test": True, "Addr": address}
        given = {ATTACH: json.dumps({"registry/aws": attachment}), "HOME": "/home"}
        with relayed(given, directory) as environment:
            (ours,) = json.loads(environment[ATTACH]).values()
            assert environment["HOME"] == "/home"
            assert ours["Addr"]["String"] != address["String"]
            assert ours | {"Addr": address} == attachment
            with grpc.insecure_channel(f"unix:{ours['Addr']['String']}") as channel:
                yield channel


@pytest.mark.parametrize("protocol", [5, 6])
def test_schemas_are_asked_for_once_and_before_terraform_does(protocol: int, tmp_path: Path) -> None:
    asked, times = threading.Event(), []

    def schemas(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        times.append(1)
        asked.set()
        return field(1, b"provider") + field(RESOURCES, entry("aws_a", b"a")) + field(RESOURCES, entry("aws_b", b"b"))

    with terraforms_side({GET_SCHEMAS[protocol]: schemas}, tmp_path, protocol) as channel:
        assert asked.wait(LONGEST_SECONDS)
        ask = channel.unary_unary(GET_SCHEMAS[protocol])
        assert ask(b"") == field(1, b"provider")
        (tmp_path / "main.tf").write_text('resource "aws_b" "this" {}')
        assert ask(b"") == field(1, b"provider") + field(RESOURCES, entry("aws_b", b"b"))
    assert times == [1]


def test_other_calls_and_their_failures_pass_as_they_are(tmp_path: Path) -> None:
    def read(request: bytes, context: grpc.ServicerContext) -> bytes:
        if request == b"broken":
            context.abort(grpc.StatusCode.INTERNAL, "the plugin has crashed")
        return request + b" read"

    with terraforms_side({READ: read}, tmp_path) as channel:
        assert channel.unary_unary(READ)(b"state") == b"state read"
        large = bytes(5_000_000)  # more than gRPC takes unless it is told to
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(READ)(large)  # by the provider of this test, which isn't told
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        for method, request, code, why in [
            (READ, b"broken", grpc.StatusCode.INTERNAL, "the plugin has crashed"),
            ("/tfplugin5.Provider/Unknown", b"", grpc.StatusCode.UNIMPLEMENTED, "Method not found!"),
            (GET_SCHEMAS[5], b"", grpc.StatusCode.UNIMPLEMENTED, "Method not found!"),
            ("/plugin.GRPCStdio/StreamStdio", b"", grpc.StatusCode.UNIMPLEMENTED, "Method not found!"),
        ]:
            with pytest.raises(grpc.RpcError) as failed:
                channel.unary_unary(method)(request)
            assert (failed.value.code(), failed.value.details()) == (code, why)


@pytest.mark.parametrize(
    "method", ["/tfplugin5.Provider/PrepareProviderConfig", "/tfplugin6.Provider/ValidateProviderConfig"]
)
def test_settings_are_checked_once_each(method: str, tmp_path: Path) -> None:
    checked = []

    def check(request: bytes, context: grpc.ServicerContext) -> bytes:
        checked.append(request)
        if checked == [b"a"]:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return request + b" checked"

    with terraforms_side({method: check, READ: check}, tmp_path) as channel:
        with pytest.raises(grpc.RpcError, match="not now"):
            channel.unary_unary(method)(b"a")
        for request in (b"a", b"b", b"a", b"b"):
            assert channel.unary_unary(method)(request) == request + b" checked"
        assert checked == [b"a", b"a", b"b"]
        for _ in range(2):
            channel.unary_unary(READ)(b"a")
        assert checked == [b"a", b"a", b"b", b"a", b"a"]


def test_a_call_that_terraform_gives_up_ends_at_the_provider(tmp_path: Path) -> None:
    began, ended = threading.Event(), threading.Event()

    def read(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        began.set()
        assert ended.wait(LONGEST_SECONDS)
        return b""

    with terraforms_side({READ: read}, tmp_path) as channel:
        call = channel.unary_unary(READ).future(b"")
        assert began.wait(LONGEST_SECONDS)
        call.cancel()
        assert ended.wait(LONGEST_SECONDS)


class EndedCall:
    """A call of Terraform's that ended before anybody could ask to be told of its end."""

    def add_callback(self, _callback: Callable[[], None]) -> bool:
        return False

    def abort(self, code: grpc.StatusCode, _why: str) -> None:
        raise RuntimeError(code.name)


def test_a_call_that_terraform_gave_up_at_once_ends_at_the_provider(tmp_path: Path) -> None:
    ended = threading.Event()

    def read(_request: bytes, context: grpc.ServicerContext) -> bytes:
        if not context.add_callback(ended.set):
            ended.set()
        assert ended.wait(LONGEST_SECONDS)
        return b""

    with (
        TemporaryDirectory(prefix="relay-") as home,
        served({READ: read}, f"unix:{home}/provider"),
        grpc.insecure_channel(f"unix:{home}/provider") as provider,
    ):
        handler = Relay(provider, 5, tmp_path).service(SimpleNamespace(method=READ))
        with pytest.raises(RuntimeError, match="CANCELLED"):
            handler.unary_unary(b"", EndedCall())


def test_the_relay_ends_while_the_provider_owes_answers(tmp_path: Path) -> None:
    began, ended = threading.Semaphore(0), threading.Event()

    def owe(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        began.release()
        assert ended.wait(LONGEST_SECONDS)
        return b""

    with terraforms_side({READ: owe, GET_SCHEMAS[5]: owe}, tmp_path) as channel:
        calls = [channel.unary_unary(method).future(b"") for method in (READ, GET_SCHEMAS[5])]
        assert all(began.acquire(timeout=LONGEST_SECONDS) for _ in range(2))
    for call in calls:
        with pytest.raises((grpc.RpcError, grpc.FutureCancelledError)):
            call.result(LONGEST_SECONDS)


@pytest.fixture
def attached(module: Path, provider: Path) -> Iterator[dict[str, str]]:
    """The environment in which Terraform has a kept provider for itself."""
    with (
        SlowEndpoint("nothing") as endpoint,
        kept_provider(
            provider, local_environment(endpoint.url, "eu-west-1"), module / "provider.log", module
        ) as environment,
    ):
        yield environment


@pytest.mark.e2e
def test_terraform_plans_the_same_with_a_hundredth_of_the_schemas(module: Path, attached: dict[str, str]) -> None:
    plans, sizes = [], []
    with relayed(attached, module) as through_the_relay:
        for each in (attached, through_the_relay):
            terraform = Terraform(module, each, module / "terraform.log")
            terraform.init()
            kept = module / "plan"
            terraform.plan(module / "test.tfvars", keep=kept)
            plans.append(terraform.planned(kept))
            (attachment,) = json.loads(each[ATTACH]).values()
            with grpc.insecure_channel(
                f"unix:{attachment['Addr']['String']}", options=[("grpc.max_receive_message_length", -1)]
            ) as channel:
                sizes.append(len(channel.unary_unary(GET_SCHEMAS[5])(b"")))
    assert plans[0] == plans[1] != []
    assert sizes[1] < sizes[0] / 100


@pytest.mark.e2e
def test_terraform_says_which_type_was_meant(module: Path, attached: dict[str, str]) -> None:
    (module / "more.tf").write_text('resource "aws_kinesis_strem" "this" {}\n')
    with relayed(attached, module) as environment:
        terraform = Terraform(module, environment, module / "terraform.log")
        terraform.init()
        with pytest.raises(TerraformFailed, match='Did you mean "aws_kinesis_stream"'):
            terraform.plan(module / "test.tfvars", keep=module / "plan")
