from textwrap import dedent

import pytest


@pytest.fixture
def handler(tmp_path):
    """Write a handler's module; return what ``function`` is given for it."""

    def write(source, name="app"):
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / f"{name}.py").write_text(dedent(source))
        return f"{tmp_path}/src/{name}.py:handler"

    return write


@pytest.fixture
def failing(handler):
    return handler("def handler(event, context):\n    print('got', event)\n    raise ValueError('no rows')\n")


@pytest.fixture
def working(handler):
    return handler("def handler(event, context):\n    return {'seen': event}\n", "works")
