"""The page of a run: read in Debian's Chromium, where that is installed, and as text everywhere."""

import base64
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from results import METRICS, result_of
from series import metrics_of
from test_event_rows import START, event, on_aws

from async_lab.observation.events import Outcome
from async_lab.report.page import page, settings_of
from async_lab.runs.document import document
from async_lab.scenario.model import EventTarget, MixPart, OtherFunction

FIVE_SCENARIOS_BYTES, BOUND_BYTES = 300_000, 600_000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE_PIXELS = 390
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


class Page(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self._text = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self._text.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self._text).split())


FIVE = page([result_of(name) for name in METRICS])


def test_the_page_has_the_answer_first():
    text = Page(page([result_of("scenario-3")])).text
    finding = result_of("scenario-3").findings[0]

    in_order = [
        "scenario-3: as expected, 7 of 7 expectations met.",
        f"{finding.title}.",
        finding.explanation,
        "What happened",
        "6 attempts throttled; dropped at t+0:30",
        "What to do",
        finding.advice[0],
        "Metrics",
        "Expectations",
        "Configuration",
    ]
    places = [text.index(words, text.index("scenario-3: as")) for words in in_order]
    assert places == sorted(places)


def test_the_page_needs_nothing_but_itself():
    elements = Page(FIVE).elements

    assert not [tag for tag, _ in elements if tag in ("script", "iframe", "object", "embed", "img")]
    addresses = [value for _, attributes in elements for name, value in attributes.items() if name in ("src", "href")]
    assert addresses
    assert [address for address in addresses if not re.match(r"#|data:", address)] == []
    assert "url(" not in FIVE.replace("url(#none)", "")
    assert "default-src 'none'" in FIVE


def test_five_scenarios_are_small_enough_to_be_sent_around():
    assert len(FIVE.encode()) < FIVE_SCENARIOS_BYTES


def test_a_hundred_thousand_events_are_bounded():
    outcomes = (Outcome.SUCCESS, Outcome.ERROR)
    many = tuple(
        event(
            (n % 300, outcomes[n % 2], 1.0),
            condition=("Success", "RetriesExhausted")[n % 2],
            ended=n % 300 + 1,
            request_id=f"r{n}",
        )
        for n in range(100_000)
    )
    html = page([result_of("baseline", events=many, started_at=START, ended_at=START + 301)])

    assert len(html.encode()) < BOUND_BYTES
    text = Page(html).text
    assert "50,000 events" in text
    assert "the first 50 of 100,000" in text
    assert "is in result.json, beside this page" in text


def test_the_runs_data_can_be_taken_from_the_page():
    result = result_of("scenario-2")
    (address,) = [a["href"] for _, a in Page(page([result])).elements if a.get("download") == "scenario-2.json"]

    assert json.loads(base64.b64decode(address.partition("base64,")[2])) == document(result)


def test_what_others_wrote_is_text():
    odd = "<script>alert(1)</script>"
    result = result_of("scenario-1")
    (one,) = result.events
    failed = tuple(
        type(attempt)(attempt.at, attempt.age_seconds, attempt.outcome, 1.0, None, odd, odd) for attempt in one.attempts
    )
    html = page([result_of("scenario-1", gaps=(odd,), events=(type(one)(odd, odd, "", one.accepted_at, failed),))])

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_no_data_point_looks_unlike_zero():
    html = page([result_of("scenario-3")])

    assert re.search(r'class="none"><title>08:2\d: no data point</title>', html)
    errors = html[html.index("<h3>Errors</h3>") :]
    assert re.search(r">0</text>", errors[: errors.index("</svg>")])


def test_periods_in_alarm_and_limits_are_drawn_in():
    html = page([result_of("scenario-3")])
    dropped = html[html.index("<h3>AsyncEventsDropped</h3>") :]

    assert "async-lab-dropped in ALARM from t+1:15" in dropped[: dropped.index("</svg>")]
    assert "maximum event age 60 s" in html
    assert "<title>reserved concurrency 1</title>" in html


def test_what_is_inferred_is_said():
    assert "Inferred from the ages" in Page(page([on_aws("scenario-1")])).text


def test_whoever_does_not_see_it_is_told_the_same():
    elements = Page(FIVE).elements

    assert dict(elements)["html"]["lang"] == "en"
    pictures = [attributes for tag, attributes in elements if tag == "svg"]
    assert [
        a for a in pictures if not (a.get("aria-hidden") == "true" or (a["role"] == "img" and a["aria-label"]))
    ] == []
    identifiers = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    assert all("scope" in attributes for tag, attributes in elements if tag == "th")


# --- in Chromium ---

_PROBE = """<!doctype html><title>waits</title><body style="margin:0">
<iframe src="page.html" style="border:0;width:WIDTHpx;height:4000px"></iframe><script>
addEventListener('load', () => {
  const inside = document.querySelector('iframe').contentDocument;
  const bars = [...inside.querySelectorAll('.card')].map(card => [card.querySelector('h3').textContent,
    [...card.querySelectorAll('rect.bar title')].map(title => title.textContent)]);
  const wide = [...inside.querySelectorAll('body *')].filter(one => !one.closest('.scroll') && !one.closest('defs')
    && one.getBoundingClientRect().right > inside.documentElement.clientWidth + 8)
    .map(one => one.outerHTML.slice(0, 80));
  const requests = inside.defaultView.performance.getEntriesByType('resource').map(one => one.name);
  document.body.textContent = JSON.stringify({bars, wide, scroll: inside.documentElement.scrollWidth,
    client: inside.documentElement.clientWidth, first: inside.querySelector('.finding').textContent,
    requests});
});
</script>"""


def read_in_chromium(tmp_path, html, width):
    """Return what a script beside the page reads in it, and what the browser complains of."""
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    (tmp_path / "probe.html").write_text(_PROBE.replace("WIDTH", str(width)), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--enable-logging=stderr",
            "--virtual-time-budget=5000",
            "--dump-dom",
            f"file://{tmp_path / 'probe.html'}",
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    complaints = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    (found,) = re.findall(r"<body[^>]*>(\{.*\})</body>", done.stdout, re.DOTALL)
    return json.loads(found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")), complaints


@in_a_browser
@pytest.mark.parametrize("width", [PHONE_PIXELS, 1_200])
def test_a_browser_shows_the_right_numbers_without_an_error_a_request_or_a_scroll_bar(tmp_path, width):
    found, complaints = read_in_chromium(tmp_path, page([result_of("scenario-3")]), width)

    assert complaints == []
    assert found["requests"] == []
    assert found["first"] == f"{result_of('scenario-3').findings[0].title}."
    bars = dict(found["bars"])
    assert bars["AsyncEventsReceived"] == ["08:23: 2"]
    assert bars["AsyncEventAge"] == ["08:23: 7.8 s", "08:24: 30.1 s"]
    assert bars["Throttles"] == ["08:23: 4", "08:24: 2"]
    assert found["scroll"] <= found["client"] <= width
    assert found["wide"] == []


@in_a_browser
def test_many_scenarios_and_long_names_do_not_scroll_on_a_phone(tmp_path):
    long = result_of("scenario-2", function_name="f" * 64, gaps=("w" * 300,))
    found, complaints = read_in_chromium(tmp_path, page([long, result_of("scenario-1")]), PHONE_PIXELS)

    assert complaints == []
    assert found["scroll"] <= found["client"]
    assert found["wide"] == []


def test_settings_are_shown_as_a_file_has_them_and_without_what_says_nothing():
    result = result_of("baseline")
    about = replace(
        result.scenario,
        behavior=replace(result.scenario.behavior, mix=(MixPart(0.5, "fail"),)),
        on_failure=EventTarget("topic", "missing"),
        other_functions={"busy": OtherFunction(events=10, sleep_seconds=90)},
    )
    shown = dict(settings_of(replace(result, scenario=about)))
    assert shown["on_failure"] == "type = topic, problem = missing"
    assert shown["other_functions"] == "busy = { events = 10, sleep_seconds = 90 }"
    assert "mix = [{ share = 0.5, action = fail, sleep_seconds = 0.0 }]" in shown["behavior"]
    assert "recovers_after_seconds" not in shown["behavior"]
    assert not {"dead_letter_target", "account_concurrency", "changed"} & set(shown)
    assert shown["reserved_concurrent_executions"] == "-1"
    assert shown["trigger"] == "service = direct, permitted = true, endings = [.json]"


def test_where_nothing_is_compared_the_page_says_why():
    assert "Not compared: the scenario" in page([result_of("baseline", comparisons=())])


def test_a_run_of_which_nothing_arrived_has_no_empty_chart():
    html = page([result_of("baseline", events=(), metrics=metrics_of(), alarms=())])

    assert "Lambda received none of 1 event: there is nothing to draw." in Page(html).text
    assert 'class="legend"' not in html
    assert "Hatched" not in html
    assert 'aria-hidden="true" width="100%"' not in html.partition("What to do")[0]
