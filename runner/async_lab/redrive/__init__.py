"""Failed events, read where Lambda has put them, invoked again, and deleted there once Lambda has accepted them."""

from async_lab.redrive.failed import FailedEvent, NotAnEvent
from async_lab.redrive.plan import Invoked, Left, Plan, Planned, Selection, look
from async_lab.redrive.sending import Sent, Verdict, send
from async_lab.redrive.stores import Store, open_store, policy

__all__ = [
    "FailedEvent",
    "Invoked",
    "Left",
    "NotAnEvent",
    "Plan",
    "Planned",
    "Selection",
    "Sent",
    "Store",
    "Verdict",
    "look",
    "open_store",
    "policy",
    "send",
]
