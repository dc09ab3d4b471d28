"""Tests of one's own functions: a lab in a ``with`` block, and the pytest plugin."""

from async_lab.observation.events import Attempt, Delivery, Event, Events, Outcome
from async_lab.testing.alarms import Alarm
from async_lab.testing.errors import StillWaiting
from async_lab.testing.functions import Function
from async_lab.testing.lab import Lab
from async_lab.testing.queues import Message
from async_lab.testing.terraform import Stack

__all__ = [
    "Alarm",
    "Attempt",
    "Delivery",
    "Event",
    "Events",
    "Function",
    "Lab",
    "Message",
    "Outcome",
    "Stack",
    "StillWaiting",
]
