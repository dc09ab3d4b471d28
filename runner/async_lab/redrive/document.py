"""What ``redrive --json`` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from async_lab.redrive.plan import Plan, Planned
from async_lab.redrive.sending import Sent
from async_lab.redrive.stores import Store
from async_lab.target.base import Target
from async_lab.timestamps import iso

SCHEMA = "async-lab/redrive/1"
"""The number changes when a key goes or changes its meaning; ``docs/redrive.schema.json`` describes each key."""


def text(store: Store, target: Target, plan: Plan, sent: Sequence[Sent] | None, error: Mapping[str, Any] | None) -> str:
    """Return one object: what was found, and what became of each event; ``sent`` is None when nothing was to be sent.

    ``error`` is the failure that ended it early, as its message and exit code.
    """
    became = {one.event.id: one for one in sent or ()}
    content = {
        "schema": SCHEMA,
        "source": store.title,
        "target": {"name": target.name, "account_id": target.account_id, "region": target.region},
        "dry_run": sent is None,
        "events": [_event(event, became.get(event.id)) for event in plan.events],
        "left": [asdict(left) for left in plan.left],
        "not_meant": plan.not_meant,
        "gaps": [asdict(gap) | {"words": str(gap)} for gap in plan.gaps],
        "error": error,
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _event(event: Planned, sent: Sent | None) -> dict[str, Any]:
    return {
        "id": event.id,
        "request_id": event.request_id,
        "function": str(event.function),
        "condition": event.condition,
        "failed_at": iso(event.failed_at),
        **({} if event.payload is None else {"payload": event.payload}),
        "verdict": None if sent is None else sent.verdict.value,
        "new_request_id": None if sent is None else sent.request_id,
        "reason": None if sent is None else sent.reason,
    }
