"""Handlers in files: what defines one, and that others may build syntax trees meanwhile."""

import ast
import threading

import pytest

from async_lab.errors import UsageError
from async_lab.testing.functions import code_of


@pytest.mark.parametrize(
    "source",
    [
        b"def handler(event, context): ...",
        b"async def handler(event, context): ...",
        b"class Handler: ...\nhandler = Handler()",
        b"try:\n    from fast import handler\nexcept ImportError:\n    import slow as handler",
        b"if True:\n    handler = lambda event, context: None",
        b"handler: object = print",
        b"(handler := print)",
        b"# coding: latin-1\n# \xe9\ndef handler(event, context): ...",
    ],
)
def test_whatever_binds_the_name_defines_the_handler(tmp_path, source):
    (tmp_path / "app.py").write_bytes(source)
    assert code_of("app.py:handler", tmp_path).handler == "app.handler"


@pytest.mark.parametrize(
    "source", [b"print(handler)", b"class A:\n    def handler(self): ...", b"def f():\n    handler = 1", b"# handler"]
)
def test_what_binds_another_or_none_does_not(tmp_path, source):
    (tmp_path / "app.py").write_bytes(source)
    with pytest.raises(UsageError, match="defines no 'handler'"):
        code_of("app.py:handler", tmp_path)


@pytest.mark.parametrize("source", [b"def handler(:", b"\xff", b"a\0b", b"# coding: none-such\n"])
def test_what_is_no_module_is_refused(tmp_path, source):
    (tmp_path / "app.py").write_bytes(source)
    with pytest.raises(UsageError, match=r"The handler can't be imported: .*app\.py"):
        code_of("app.py:handler", tmp_path)


def test_a_file_is_read_while_other_threads_build_syntax_trees(tmp_path, interrupted_often):
    """CPython 3.11 counts the depth of all trees together, see python/cpython#106905."""
    source = "\n".join(f"def function_{number}(event, context): return [{number}, event]" for number in range(20))
    (tmp_path / "app.py").write_text(f"{source}\ndef handler(event, context): ...")
    is_over, failures = threading.Event(), []

    def build():
        while not is_over.is_set():
            try:
                ast.parse(source)
            except SystemError:
                """Its own trouble with the others."""

    def use():
        try:
            for _ in range(50):
                code_of("app.py:handler", tmp_path)
        except SystemError as failure:
            failures.append(failure)

    builders = [threading.Thread(target=build) for _ in range(4)]
    users = [threading.Thread(target=use) for _ in range(2)]
    for thread in (*builders, *users):
        thread.start()
    for thread in users:
        thread.join()
    is_over.set()
    for thread in builders:
        thread.join()
    assert failures == []
