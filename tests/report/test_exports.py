"""What other programs get: JUnit, Markdown, CSV, OpenMetrics; and two runs side by side."""

import csv
import io
import re
import sys
from functools import partial
from xml.etree import ElementTree as ET

import pytest
from pyarrow import parquet
from results import METRICS, result_of
from resvg_py import svg_to_bytes
from rich.console import Console

from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.report.comparison import show_comparison
from async_lab.report.inferred import timeline_of
from async_lab.report.junit import junit
from async_lab.report.markdown import markdown
from async_lab.report.metrics_csv import metrics_csv
from async_lab.report.metrics_parquet import metrics_parquet
from async_lab.report.openmetrics import openmetrics
from async_lab.report.picture import _FONTS, png
from async_lab.report.svg import in_plain_style
from async_lab.report.timeline_svg import standalone

RESULTS = [result_of(name) for name in METRICS]
DIFFERENT = result_of("scenario-2", METRICS["scenario-3"], run_id="1b2c3d4e")


def test_junit_has_a_suite_for_each_run_and_a_failure_for_each_expectation_that_is_not_met():
    root = ET.fromstring(junit([result_of("baseline"), DIFFERENT]).encode())
    baseline, different = root.findall("testsuite")

    assert (baseline.get("name"), baseline.get("tests"), baseline.get("failures")) == ("baseline", "6", "0")
    assert (different.get("tests"), different.get("failures")) == ("7", "3")
    messages = [failure.get("message") for failure in different.iter("failure")]
    assert "Sum of AsyncEventsDropped: expected 0, saw 1" in messages
    assert DIFFERENT.findings[0].title in different.findtext("system-out")


def test_a_run_that_compares_nothing_has_one_case_that_passes():
    (suite,) = ET.fromstring(junit([result_of("baseline", comparisons=())]).encode())

    assert (suite.get("tests"), suite.get("failures"), len(suite.findall("testcase"))) == ("1", "0", 1)


def test_markdown_has_the_answer_the_events_and_what_was_not_as_expected():
    text = markdown([DIFFERENT])

    assert text.startswith("### ")
    assert f"**{DIFFERENT.findings[0].title}.**" in text
    assert all(f"| {row.label} | " in text for row in timeline_of(DIFFERENT).rows)
    assert "| Sum of AsyncEventsDropped | 0 | 1 |" in text


def test_markdown_shows_what_others_wrote_as_it_is():
    text = markdown([result_of("scenario-1", function_name="f", gaps=())])
    odd = markdown([result_of("baseline", scenario=_titled("a|b `c` <img> [d](e)"))])

    assert "Exception" not in text.splitlines()[0]
    assert r"a\|b \`c\` \<img\> \[d\](e)" in odd


def _titled(title):
    wanted = result_of("baseline").scenario
    return type(wanted)(**{name: getattr(wanted, name) for name in wanted.__slots__} | {"title": title})


def test_parquet_has_the_rows_of_the_csv_with_types():
    table = parquet.read_table(io.BytesIO(metrics_parquet(RESULTS)))
    rows = list(csv.DictReader(io.StringIO(metrics_csv(RESULTS))))

    assert table.column_names == list(rows[0])
    assert str(table.schema.field("minute").type) == "timestamp[ms, tz=UTC]"
    for ours, theirs in zip(table.to_pylist(), rows, strict=True):
        assert ours["minute"].isoformat().replace("+00:00", ".000Z") == theirs["minute"]
        assert {name: float(theirs[name]) for name in ("sum", "maximum")} == {n: ours[n] for n in ("sum", "maximum")}
    assert metrics_parquet([])[:4] == b"PAR1"


def test_png_is_the_picture_at_twice_its_size_in_colors_that_any_reader_knows():
    drawn = standalone(timeline_of(result_of("scenario-3")))
    picture = png(drawn)

    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (1_520, round(2 * float(re.search(r' height="([\d.]+)" role', drawn)[1])))
    assert picture != png(re.sub(r"<text.*?</text>", "", drawn))  # words are there
    assert "font:" not in in_plain_style(drawn)
    assert "var(--" not in in_plain_style(drawn)
    assert "@media" not in in_plain_style(drawn)


@pytest.mark.parametrize(
    ("module", "export", "extra"),
    [("pyarrow", lambda: metrics_parquet(RESULTS), "parquet"), ("resvg_py", lambda: png("<svg/>"), "png")],
)
def test_an_extra_that_is_not_installed_is_named_with_the_command(monkeypatch, module, export, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=rf"pip install 'async-lab\[{extra}\]'"):
        export()


def test_a_machine_without_fonts_gets_no_picture_without_words(monkeypatch):
    monkeypatch.setattr("resvg_py.svg_to_bytes", partial(svg_to_bytes, skip_system_fonts=True))
    with pytest.raises(EnvironmentFailure, match="none of the fonts DejaVu Sans"):
        png("<svg/>")


def test_a_font_that_the_machine_lacks_is_passed_over(monkeypatch):
    drawn = standalone(timeline_of(RESULTS[0]))
    as_found = png(drawn)
    monkeypatch.setattr("async_lab.report.picture._FONTS", ("No Such Font", *_FONTS))
    assert png(drawn) == as_found


def test_csv_has_every_data_point_once():
    rows = list(csv.DictReader(io.StringIO(metrics_csv(RESULTS))))

    assert len(rows) == sum(len(series.points) for result in RESULTS for series in result.metrics.values())
    ages = [row for row in rows if (row["scenario"], row["metric"]) == ("scenario-3", "AsyncEventAge")]
    assert [(row["minute"], row["maximum"]) for row in ages] == [
        ("2023-01-03T08:23:00.000Z", "7800"),
        ("2023-01-03T08:24:00.000Z", "30086"),
    ]


def test_openmetrics_has_each_family_in_one_piece_and_no_line_for_what_is_absent():
    lines = openmetrics(RESULTS).splitlines()

    assert lines[-1] == "# EOF"
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    samples = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]+\{(\w+="[^"]*",?)+\} \S+ \d+', line) for line in samples)
    in_order = [line.partition("{")[0] for line in samples]
    assert [name for n, name in enumerate(in_order) if n == 0 or in_order[n - 1] != name] == families
    assert 'aws_lambda_throttles_sum{scenario="scenario-3",run="0f3a9c21",function="async-lab"} 4 1672734180' in lines
    assert not any('scenario="scenario-4"' in line and "throttles" in line for line in lines)


def test_two_runs_side_by_side_show_what_differs():
    file = io.StringIO()
    show_comparison(Console(file=file, width=100), result_of("scenario-2"), DIFFERENT)
    lines = [line.rstrip() for line in file.getvalue().splitlines()]

    assert any(re.fullmatch(r"  ≠  AsyncEventsDropped +0 +1", line) for line in lines)
    assert any(re.fullmatch(r"     AsyncEventsReceived +2 +2", line) for line in lines)
    assert "  None." in lines  # of the settings none differs

    show_comparison(Console(file=file, width=100), result_of("scenario-2"), result_of("scenario-3"))
    assert re.search(r"≠  maximum_event_age_in_seconds +21600 +60", file.getvalue())
