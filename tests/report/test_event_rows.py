"""What became of events, as rows over time: in figures, in characters, as SVG and as a trace."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import METRICS, result_of
from rich.console import Console
from series import FIRST_MINUTE, metrics_of

from async_lab.observation.events import Attempt, Delivery, Event, Outcome
from async_lab.report import timeline_svg, timeline_text
from async_lab.report.chart import ASCII, UNICODE
from async_lab.report.inferred import timeline_of
from async_lab.report.timeline import Fate, Kind, ticks, timeline
from async_lab.report.trace import trace
from async_lab.runs.result import Location

START, AGE = 1_000_000.0, 21_600.0
THROTTLED = UNICODE.marks[Kind.THROTTLED]
SVG = "{http://www.w3.org/2000/svg}"


def event(*attempts, accepted=0.0, condition=None, ended=None, request_id="r", **fields):
    """An event of which the attempts are given as (seconds after the start, outcome, how long it ran)."""
    tried = tuple(Attempt(START + at, at - accepted, outcome, duration) for at, outcome, duration in attempts)
    ended_at = None if ended is None else START + ended
    return Event(request_id, "f", "", START + accepted, tried, condition, ended_at, **fields)


def row_of(one, until=300.0):
    (row,) = timeline([one], START, START + until, AGE).rows
    return row


def drawn(result, width=78, glyphs=UNICODE, most_rows=8):
    shown = timeline_of(result, most_rows)
    return [line.plain for line in timeline_text.lines(shown, width, glyphs)]


# --- in figures ---


def test_an_events_time_is_without_a_gap_what_it_waited_and_ran():
    one = event((1, Outcome.THROTTLED, None), (3, Outcome.SUCCESS, 5.0), condition="Success", ended=8)

    (track,) = row_of(one).tracks
    assert [(span.start, span.end, span.is_running) for span in track.spans] == [(0, 1, 0), (1, 3, 0), (3, 8, 1)]
    assert [(mark.at, mark.kind) for mark in track.marks] == [(1, Kind.THROTTLED), (8, Kind.SUCCEEDED)]


def test_a_cold_start_is_part_of_what_ran():
    cold = Attempt(START, 0.0, Outcome.SUCCESS, duration_seconds=2.0, init_seconds=1.0)
    one = Event("r", "f", "", START, (cold,), "Success", START + 3)

    assert [(span.start, span.end) for span in row_of(one).tracks[0].spans] == [(0, 3)]


def test_what_runs_or_waits_still_reaches_to_the_end_of_the_run():
    running = row_of(event((1, Outcome.RUNNING, None)), until=60)
    waiting = row_of(event((1, Outcome.THROTTLED, None)), until=60)

    assert (running.tracks[0].spans[-1].end, running.fate, running.words) == (60, Fate.PENDING, "runs since t+0:01")
    assert (waiting.tracks[0].spans[-1].end, waiting.words) == (60, "1 attempt throttled; still waits")


@pytest.mark.parametrize(
    ("deliveries", "fate", "words"),
    [
        ((), Fate.LOST, "kept nowhere"),
        ((Delivery("arn:aws:sqs:eu-west-1:1:lost", is_dead_letter=True),), Fate.KEPT, "delivered to lost"),
        (
            (Delivery("arn:aws:sqs:eu-west-1:1:lost", is_dead_letter=False, failure="AccessDenied"),),
            Fate.LOST,
            "its delivery failed (AccessDenied)",
        ),
    ],
)
def test_a_dropped_event_is_lost_unless_something_has_it(deliveries, fate, words):
    row = row_of(event(condition="ZeroReservedConcurrency", ended=0, deliveries=deliveries))

    assert row.fate is fate
    assert row.words == f"never tried; dropped at t+0:00: reserved concurrency is 0; {words}"


def test_the_limit_is_drawn_where_it_bounds_the_wait_and_nowhere_else():
    expired, waited = (event((30, Outcome.THROTTLED, None), condition="EventAgeExceeded", ended=30), event())
    ran = event((1, Outcome.SUCCESS, 100.0), condition="Success", ended=101)
    rows = timeline([expired, waited, ran], START, START + 101, 60.0).rows

    assert [row.tracks[0].limit for row in rows] == [60, 60, None]
    assert timeline([expired], START, START + 101, 60.0).length == 60  # it is in the picture: it is the reason
    assert row_of(event(), until=60).tracks[0].limit is None  # six hours would squeeze all the rest


def test_events_that_fared_alike_share_a_band_and_none_is_lost():
    done = [event((0.1, Outcome.SUCCESS, 1.0), condition="Success", ended=1.1) for _ in range(90)]
    lost = [event((0.1, Outcome.THROTTLED, None), condition="EventAgeExceeded", ended=0.1) for _ in range(10)]
    rows = timeline(done + lost, START, START + 60, AGE).rows

    assert [(row.label, row.fate) for row in rows] == [("10 events", Fate.LOST), ("90 events", Fate.DONE)]
    assert rows[0].words.startswith("dropped after throttled attempts: too old (maximum event age 6 h)")
    assert rows[1].words == "done at the first attempt, at t+0:01"


outcomes = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.RUNNING])
attempts = st.lists(st.tuples(st.floats(0, 1e5), outcomes, st.floats(0, 1e3) | st.none()), max_size=8)
conditions = st.sampled_from([None, "Success", "EventAgeExceeded", "RetriesExhausted", "SomethingNew"])


@st.composite
def any_event(draw):
    tried = sorted(draw(attempts), key=lambda attempt: attempt[0])
    condition = draw(conditions)
    last = max([at + (duration or 0) for at, _, duration in tried], default=0.0)
    return event(*tried, condition=condition, ended=None if condition is None else last)


@given(st.lists(any_event(), max_size=20), st.integers(1, 9), st.integers(1, 200))
def test_whatever_events_there_are_each_is_in_one_row_and_inside_the_picture(events, most_rows, columns):
    shown = timeline(events, START, START + 60, AGE, most_rows)

    assert sum(len(row.tracks) for row in shown.rows) == len(events)
    assert len(shown.rows) <= max(most_rows, 1)
    for row in shown.rows:
        assert len(row.columns(columns, shown.length)) == columns
        marks = sum(len(track.marks) for track in row.tracks)
        assert sum(sum(c.marks.values()) for c in row.columns(columns, shown.length)) == marks
        assert all(span.seconds >= 0 for track in row.tracks for span in track.spans)
    timeline_svg.standalone(shown)


@given(st.floats(0.5, 1e6), st.integers(2, 12))
def test_ticks_are_even_few_and_inside(length, most):
    times = ticks(length, most)

    assert times[0] == 0
    assert times[-1] <= length
    assert len(times) <= most


# --- in the terminal ---


def test_scenario_2_shows_throttles_ever_further_apart_and_then_a_run():
    lines = drawn(result_of("scenario-2"))

    assert re.fullmatch(r" {9}t\+0:00 .* t\+3:00 *", lines[0])
    assert re.fullmatch(r"event 1  █+✓", lines[1])
    assert re.fullmatch(r"event 2  x─x──x───x─ 34\.2 s ─x───── 62\.8 s ──────█+✓", lines[3].replace(THROTTLED, "x"))
    assert lines[4].strip() == "7 attempts throttled; ran 90 s at an age of 2 min 8 s; done at t+3:38"


def test_scenario_3_shows_the_drop_and_the_limit_it_came_before():
    lines = drawn(
        result_of(
            "scenario-3", events=tuple(replace(e, maximum_event_age_seconds=60) for e in result_of("scenario-3").events)
        )
    )

    assert re.fullmatch(rf"event 2  {THROTTLED}.*▼ +│", lines[3])
    assert "dropped at t+0:30: too old (maximum event age 60 s); kept nowhere" in " ".join(" ".join(lines).split())


def test_scenario_1_says_how_long_each_wait_was():
    assert re.search(r"!─+ 66\.2 s ─+!─+ 2 min 10 s ─+▼", drawn(result_of("scenario-1"))[1])


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("width", [40, 78, 118])
def test_no_line_is_wider_than_the_terminal(name, width):
    assert max(map(len, drawn(result_of(name), width))) <= width


def test_thousands_of_events_fit_a_screen():
    many = tuple(event((n % 7, Outcome.SUCCESS, 1.0), condition="Success", ended=n % 7 + 1) for n in range(5_000))
    lines = drawn(result_of("baseline", events=many, started_at=START, ended_at=START + 60))

    assert len(lines) <= 20
    assert lines[1].startswith("5,000 events  ")


def test_the_legend_names_what_occurs_and_no_more():
    console = Console(width=200)
    legends = {name: timeline_text.legend(timeline_of(result_of(name)), UNICODE).plain for name in METRICS}

    assert legends["scenario-1"] == "█ running  ─ waiting  ! failed  ▼ dropped"
    assert legends["scenario-4"] == "─ waiting  ▼ dropped"
    assert console.width == 200
    assert timeline_text.legend(timeline_of(result_of("scenario-3")), ASCII).plain.isascii()


# --- as SVG and as a trace ---


@pytest.mark.parametrize("name", METRICS)
def test_the_picture_is_well_formed_and_says_in_words_what_it_shows(name):
    picture = ET.fromstring(timeline_svg.standalone(timeline_of(result_of(name))))

    assert picture.tag == f"{SVG}svg"
    assert picture.get("aria-label").startswith("Timeline of ")
    assert {use.get("href") for use in picture.iter(f"{SVG}use")} <= {
        f"#{g.get('id')}" for g in picture.iter(f"{SVG}g")
    }


def test_each_attempt_is_a_mark_at_its_time():
    shown = timeline_of(result_of("scenario-1"))
    picture = ET.fromstring(timeline_svg.row(shown.rows[0], shown))

    assert [(use.get("href"), use.get("x")) for use in picture.iter("use")] == [
        ("#failed", "0.02%"),
        ("#failed", "33.71%"),
        ("#failed", "100%"),
        ("#dropped", "100%"),
    ]


def test_what_a_function_says_is_text_in_the_picture():
    failed = Attempt(START, 0.0, Outcome.ERROR, 1.0, error_type="<script>", error_message='"&')
    one = Event("r", "f", "", START, (failed,), "RetriesExhausted", START + 1)

    picture = ET.fromstring(timeline_svg.standalone(timeline([one], START, START + 60, AGE)))
    assert "<script>" in "".join(picture.itertext())
    assert not list(picture.iter("script"))


def test_the_trace_has_a_thread_for_each_event_and_a_slice_for_each_wait_and_run():
    found = json.loads(trace([result_of("scenario-3")]))["traceEvents"]

    assert [e["args"]["name"] for e in found if e["name"] == "thread_name"] == ["event 1", "event 2"]
    runs = [(e["tid"], e["ts"], e["dur"]) for e in found if e["ph"] == "X" and e["name"] == "run"]
    assert runs == [(1, 34_000, 90_001_000)]
    assert [e["name"] for e in found if e["ph"] == "i" and e["tid"] == 2] == ["throttled"] * 6 + ["dropped"]
    assert all(e["dur"] >= 0 for e in found if e["ph"] == "X")


# --- where no record shows the events ---


def on_aws(name, **changes):
    return result_of(name, events=(), gaps=("Unknown.",), place=Location("aws", "1", "eu-west-1"), seed=None, **changes)


@pytest.mark.parametrize("name", ["baseline", "scenario-1", "scenario-4"])
def test_a_lone_events_attempts_follow_from_the_ages_and_are_called_inferred(name):
    shown, known = timeline_of(on_aws(name)), timeline_of(result_of(name))

    assert shown.is_inferred
    assert shown.remark.startswith("Inferred")
    (inferred,), (seen,) = shown.rows[0].tracks, known.rows[0].tracks
    assert [mark.kind for mark in inferred.marks] == [mark.kind for mark in seen.marks]
    assert [mark.at for mark in inferred.marks] == pytest.approx([mark.at for mark in seen.marks], abs=0.05)
    assert shown.rows[0].fate is known.rows[0].fate


def test_throttled_attempts_of_a_lone_event_come_before_the_one_that_runs():
    metrics = metrics_of(
        AsyncEventsReceived=[[1]],
        AsyncEventAge=[[35, 1_000, 3_100]],
        Throttles=[[1, 1, 0]],
        Errors=[[0]],
        Duration=[[2_000]],
    )
    (row,) = timeline_of(on_aws("baseline", metrics=metrics)).rows

    assert row.words == "2 attempts throttled; ran 2 s at an age of 3.1 s; done at t+0:05"
    assert [mark.at for mark in row.tracks[0].marks] == pytest.approx([0.035, 1.0, 5.1], abs=0.001)


def test_of_several_events_nobody_says_whose_an_attempt_was():
    shown = timeline_of(on_aws("scenario-3"))

    assert [(row.fate, row.words) for row in shown.rows] == [
        (Fate.UNSEEN, "sent; what became of it nobody can say")
    ] * 2
    assert all(not track.marks and not track.spans for row in shown.rows for track in row.tracks)


def test_what_is_inferred_is_drawn_as_inferred():
    shown = timeline_of(on_aws("scenario-1"))

    assert 'class="inferred"' in timeline_svg.row(shown.rows[0], shown)
    assert shown.started_at == FIRST_MINUTE + 45


def test_a_picture_has_a_legend_of_what_is_in_it():
    def legend(events):
        drawn = timeline_svg.standalone(timeline(events, START, START + 60, AGE))
        texts = [node.text for node in ET.fromstring(drawn).iter() if node.tag.endswith("text") and node.text]
        return [words for words in texts if not words.startswith(("t+", "event"))]

    ran = event((0.1, Outcome.SUCCESS, 20.0), condition="Success", ended=20.1)
    lost = event((0.1, Outcome.THROTTLED, None), condition="EventAgeExceeded", ended=0.1)
    assert legend([ran])[-3:] == ["running", "waiting", "succeeded"]
    assert legend([ran] * 30)[-3:] == ["running", "waiting", "succeeded"]
    assert {"throttled", "dropped"} <= set(legend([lost]))
    assert "running" not in legend([lost])


def test_columns_that_are_alike_are_one_shape():
    ran = [event((0.1, Outcome.SUCCESS, 50.0), condition="Success", ended=50.1) for _ in range(30)]
    drawn = timeline_svg.standalone(timeline(ran, START, START + 60, AGE))
    assert drawn.count("<title>30 running</title>") <= 2


def test_without_events_the_terminal_draws_no_axis():
    assert list(timeline_text.lines(timeline([], START, START + 60, AGE), 80, UNICODE)) == []
