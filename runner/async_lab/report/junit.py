"""The expectations as JUnit XML, which every CI shows: a suite for each run, a case for each expectation."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from async_lab.runs.result import RunResult
from async_lab.wording import printable


def junit(results: Sequence[RunResult]) -> str:
    """Return the runs as JUnit XML. A run that compares nothing has one case, which passes."""
    root = ET.Element("testsuites", name="async-lab")
    for result in results:
        root.append(_suite(result))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(result: RunResult) -> ET.Element:
    name = result.scenario.name
    cases = result.comparisons
    failures = sum(not comparison.is_met for comparison in cases)
    suite = ET.Element("testsuite", name=name, tests=str(len(cases) or 1), failures=str(failures), errors="0")
    suite.set("time", f"{sum(result.wall_seconds.values()):.3f}")
    for comparison in cases:
        case = ET.SubElement(suite, "testcase", classname=f"async-lab.{name}", name=comparison.expectation.subject)
        if not comparison.is_met:
            ET.SubElement(case, "failure", message=printable(str(comparison)))
    if not cases:
        ET.SubElement(suite, "testcase", classname=f"async-lab.{name}", name="runs")
    found = "\n".join(f"{finding.title}. {finding.explanation}" for finding in result.findings)
    ET.SubElement(suite, "system-out").text = printable(found)
    return suite
