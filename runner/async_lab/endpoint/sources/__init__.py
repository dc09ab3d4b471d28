"""What invokes a function asynchronously: buckets, topics, rules, schedules, logs, alarms, and the pollers of queues.

moto would run the function at once, in a container. Here it becomes an event in the function's queue, like any other.
"""

from async_lab.endpoint.sources import alarms, buckets, logs, rules, topics
from async_lab.endpoint.sources.reach import Reach


def install(reach: Reach) -> None:
    """Let each source reach what it is set up for; calling again changes ``reach`` alone."""
    for source in (alarms, buckets, topics, rules, logs):
        source.install(reach)
