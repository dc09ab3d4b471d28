"""Werkzeug's URL rules, which moto makes on the endpoint's threads."""

import ast
import threading

import pytest
from werkzeug.routing import Map, Rule, rules

from async_lab.endpoint.http import dispatch


@pytest.fixture(autouse=True)
def _installed():
    dispatch.install()


def test_no_syntax_tree_is_built_for_what_moto_serves(monkeypatch):
    """CPython 3.11 counts the depth of all trees together, those of the user's own threads too."""
    trees, parse = [], ast.parse
    monkeypatch.setattr(rules.ast, "parse", lambda *source, **how: trees.append(source) or parse(*source, **how))
    adapter = dispatch._service_application("iam").url_map.bind("localhost")
    assert adapter.match("/", method="POST")
    assert trees == []


def test_rules_are_compiled_and_urls_built_on_many_threads_at_once(interrupted_often):
    failures = []

    def make():
        try:
            for _ in range(10):
                names = [f"part-{number}" for number in range(20)]
                made = Map([Rule(f"/functions/<name>/{name}/<qualifier>", endpoint=name) for name in names])
                for name in names:
                    url = made.bind("lab").build(name, {"name": "f", "qualifier": "live", "more": 1})
                    assert url == f"/functions/f/{name}/live?more=1"
        except (SystemError, AssertionError) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
