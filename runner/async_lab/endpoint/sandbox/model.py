"""What goes into the sandbox and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Deployment:
    """The code and configuration of one function version.

    Two that are equal share execution environments. The package counts by its hash, and the ARN not at all: an alias
    and the version that it points to run in the same environments.
    """

    function_name: str
    function_version: str
    function_arn: str = field(compare=False)
    """What the caller invoked, with a qualifier if they named one: the context's ``invoked_function_arn``."""
    handler: str
    runtime: str
    timeout_seconds: float
    memory_size_mb: int
    environment: tuple[tuple[str, str], ...]
    package: bytes = field(compare=False, repr=False)
    package_sha256: str
    region: str
    log_group: str
    layers: tuple[bytes, ...] = field(default=(), repr=False)
    """Zip files, merged in this order into one directory as Lambda merges them into ``/opt``."""
    ephemeral_storage_mb: int = 512


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """One run of the handler. ``at`` is when it starts, in virtual epoch seconds, initialization included."""

    environment_id: str
    request_id: str
    payload: bytes
    at: float
    log_stream: str
    client_context: str | None = None
    """JSON, as a synchronous caller sent it."""
    is_awaited: bool = False
    """Whether a caller waits for its result, which may be another handler."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log event's text, without its line end, and when its first byte was written, in virtual epoch seconds."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """What an execution did."""

    payload: bytes
    """The handler's result, or Lambda's error object."""
    function_error: str | None
    """None after a success, else "Unhandled"."""
    duration_seconds: float
    """Virtual, without initialization, as Lambda's ``Duration`` metric has it."""
    init_seconds: float | None
    """Virtual; None in an environment that is warm."""
    output: tuple[LogLine, ...]
    """What the handler wrote, in its order, and the lines that Lambda adds when it goes wrong."""
    max_memory_used_mb: int
    environment_survives: bool
    """Whether the same process takes the next execution."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Virtual seconds for what a handler can't tell by its sleeps. AWS publishes none: they are parameters.

    Constants, and not the machine's own time, so that the same run gives the same numbers everywhere.
    """

    init_seconds: float = 0.1
    """Starting an environment. Python functions without heavy imports report some 100 ms of ``Init Duration``."""
    compute_seconds: float = 0.001
    """All computing of one execution, charged before the handler begins, so that its remaining time knows of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What handlers may take of this machine. Real seconds, real bytes."""

    processes: int = 48
    """Execution environments kept alive; the one unused for longest makes room."""
    real_seconds: float = 30.0
    """For one initialization or one execution; whoever takes longer hangs, which Lambda would call a timeout."""
    output_bytes: int = 4 * 1024 * 1024
    """Per execution; what comes after it is dropped."""
    output_lines: int = 10_000
    """Per execution too: each costs the endpoint much more than its bytes."""
    starting_seconds: float = 30.0
    """For the process that forks environments to start, or to answer."""
