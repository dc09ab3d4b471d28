"""Environment variables of this process, for a while."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def variables_set(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the block, and restore them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def variables_in_place_of(are_others: Callable[[str], bool], variables: Mapping[str, str]) -> Iterator[None]:
    """Have these environment variables instead of all whose name is one of the others, and restore those."""
    before = {name: value for name, value in os.environ.items() if are_others(name)}
    for name in before:
        del os.environ[name]
    try:
        with variables_set(variables):
            yield
    finally:
        for name in [name for name in os.environ if are_others(name)]:  # what the block has set
            del os.environ[name]
        os.environ.update(before)
