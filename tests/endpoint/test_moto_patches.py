import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import async_lab.endpoint
from async_lab.endpoint.moto_patches import replace, replace_route

SOURCES = Path(inspect.getfile(async_lab.endpoint)).parent


class Owner:
    there = 1


def test_what_is_there_is_replaced_and_what_is_not_is_named():
    replace(Owner, "there", 2)
    assert Owner.there == 2
    with pytest.raises(AttributeError, match=r"There is no Owner\.renamed any more"):
        replace(Owner, "renamed", 2)
    routes = {"/a": 1}
    replace_route(routes, "/a", 2)
    assert routes == {"/a": 2}
    with pytest.raises(KeyError, match="moto has no path /b any more"):
        replace_route(routes, "/b", 2)


def is_foreign(module):
    return module.partition(".")[0] not in {"async_lab", *sys.stdlib_module_names}


def imported_from_outside(tree):
    """Names of other people's packages, and of what is in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.asname or name.name.partition(".")[0] for name in node.names if is_foreign(name.name))
        elif isinstance(node, ast.ImportFrom) and is_foreign(node.module or ""):
            yield from (name.asname or name.name for name in node.names)


def assignments_to_foreign_names(file):
    tree = ast.parse(file.read_text())
    foreign = set(imported_from_outside(tree))
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else ()
        for target in targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                root = target.value
                while isinstance(root, ast.Attribute):
                    root = root.value
                if isinstance(root, ast.Name) and root.id in foreign:
                    yield f"{file.relative_to(SOURCES)}:{node.lineno}"


def test_nothing_of_moto_is_replaced_but_through_replace():
    files = [file for file in SOURCES.rglob("*.py") if "lab_child" not in file.parts]
    assert [place for file in files for place in assignments_to_foreign_names(file)] == []


REPLACED_TWICE = """
from collections import defaultdict
from async_lab.endpoint import moto_patches
replaced, real = defaultdict(set), moto_patches.replace
def replace(owner, name, ours):
    by = getattr(ours, "__qualname__", type(ours).__qualname__), getattr(ours, "__module__", "")
    called = getattr(owner, "__qualname__", None) or getattr(owner, "__name__", type(owner).__qualname__)
    replaced[called, name].add(by)
    real(owner, name, ours)
moto_patches.replace = replace
from async_lab.endpoint.embedded import Endpoint
with Endpoint():
    pass
assert len(replaced) > 50, replaced
print(sorted(what for what, by in replaced.items() if len(by) > 1))
"""


def test_nothing_is_replaced_by_two_of_ours():
    ran = subprocess.run([sys.executable, "-c", REPLACED_TWICE], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
