import pytest


@pytest.fixture
def failing(handler):
    return handler("def handler(event, context):\n    print('got', event)\n    raise ValueError('no rows')\n")


@pytest.fixture
def working(handler):
    return handler("def handler(event, context):\n    return {'seen': event}\n", "works")
