"""Write tests/diagnosis/findings.txt, all that the diagnosis says in words: ``python -m tools.finding_texts``.

The cases are those of ``tests/diagnosis/finding_cases.py``. A test compares; who changes what is said, or by which
figures, writes the file anew and reads the difference, as a reviewer does. Since when something is wrong and whose
retries it was is written in the cases of ``history`` alone: it would be in almost every case.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from async_lab.diagnosis import Fact, Figure, Finding, examine
from async_lab.diagnosis.finding import Evidence
from async_lab.observation.observations import Observations

TESTS = Path(__file__).parents[1] / "tests"
DOCUMENT = TESTS / "diagnosis" / "findings.txt"
_HISTORY = "history: "
_OF_HISTORY = ("began", "retried-by-lambda")


def main() -> None:
    """Write what is found in each case."""
    sys.path[:0] = [str(TESTS), str(TESTS / "diagnosis")]
    cases: Mapping[str, Observations] = importlib.import_module("finding_cases").CASES
    DOCUMENT.write_text("\n".join(text_of(name, seen) for name, seen in cases.items()), encoding="utf-8")


def text_of(name: str, seen: Observations) -> str:
    """Return a case with its findings, the strongest first."""
    findings = [each for each in examine(seen) if name.startswith(_HISTORY) or each.code not in _OF_HISTORY]
    return "\n".join([f"===== {name} =====", "", *(line for finding in findings for line in _lines(finding))])


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.code} ({finding.severity}, {finding.confidence}): {finding.title}"
    yield f"  {finding.explanation}"
    yield from (f"  evidence: {_evidence(each)}" for each in finding.evidence)
    yield from (f"  or else: {each}" for each in finding.alternatives)
    yield from (f"  advice: {each}" for each in finding.advice)
    yield f"  source: {finding.source}"
    yield ""


def _evidence(evidence: Evidence) -> str:
    match evidence:
        case Figure(minutes=minutes):
            times = "".join(f" {datetime.fromtimestamp(minute, UTC):%H:%M}" for minute in minutes)
            return f"{evidence} [{_raw(evidence.value)} {evidence.unit!r}{times}]"
        case Fact(is_known=is_known):
            return f"{evidence} [{_raw(evidence.value)} {evidence.unit!r}{'' if is_known else ', not known'}]"


def _raw(value: float | str | None) -> str:
    match value:
        case float():
            return f"{value:g}"
        case str():
            return "text"
    return repr(value)


if __name__ == "__main__":
    main()
