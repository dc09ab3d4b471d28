"""The requests about event source mappings."""

from __future__ import annotations

from async_lab.endpoint.functions.requests import Answer, Requests, answer
from async_lab.endpoint.sources import mappings
from async_lab.endpoint.sources.mappings import QueueMapping


class MappingRequests(Requests):
    """Made, changed, read back and deleted; each is at once what it was asked to become."""

    def create_event_source_mapping(self) -> Answer:
        """Make a mapping."""
        return answer(202, mappings.create(self.backend, self.json_body, self._at()).response("Creating"))

    def get_event_source_mapping(self) -> Answer:
        """Return a mapping."""
        return answer(200, _present(mappings.get(self.backend, self._uuid())))

    def update_event_source_mapping(self) -> Answer:
        """Change a mapping."""
        changed = mappings.update(self.backend, self._uuid(), self.json_body, self._at())
        return answer(202, changed.response("Updating"))

    def delete_event_source_mapping(self) -> Answer:
        """Delete a mapping."""
        return answer(202, mappings.delete(self.backend, self._uuid()).response("Deleting"))

    def list_event_source_mappings(self) -> Answer:
        """Return the mappings of a function or of a queue, or all."""
        asked = [(self.querystring.get(name) or [None])[0] for name in ("FunctionName", "EventSourceArn")]
        found = mappings.listed(self.backend, *asked)
        return answer(200, {"EventSourceMappings": [_present(mapping) for mapping in found]})

    def _uuid(self) -> str:
        return str(self.path.rstrip("/").rsplit("/", 1)[-1])


def _present(mapping: QueueMapping) -> dict[str, object]:
    return mapping.response("Enabled" if mapping.enabled else "Disabled")
