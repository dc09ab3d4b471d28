"""A lab that is open without a change of the process's variables; the fixture `async_lab` makes those for each test."""

from contextlib import contextmanager

from async_lab import Lab


@contextmanager
def opened(**settings):
    lab = Lab(**settings)
    lab.open()
    try:
        yield lab
    finally:
        lab.close()
