"""How fast a test is.

    .venv/bin/python benchmarks/test_speed.py [ROUNDS]

Three figures, in real seconds, each with the best and the median of its rounds, as neighbors on the machine take their
share: a test of one event, three attempts and a dead letter, in the steps of the fixture (goal: below 0.2 s after the
first); a reset (goal: below 20 ms); from a new Python's first line to the first answer (goal: below 1 s), and the
processor's part of that, which neighbors change less. Beside the last the same of moto's server, which has nothing to
set beside the first: without Docker it runs no event, and none twice. ministack is measured if it is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from async_lab import Lab

HANDLER = "def handler(event, context):\n    raise ValueError('no rows')\n"
LISTENING = {
    "async-lab": """
from async_lab.target.local import embedded_endpoint
with embedded_endpoint()() as served:
    show(served.url)""",
    "moto": """
from moto.server import ThreadedMotoServer
served = ThreadedMotoServer('127.0.0.1', 0, verbose=False)
served.start()
show('http://%s:%d' % served.get_host_and_port())
served.stop()""",
}
SHOW = """
import sys, time
from urllib.request import urlopen
def show(url):
    urlopen(url + sys.argv[2]).close()
    print(time.time() - float(sys.argv[1]), time.process_time())
"""
HEALTH = {"async-lab": "/_async-lab/health", "moto": "/moto-api/data.json"}


def one_test(lab: Lab) -> None:
    """Do what the fixture does, and a test of a dead letter."""
    lab.reset()
    function = lab.function("app.py:handler", failure_queue=True, dead_letter_queue=True)
    function.send({"n": 1})
    lab.run_until_idle()
    [event] = function.events
    assert [attempt.outcome for attempt in event.attempts] == ["error"] * 3
    assert function.dead_letter_queue is not None
    [message] = lab.messages(function.dead_letter_queue)
    assert message.attributes["ErrorMessage"] == "no rows"


def seconds_of(what: object) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    what()  # type: ignore[operator]
    return time.perf_counter() - begun


def said(times: Sequence[float]) -> str:
    """Return the best and the median, in milliseconds."""
    return f"{min(times) * 1_000:.1f} ms at best, {median(times) * 1_000:.1f} ms as a rule"


def until_listening(program: str) -> tuple[float, float]:
    """Return the time from a new Python's first line to the first answer, and the processor's part of it.

    Packages have their bytecode then, as pip leaves them.
    """
    command = [sys.executable, "-c", SHOW + LISTENING[program], str(time.time()), HEALTH[program]]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    wall, processor = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    return float(wall), float(processor)


def ministack_until_listening() -> float:
    """Return the same for ministack, by its own command."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "ministack"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            try:
                urlopen("http://127.0.0.1:4566/_localstack/health").close()
                break
            except URLError:
                time.sleep(0.01)
        took = time.perf_counter() - begun
        process.terminate()
    return took


def main(rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "app.py").write_text(HANDLER)
        opening = time.perf_counter()
        with Lab(directory=directory) as lab:
            first = time.perf_counter() - opening + seconds_of(lambda: one_test(lab))
            tests, resets = [], []
            for _ in range(rounds):
                tests.append(seconds_of(lambda: one_test(lab)))
                resets.append(seconds_of(lab.reset))
    print(f"one event, three attempts, dead letter: the first, with its start, {first:.2f} s, then {said(tests)}")
    print(f"reset: {said(resets)}")
    for program in LISTENING:
        times, processor = zip(*(until_listening(program) for _ in range(min(rounds, 5))), strict=True)
        print(f"import to listening, {program}: {said(times)}; of the processor {said(processor)}")
    if find_spec("ministack"):
        print(f"import to listening, ministack: {ministack_until_listening():.2f} s")
    print(f"{rounds} rounds; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
