"""JSON Schemas as strictly as tests want them: no key that isn't described."""

from copy import deepcopy

from jsonschema import Draft202012Validator, FormatChecker


def strict(schema):
    """Return a validator that takes no key that the schema doesn't name."""
    closed = deepcopy(schema)
    _close(closed)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(closed, format_checker=FormatChecker())


def _close(part):
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            part.setdefault("additionalProperties", False)
        for value in part.values():
            _close(value)
    elif isinstance(part, list):
        for value in part:
            _close(value)
