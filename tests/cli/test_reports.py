"""``report``, ``runs``, ``show``, ``compare`` and ``export``, on runs that lie in a checkout. Nothing is made."""

import json
from xml.etree import ElementTree as ET

import pytest
from program import call, copy_of_checkout
from results import METRICS, result_of

from async_lab.errors import ExitCode
from async_lab.runs.document import write

pytestmark = pytest.mark.e2e


@pytest.fixture
def checkout(tmp_path):
    """A copy of the checkout with two runs: of all scenarios together, and a newer one of scenario 3."""
    project = copy_of_checkout(tmp_path)
    for number, name in enumerate(METRICS):
        result = result_of(name, run_id=f"{number:08x}")
        write(result, project.runs / "20261129T100000-baseline-0001" / name)
    write(result_of("scenario-3", run_id="abcdef01"), project.runs / "20261129T110000-scenario-3-0002")
    return project


def test_runs_lists_the_newest_first_and_says_what_it_could_not_read(checkout):
    (checkout.runs / "20261129T100000-baseline-0001" / "baseline" / "result.json").write_text("{}")
    listed = call(checkout, "runs")

    assert listed.returncode == ExitCode.AS_EXPECTED
    ids = [line.split()[1] for line in listed.stdout.splitlines() if line.startswith(("✓", "ok"))]
    assert ids[0] == "abcdef01"
    assert len(ids) == 5
    assert "1 more result can't be read" in listed.stderr


def test_show_prints_a_run_as_it_was_printed(checkout):
    shown = call(checkout, "show", "00000003")

    assert shown.returncode == ExitCode.AS_EXPECTED
    assert shown.stdout.splitlines()[1] == "scenario-3: as expected, 7 of 7 expectations met."
    assert "What happened" in shown.stdout
    assert "dropped at t+0:30" in " ".join(shown.stdout.split())


def test_report_writes_one_page_for_all_that_ran_together(checkout):
    newest = call(checkout, "report")
    together = call(checkout, "report", "20261129T100000-baseline-0001")

    assert newest.stdout == ".lab/runs/20261129T110000-scenario-3-0002/report.html\n"
    assert together.stdout == ".lab/runs/20261129T100000-baseline-0001/report.html\n"
    page = (checkout.root / together.stdout.strip()).read_text()
    assert all(f'id="run-{name}"' in page for name in METRICS)


def test_compare_sets_two_runs_side_by_side(checkout):
    compared = call(checkout, "compare", "00000002", "abcdef01")

    assert compared.returncode == ExitCode.AS_EXPECTED
    assert "maximum_event_age_in_seconds" in compared.stdout
    several = call(checkout, "compare", "20261129T100000-baseline-0001", "abcdef01")
    assert several.returncode == ExitCode.USAGE
    assert "holds 5 runs: name one of them by its id: 00000000 (baseline)" in several.stderr


def test_compare_cuts_no_setting_in_a_narrow_terminal(checkout):
    compared = call(checkout, "compare", "00000000", "abcdef01", COLUMNS="50")
    assert "≠" in compared.stdout
    assert "…" not in compared.stdout


@pytest.mark.parametrize(
    ("format_", "reads"),
    [
        ("csv", lambda text: text.startswith("run_id,scenario,metric")),
        ("openmetrics", lambda text: text.endswith("# EOF\n")),
        ("perfetto", lambda text: json.loads(text)["traceEvents"]),
        ("svg", lambda text: ET.fromstring(text).tag.endswith("svg")),
    ],
)
def test_export_gives_what_other_tools_read(checkout, format_, reads):
    printed = call(checkout, "export", "--format", format_)
    written = call(checkout, "export", "--format", format_, "--output", checkout.root / "out")

    assert (printed.returncode, written.returncode, written.stdout) == (0, 0, "")
    assert reads(printed.stdout)
    assert (checkout.root / "out").read_text() == printed.stdout


@pytest.mark.parametrize(("format_", "begins"), [("parquet", b"PAR1"), ("png", b"\x89PNG")])
def test_export_writes_what_is_no_text(checkout, format_, begins):
    written = call(checkout, "export", "--format", format_, "abcdef01" if format_ == "parquet" else "00000000",
                   "--output", checkout.root / "out")  # fmt: skip

    assert (written.returncode, written.stdout) == (0, ""), written.stderr
    assert (checkout.root / "out").read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "nothing"), ExitCode.USAGE, 'There is no run "nothing"; list them with: async-lab runs'),
        (("export", "--format", "svg", "20261129T100000-baseline-0001"), ExitCode.USAGE, "A picture shows one run"),
        (
            ("export", "--output", "none/there.csv"),
            ExitCode.ENVIRONMENT,
            "none/there.csv can't be written (No such file",
        ),
        (("report", "terraform/main.tf"), ExitCode.USAGE, "terraform/main.tf is no run's document"),
    ],
)
def test_what_can_not_be_done_is_told_in_a_sentence(checkout, arguments, code, said):
    told = call(checkout, *arguments)

    assert (told.returncode, told.stdout) == (code, "")
    assert told.stderr.startswith(f"Error: {said}")
    assert len(told.stderr.splitlines()) == 1
