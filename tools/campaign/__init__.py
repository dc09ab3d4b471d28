"""A campaign of faults against the whole product: kills, odd inputs, odd requests and odd handlers.

Each case is drawn from a seed and its number alone, so that a report's line can be run again by itself. What every case
is held against are the promises that a user relies on: an exit code that means something, a sentence and no traceback,
an end in bounded time, and nothing left behind.
"""
