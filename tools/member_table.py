"""Write docs/members.md from the endpoint's own table: ``python -m tools.member_table``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from moto.core.utils import get_service_model

from async_lab.endpoint.http.members import Members, leaves, table

DOCUMENT = Path(__file__).parents[1] / "docs" / "members.md"
_NAMES = {
    "lambda": "Lambda",
    "cloudwatch": "CloudWatch",
    "sqs": "SQS",
    "sns": "SNS",
    "events": "EventBridge",
    "scheduler": "EventBridge Scheduler",
    "logs": "CloudWatch Logs",
    "s3": "S3",
    "iam": "IAM",
    "sts": "STS",
}

_TEXT = """\
# What becomes of each member of a request

Written by `python -m tools.member_table` from `runner/async_lab/endpoint/http/members.toml`, which is what the embedded
endpoint goes by. Every member that botocore knows of these operations is **acted on**; or **kept**, which means that it
changes nothing the lab shows, and reads back where AWS lets one read it; or **refused** with a 400
`ValidationException` that names it. Members that are newer than the table are refused too, and a test fails when
botocore learns of one. Operations of Lambda and CloudWatch that aren't named here are refused with a 501
`NotImplemented`; those of other services are moto's.

{counts}

{services}
"""


def main() -> None:
    """Write the page."""
    DOCUMENT.write_text(document(), encoding="utf-8")


def document() -> str:
    """Return the page."""
    services = "\n\n".join(_service(service) for service in _NAMES)
    return _TEXT.format(counts="\n".join(_counts()), services=services)


def counted(service: str) -> tuple[int, int, int]:
    """Return how many members of a service are acted on, kept and refused."""
    every = table()[service]
    known = sum(len(_known(service, operation)) for operation in every)
    acted_on, kept = (sum(len(getattr(each, kind)) for each in every.values()) for kind in ("acted_on", "kept"))
    return acted_on, kept, known - acted_on - kept


def _known(service: str, operation: str) -> set[str]:
    shape = get_service_model(service).operation_model(operation).input_shape
    return set(leaves(shape)) - {""} if shape else set()


def _counts() -> Iterator[str]:
    yield "| service | operations | acted on | kept | refused |"
    yield "| --- | --- | --- | --- | --- |"
    total = [0, 0, 0, 0]
    for service, name in _NAMES.items():
        row = (len(table()[service]), *counted(service))
        total = [before + now for before, now in zip(total, row, strict=True)]
        yield f"| {name} | {' | '.join(map(str, row))} |"
    yield f"| all | {' | '.join(map(str, total))} |"


def _service(service: str) -> str:
    rows = [_row(operation, members) for operation, members in table()[service].items()]
    told = [row for row in rows if row]
    silent = [f"`{operation}`" for operation, row in zip(table()[service], rows, strict=True) if not row]
    lines = [f"## {_NAMES[service]}", "", "| operation | kept | refused |", "| --- | --- | --- |", *told]
    if silent:
        lines += ["", f"Acted on whole: {', '.join(silent)}."]
    return "\n".join(lines)


def _row(operation: str, members: Members) -> str:
    if not members.kept and not members.refused:
        return ""
    return f"| `{operation}` | {_listed(members.kept)} | {_listed(members.refused, members)} |"


def _listed(paths: frozenset[str], members: Members | None = None) -> str:
    return ", ".join(f"`{path}`{_but(path, members)}" for path in sorted(paths)) or "·"


def _but(path: str, members: Members | None) -> str:
    harmless = [
        f"`{value}`" if value else "empty"
        for member, values in (members.harmless if members else {}).items()
        for value in values
        if member == path or (path.endswith(".*") and member.startswith(path[:-1]))
    ]
    return f" (but {' or '.join(harmless)})" if harmless else ""


if __name__ == "__main__":
    main()
