"""What a test can do wrong beyond ``UsageError``."""

from __future__ import annotations

from async_lab.errors import UsageError


class NotOnAws(UsageError):
    """The embedded endpoint does this, and an account of AWS can't."""


class StillWaiting(UsageError):
    """What was waited for didn't come within the limit: the message names the event, what it waits for, until when."""
