"""A plugin of pytest for ``make mutants``: each run of tests imports the models anew, and remembers nothing of another.

mutmut imports the models once and forks a process for each mutant. What a model does while it is imported (the table of
metric math's functions is made then) and what it remembers (parsed expressions, statistics by name) would be that of
the unchanged code, and a mutant of it would seem to survive. So modules are forgotten before a run, and what they
remember before a test. mutmut also notes which test calls which function: what was called during the import counts for
every test that uses the same module.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from pathlib import Path

import pytest
from mutmut.state import state

_MODELS = ("async_lab.twin", "async_lab.cloudwatch", "async_lab.diagnosis")
_called_at_import: set[str] = set()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Forget the models, their tests and what these import of ``tools``; all else is slow to import."""
    tests = Path.cwd() / "tests"
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        is_of_tests = file is not None and tests in Path(file).parents
        if name != __name__ and (_is_model(name) or name.startswith("tools.") or is_of_tests):
            del sys.modules[name]


def pytest_collection_finish() -> None:
    """Note what was called during the import."""
    _called_at_import.update(state()._stats)  # noqa: SLF001 - mutmut has no other way
    state()._stats.clear()  # noqa: SLF001


def pytest_runtest_setup() -> None:
    """Forget what was remembered."""
    for remembered in _remembered():
        remembered.cache_clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Let the test count as one of what its modules called during the import; mutmut reads this next."""
    called = state()._stats  # noqa: SLF001
    modules = {_module(name) for name in called}
    called.update(name for name in _called_at_import if _module(name) in modules)


def _is_model(name: str) -> bool:
    return name.startswith(_MODELS)


def _module(function: str) -> str:
    return function.rpartition(".")[0]


def _remembered() -> Iterator[_lru_cache_wrapper[object]]:
    for name in [name for name in sys.modules if _is_model(name)]:
        for each in vars(sys.modules[name]).values():
            if isinstance(each, _lru_cache_wrapper) and each.cache_parameters()["maxsize"] != 1:  # that is a parser
                yield each
