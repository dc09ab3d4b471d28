"""What a handler sees of this machine, and what it can change: with a private root, and without Linux's namespaces."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from handlers import Function, error, texts

from async_lab.endpoint.sandbox import Sandbox
from async_lab.endpoint.sandbox.nursery import ISOLATION

REPOSITORY = Path(__file__).parents[3]
CALLS_A_PATH = """
    import json, os, pathlib, shutil, subprocess
    def handler(event, context):
        try:
            answer = eval(event)
        except OSError as refusal:
            return {"refused": type(refusal).__name__}
        return {"answer": answer if isinstance(answer, (str, int, list, bool, type(None))) else str(answer)}
"""


@pytest.fixture
def private(deploy, sandbox):
    """Return what makes functions in a private root; skips where this machine gives none."""
    deploy("def handler(event, context):\n    return 1\n").returns()
    if sandbox.remark is not None:
        pytest.skip(sandbox.remark)
    return deploy


@pytest.fixture
def shared(deploy, monkeypatch):
    """Return what makes functions in a sandbox that does without namespaces."""
    monkeypatch.setenv(ISOLATION, "none")
    sandbox = Sandbox()
    yield lambda source, **changes: deploy(source, within=sandbox, **changes)
    sandbox.close()


@pytest.fixture
def canary(tmp_path):
    """Return a file that no handler may touch."""
    directory = tmp_path / "canary"
    directory.mkdir()
    file = directory / "file"
    file.write_text("alive")
    return file


def asked(function: Function, expression: str, **how):
    return function.returns(expression, **how)


def test_tmp_is_an_environments_own_and_empty_at_its_start(private):
    function = private(CALLS_A_PATH)
    assert asked(function, "os.listdir('/tmp')", environment="a") == {"answer": []}
    asked(function, "pathlib.Path('/tmp/mine').write_text('x')", environment="a")
    assert asked(function, "os.listdir('/tmp')", environment="a") == {"answer": ["mine"]}
    assert asked(function, "os.listdir('/tmp')", environment="b") == {"answer": []}


def test_tmp_is_as_large_as_the_functions_ephemeral_storage(private):
    function = private(CALLS_A_PATH, ephemeral_storage_mb=512)
    assert asked(function, "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize // 2**20") == {"answer": 512}
    full = private(
        """
        def handler(event, context):
            with open("/tmp/large", "wb") as file:
                for _ in range(600):
                    file.write(bytes(2**20))
        """,
        memory_size_mb=3008,
        ephemeral_storage_mb=512,
    )()
    assert error(full)["errorMessage"] == "[Errno 28] No space left on device"


def test_neither_home_nor_repository_nor_any_other_file_of_the_user_is_there(private, canary):
    function = private(CALLS_A_PATH)
    for path in (canary, Path.home(), REPOSITORY, Path(sys.executable)):
        assert asked(function, f"os.path.lexists({str(path)!r})") == {"answer": False}, path


def test_removing_all_that_it_reaches_leaves_the_users_files_alone(private, canary):
    function = private(CALLS_A_PATH)
    # Only now that the canary is known to be out of reach may anything be removed.
    assert asked(function, f"os.path.lexists({str(canary.parent)!r})") == {"answer": False}
    assert asked(function, f"os.path.lexists({str(REPOSITORY)!r})") == {"answer": False}
    asked(function, "pathlib.Path('/tmp/mine').write_text('x')")
    asked(function, "subprocess.run('rm -rf /tmp/* \"$HOME\"/* ./*', shell=True).returncode")
    assert asked(function, "os.listdir('/tmp')") == {"answer": []}
    assert asked(function, "os.path.exists('/var/task/app.py')") == {"answer": True}
    assert canary.read_text() == "alive"


def test_it_sees_no_process_but_its_own_and_no_key_of_the_endpoint(deploy, private, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-users-own")
    function = private("""
        import glob, os
        def handler(event, context):
            seen = {}
            for file in glob.glob("/proc/[0-9]*/environ"):
                try:
                    seen[file] = open(file, "rb").read().decode(errors="replace")
                except OSError:
                    seen[file] = ""
            return seen
    """)
    seen = function.returns()
    assert len(seen) <= 2  # the handler's, and its keeper's
    assert not any("the-users-own" in text for text in seen.values())


def test_code_and_layers_are_where_lambda_has_them_and_cannot_be_changed(private):
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as archive:
        tool = zipfile.ZipInfo("bin/tool")
        tool.external_attr = 0o755 << 16
        archive.writestr(tool, "#!/bin/sh\necho from the layer\n")
    function = private({"app.py": CALLS_A_PATH, "data.txt": "data"}, layers=(layer.getvalue(),))
    assert asked(function, "open('/var/task/data.txt').read()") == {"answer": "data"}
    assert asked(function, "open('data.txt').read()") == {"answer": "data"}
    assert asked(function, "os.getcwd()") == {"answer": "/var/task"}
    assert asked(function, "os.environ['LAMBDA_TASK_ROOT']") == {"answer": "/var/task"}
    assert asked(function, "subprocess.check_output('/opt/bin/tool', text=True)") == {"answer": "from the layer\n"}
    for path in ("/var/task/new", "/opt/new", "/var/task/data.txt"):
        assert asked(function, f"open({path!r}, 'a')") == {"refused": "OSError"}, path  # EROFS


CHANGES = [
    "open('{file}', 'w')",
    "open('{file}', 'a')",
    "open('{directory}/new', 'x')",
    "os.open('{file}', os.O_RDWR)",
    "pathlib.Path('{file}').write_text('dead')",
    "os.remove('{file}')",
    "pathlib.Path('{file}').unlink()",
    "os.rename('{file}', '{directory}/other')",
    "os.replace('{file}', '/tmp/taken')",
    "shutil.move('{file}', '/tmp/taken')",
    "os.rmdir('{empty}')",
    "os.mkdir('{directory}/new')",
    "os.symlink('/tmp', '{directory}/new')",
    "os.link('{file}', '/tmp/hard')",
    "os.chmod('{file}', 0)",
    "os.utime('{file}', (0, 0))",
    "os.truncate('{file}', 0)",
    "shutil.rmtree('{directory}')",
    "(os.symlink('{file}', '/tmp/soft'), open('/tmp/soft', 'w'))",
    "(os.symlink('{directory}', '/tmp/away'), os.remove('/tmp/away/file'))",
    "subprocess.run(['true'])",
    "os.system('true')",
]


@pytest.mark.parametrize("change", CHANGES)
def test_without_namespaces_pythons_own_calls_change_nothing_outside(shared, canary, change):
    empty = canary.parent / "empty"
    empty.mkdir()
    before = sorted(canary.parent.iterdir()), canary.stat().st_mode, canary.stat().st_mtime
    function = shared(CALLS_A_PATH)
    # By its own name it is in the environment's /tmp, and so out of reach.
    around = "/proc/self/root" if canary.is_relative_to("/tmp") else ""
    assert asked(function, f"open('{around}{canary}').read()") == {"answer": "alive"}
    paths = {"file": canary, "directory": canary.parent, "empty": empty}
    answer = asked(function, change.format(**{name: f"{around}{path}" for name, path in paths.items()}))
    assert answer == {"refused": "PermissionError"}
    assert canary.read_text() == "alive"
    assert (sorted(canary.parent.iterdir()), canary.stat().st_mode, canary.stat().st_mtime) == before


def test_without_namespaces_tmp_is_an_environments_own_too(shared):
    function = shared({"app.py": CALLS_A_PATH, "data.txt": "data"})
    assert asked(function, "os.listdir('/tmp')", environment="a") == {"answer": []}
    asked(function, "pathlib.Path('/tmp/mine').write_text('x')", environment="a")
    assert asked(function, "os.listdir('/tmp')", environment="a") == {"answer": ["mine"]}
    assert asked(function, "os.listdir('/tmp')", environment="b") == {"answer": []}
    assert asked(function, "open('/var/task/data.txt').read()") == {"answer": "data"}


def test_without_namespaces_it_is_said_plainly(deploy, monkeypatch):
    monkeypatch.setenv(ISOLATION, "none")
    sandbox = Sandbox()
    try:
        deploy("def handler(event, context):\n    return 1\n", within=sandbox).returns()
        assert "ASYNC_LAB_ISOLATION is none" in sandbox.remark
        assert "Python refuses them to change anything outside their /tmp" in sandbox.remark
    finally:
        sandbox.close()


FORKS = """
    import os
    def handler(event, context):
        child = os.fork()
        return {"from": "child" if child == 0 else "parent"}
"""
WRITES_EVERYWHERE = """
    import os
    def handler(event, context):
        child = os.fork()
        if child == 0:
            for descriptor in range(3, 256):
                try:
                    os.write(descriptor, b"x" * 64)
                except OSError:
                    pass
            os._exit(0)
        os.waitpid(child, 0)
        return "right"
"""
RAISES = """
    def handler(event, context):
        print(__file__)
        raise ValueError(__file__)
"""


@pytest.mark.parametrize("mode", ["private", "shared"])
def test_a_handler_that_returns_in_two_processes_has_one_result(mode, request):
    function = request.getfixturevalue(mode)(FORKS)
    assert [function.returns() for _ in range(20)] == [{"from": "parent"}] * 20


@pytest.mark.parametrize("mode", ["private", "shared"])
def test_a_child_that_writes_to_every_descriptor_corrupts_nothing(mode, request):
    function = request.getfixturevalue(mode)(WRITES_EVERYWHERE)
    result = function()
    if result.function_error is None:
        assert result.payload == b'"right"'
    assert function.returns(environment="other") == "right" or result.function_error


@pytest.mark.parametrize("mode", ["private", "shared"])
def test_two_hundred_threads_fit_into_128_mb(mode, request):
    function = request.getfixturevalue(mode)("""
        import threading
        def handler(event, context):
            go = threading.Event()
            threads = [threading.Thread(target=go.wait) for _ in range(200)]
            for thread in threads:
                thread.start()
            go.set()
            for thread in threads:
                thread.join()
            return len(threads)
    """)
    assert function.returns() == 200


@pytest.mark.parametrize("mode", ["private", "shared"])
def test_a_million_lines_are_bounded(mode, request):
    function = request.getfixturevalue(mode)("""
        def handler(event, context):
            print("x\\n" * 1_000_000)
    """)
    assert len(texts(function())) <= 10_002


@pytest.mark.parametrize("mode", ["private", "shared"])
def test_what_fails_shows_lambdas_paths_and_none_of_this_machine(mode, request, tmp_path):
    result = request.getfixturevalue(mode)(RAISES)()
    failed = error(result)
    assert failed["errorMessage"] == "/var/task/app.py"
    assert any("/var/task/app.py" in line for line in failed["stackTrace"])
    shown = result.payload.decode() + "\n".join(texts(result))
    assert "async-lab-handlers-" not in shown
    assert str(REPOSITORY) not in shown


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="becomes another user, which root may")
def test_any_other_user_gets_a_private_root_as_well(private, tmp_path):
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is missing")
    says = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from async_lab.endpoint.sandbox import Sandbox\n"
        "from handlers import Function, deployment\n"
        "box = Sandbox()\n"
        "source = 'import os\\ndef handler(event, context):\\n    return os.listdir(\"/tmp\")\\n'\n"
        "print(Function(box, deployment(source), 'x').returns(), box.remark)\n"
        "box.close()\n"
    )

    def as_nobody(program, *arguments):
        return subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": "/"},
        )

    # setpriv itself may start what that user may not: so whether Python can start another is asked as well.
    can = "import moto, subprocess, sys; open(sys.argv[1]); subprocess.run([sys.executable, '-c', ''], check=True)"
    if as_nobody(can, __file__).returncode:
        pytest.skip("Python, its packages or this checkout can't be read by another user")
    ended = as_nobody(says, str(REPOSITORY / "runner"), str(Path(__file__).parent))
    assert ended.stdout == "[] None\n", ended.stderr


@pytest.mark.parametrize("mode", ["private", "shared"])
def test_handler_finds_the_packages_of_lambdas_runtime_and_no_others_of_the_lab(request, mode):
    function = request.getfixturevalue(mode)("""
        import importlib
        def handler(names, context):
            found = []
            for name in names:
                try:
                    importlib.import_module(name)
                    found.append(name)
                except ModuleNotFoundError:
                    pass
            return found
    """)
    lambdas = ["awslambdaric", "boto3", "botocore.client", "dateutil.tz", "jmespath", "s3transfer", "six", "urllib3"]
    standard = ["json", "sqlite3", "ssl", "zoneinfo", "asyncio", "ctypes"]
    labs = [
        "async_lab", "flask", "moto", "typer", "rich", "hcl2", "lark", "psutil", "waitress", "werkzeug", "requests",
        "yaml", "pytest", "pip", "setuptools", "tests",
    ]  # fmt: skip
    assert function.returns([*lambdas, *standard, *labs]) == [*lambdas, *standard]


@pytest.mark.parametrize("mode", ["private", "shared"])
def test_metadata_of_the_runtimes_packages_can_be_asked_for(request, mode):
    function = request.getfixturevalue(mode)("""
        from importlib import metadata
        def handler(event, context):
            names = {distribution.metadata["Name"] for distribution in metadata.distributions()}
            return [metadata.version("boto3") > "1", "flask" in {name.lower() for name in names}]
    """)
    assert function.returns() == [True, False]


POOLS = """
    import multiprocessing, time
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing.pool import ThreadPool
    from multiprocessing.shared_memory import SharedMemory

    def doubled(number):
        time.sleep(number)
        return 2 * number

    def sends(connection):
        connection.send("sent")

    def piped():
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=sends, args=(theirs,))
        process.start()
        answer = ours.recv()
        process.join()
        return answer

    def handler(event, context):
        began = time.time()
        try:
            return [eval(event), round(time.time() - began)]
        except OSError as error:
            return "OSError"
"""


@pytest.fixture(params=["private", "shared"])
def either(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(
    "expression",
    [
        "multiprocessing.Pool(2)",
        "ThreadPool(2)",
        "ProcessPoolExecutor(2)",
        "multiprocessing.Queue()",
        "multiprocessing.Lock()",
        "SharedMemory(create=True, size=8)",
    ],
)
def test_what_needs_shared_memory_fails_as_on_lambda(either, expression):
    assert asked(either(POOLS), expression) == "OSError"


def test_threads_of_a_pool_work_side_by_side(either):
    expression = "list(ThreadPoolExecutor(3).map(doubled, [1, 5, 2]))"
    assert asked(either(POOLS), expression) == [[2, 10, 4], 5]


def test_processes_talk_over_pipes(private):
    assert asked(private(POOLS), "piped()")[0] == "sent"
