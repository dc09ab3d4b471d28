"""Handlers that misbehave: each gets the answer that Lambda would give, and harms nobody else."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tools.campaign.case import Case
from tools.campaign.served import Served

_Judge = Callable[[Any, str | None], bool]
"""Whether a payload and a ``FunctionError`` are what Lambda would answer."""


@dataclass(frozen=True, slots=True)
class _Odd:
    what: str
    body: str
    """The handler's lines; ``canary`` is a file of the developer's own, in one of their ``directories``."""
    is_right: _Judge
    memory_mb: int = 256


def _gives(value: Any) -> _Judge:
    return lambda payload, error: error is None and payload == value


def _fails(*words: str) -> _Judge:
    """Return a judge of function errors whose text has one of the words; any text is right where none is given."""
    return lambda payload, error: (
        error == "Unhandled" and (not words or any(word in json.dumps(payload) for word in words))
    )


_HANDLERS = (
    _Odd("exits at once", "import os; os._exit(3)", _fails("Runtime.ExitError")),
    _Odd("exits through sys.exit", "import sys; sys.exit(1)", _fails("Runtime.ExitError")),
    _Odd("dies by a segmentation fault", "import ctypes; ctypes.string_at(0)", _fails("Runtime.ExitError")),
    _Odd("kills itself", "import os; os.kill(os.getpid(), 9)", _fails("Runtime.ExitError", "Runtime.OutOfMemory")),
    _Odd("recurses for ever", "return handler(event, context)", _fails("RecursionError")),
    _Odd("returns what is no JSON", "return object()", _fails("Runtime.MarshalError")),
    _Odd("returns a megabyte", "return 'x' * 1_000_000", _gives("x" * 1_000_000)),
    _Odd("returns more than Lambda's 6 MB", "return 'x' * 7_000_000", _fails("Function.ResponseSizeTooLarge")),
    _Odd("raises BaseException", "raise BaseException('odd')", _fails("odd", "Runtime.ExitError")),
    _Odd("sleeps past its timeout", "import time; time.sleep(600)", _fails("Sandbox.Timedout", "timed out")),
    _Odd(
        "eats memory",
        "x = bytearray(2_000_000_000); return len(x)",
        _fails("MemoryError", "Runtime.OutOfMemory", "Runtime.ExitError"),
    ),
    _Odd(
        "lets children eat memory",
        """
    import subprocess, sys
    return subprocess.run([sys.executable, "-c", "x = b'1' * 900_000_000"]).returncode == 0
    """,
        lambda payload, error: error == "Unhandled" or payload is False,
        memory_mb=128,
    ),
    _Odd("prints a hundred thousand lines", "for n in range(100_000): print('line', n)\n    return 1", _gives(1)),
    _Odd(
        "writes to every descriptor",
        """
    import os
    for descriptor in range(3, 64):
        try: os.write(descriptor, b"odd" * 100)
        except OSError: pass
    return 1
    """,
        lambda payload, error: error is not None or payload == 1,
    ),
    _Odd(
        "closes every descriptor",
        "import os; os.closerange(0, 64); return 1",
        lambda payload, error: error is not None or payload == 1,
    ),
    _Odd("forks and returns in both", "import os; pid = os.fork(); return 'one' if pid else 'two'", _gives("one")),
    _Odd("leaves a child behind", "import subprocess; subprocess.Popen(['sleep', '1000']); return 1", _gives(1)),
    _Odd(
        "starts 200 threads",
        """
    import threading
    done = threading.Event()
    threads = [threading.Thread(target=done.wait, daemon=True) for _ in range(200)]
    for thread in threads: thread.start()
    done.set()
    return len(threads)
    """,
        _gives(200),
        memory_mb=128,
    ),
    _Odd(
        "removes the canaries' directories through a shell",
        "import subprocess; subprocess.run(['rm', '-rf', *directories]); return 1",
        _gives(1),
    ),
    _Odd(
        "removes the canary", "import os\n    try: os.remove(canary)\n    except OSError: pass\n    return 1", _gives(1)
    ),
    _Odd(
        "overwrites the canary",
        "try: open(canary, 'w').write('gone')\n    except OSError: pass\n    return 1",
        _gives(1),
    ),
    _Odd(
        "ends its parent",
        """
    import os, signal
    try: os.kill(os.getppid(), signal.SIGTERM)
    except OSError: pass
    return 1
    """,
        lambda payload, error: error is not None or payload == 1,
    ),
    _Odd(
        "looks for the endpoint's keys",
        "import os\n    return [v for v in os.environ.values() if 'campaign' == v]",
        _gives([]),
    ),
    _Odd(
        "changes its working directory and fills it",
        "import os; os.chdir('/tmp'); open('x', 'wb').write(b'1' * 1000); return os.listdir('/tmp')",
        _gives(["x"]),
    ),
)


def draw(rng: random.Random, served: Served) -> Case:
    """Draw one of the handlers."""
    odd = rng.choice(_HANDLERS)
    return Case(f"a handler that {odd.what}", lambda: _broken(odd, served))


def _broken(odd: _Odd, served: Served) -> Iterator[str]:
    # Never a directory that anybody else uses: without isolation, what these handlers remove is really gone.
    directories = [served.checkout.project.root / "developers", served.checkout.temporary / "developers"]
    canaries = [directory / "canary" for directory in directories]
    for canary in canaries:
        canary.parent.mkdir(exist_ok=True)
        canary.write_text("untouched", encoding="utf-8")
    names = f"canary = {str(canaries[0])!r}\ndirectories = {list(map(str, directories))!r}\n"
    source = f"{names}def handler(event, context):\n    {odd.body}\n"
    try:
        served.deploy("odd", source, MemorySize=odd.memory_mb)
        answer = served.client("lambda").invoke(FunctionName="odd", Payload=b"{}")
        payload, error = json.load(answer["Payload"]), answer.get("FunctionError")
        if not odd.is_right(payload, error):
            yield f"answered {error or 'success'}: {json.dumps(payload)[:160]}"
        if str(Path(__file__).parents[2]) in json.dumps(payload) or str(served.checkout.temporary) in json.dumps(
            payload
        ):
            yield f"shows a path of this machine: {json.dumps(payload)[:300]}"
    except (BotoCoreError, ClientError, ValueError) as trouble:
        yield f"no answer of Lambda's: {trouble}"
    for canary in canaries:
        if not canary.exists() or canary.read_text(encoding="utf-8") != "untouched":
            yield f"a file of the developer's was changed: {canary}"
        shutil.rmtree(canary.parent, ignore_errors=True)
    yield from served.broken()
