import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from results import METRICS, PROJECT, result_of
from rich.console import Console
from series import metrics_of

from async_lab import scenario
from async_lab.observation.metrics import METRIC_NAMES
from async_lab.report.overview import show_scenarios, show_summary
from async_lab.report.terminal import show_run, show_verdict
from async_lab.scenario.model import Trigger


class AsciiFile(io.StringIO):
    encoding = "ascii"


def printed(show, *arguments, width=80, file=None, **console):
    """What is printed, line by line."""
    file = file or io.StringIO()
    show(Console(file=file, width=width, **console), *arguments)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def colored(show, *arguments):
    file = io.StringIO()
    show(Console(file=file, width=80, force_terminal=True, color_system="truecolor"), *arguments)
    return file.getvalue()


def finding_of(name):
    return result_of(name).findings[0]


def shown(result, **console):
    return printed(show_run, result, {"Result": ".lab/runs/r/result.json", "Next": "make scenario-3"}, **console)


@pytest.mark.parametrize("name", METRICS)
def test_a_run_fits_80_columns(name):
    assert max(map(len, shown(result_of(name)))) <= 80


@given(
    st.fixed_dictionaries(
        {},
        optional={name: st.lists(st.lists(st.floats(0, 1e8), max_size=2), max_size=40) for name in METRIC_NAMES},
    )
)
@settings(max_examples=20)
def test_any_metrics_fit_80_columns_without_being_cut(samples):
    lines = shown(result_of("baseline", metrics_of(**samples)))

    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)


def test_a_run_without_colour_is_plain_text_and_says_the_same():
    plain = shown(result_of("scenario-2"))
    colored = shown(result_of("scenario-2"), force_terminal=True, color_system="truecolor", no_color=False)

    assert not any("\x1b" in line for line in plain)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in colored] == plain


def test_a_terminal_without_unicode_gets_ascii():
    lines = shown(result_of("scenario-4"), file=AsciiFile())

    assert "".join(lines).isascii()
    assert any(re.match(r"  ok  Throttles +no data point", line) for line in lines)


def test_metrics_are_shown_by_minute_with_a_chart_and_its_legend():
    lines = shown(result_of("scenario-3"))

    assert "Metrics by minute   ▁ is 0, · is no data point" in lines

    assert any(re.fullmatch(r" +Trend +08:23 +08:24", line) for line in lines)
    assert any(re.fullmatch(r"  AsyncEventAge +min +▂█ +34 ms +15.9 s", line) for line in lines)
    assert any(re.fullmatch(r" +max +▃█ +7.8 s +30.1 s", line) for line in lines)
    assert any(re.fullmatch(r"  AsyncEventsReceived +sum +█· +2 +·", line) for line in lines)


def test_what_is_absent_is_named():
    text = " ".join(" ".join(shown(result_of("scenario-4"))).split())

    assert "No data point: AsyncEventAge, Invocations, Errors, Throttles, Duration" in text


def test_expectations_that_are_not_met_are_marked_and_counted():
    lines = shown(result_of("scenario-2", METRICS["scenario-3"]))

    assert any(re.fullmatch(r"  ✗  Sum of AsyncEventsDropped +0 +1", line) for line in lines)
    assert any(re.fullmatch(r"  ✓  Sum of Throttles +6 to 8 +6", line) for line in lines)
    assert any(re.fullmatch(r"  ✓  Sum of AsyncEventsReceived +2 +as expected", line) for line in lines)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (result_of("scenario-2"), "scenario-2: as expected, 7 of 7 expectations met."),
        (result_of("scenario-2", METRICS["scenario-3"]), "scenario-2: NOT as expected, 3 of 7 expectations not met."),
        (result_of("scenario-2", comparisons=()), "scenario-2: done."),
    ],
)
def test_the_verdict_is_one_line_and_the_finding_another(result, verdict):
    assert printed(show_verdict, result) == [verdict, f"{result.findings[0].title}."]


def test_the_answer_comes_first_in_the_order_of_a_readers_questions():
    lines = shown(result_of("scenario-3"))

    assert lines[:3] == ["", "scenario-3: as expected, 7 of 7 expectations met.", f"{finding_of('scenario-3').title}."]
    headings = ("What happened", "Why", "What to do", "Scenario 3", "Metrics by minute", "Expectations", "Alarms")
    found = [next(n for n, line in enumerate(lines) if line.startswith(words)) for words in headings]
    assert found == sorted(found)


@pytest.mark.parametrize("name", ["scenario-1", "scenario-3", "scenario-4"])
def test_a_lost_event_does_not_end_in_green_alone(name):
    text = colored(show_verdict, result_of(name))

    assert "\x1b[1;32m" in text.splitlines()[0]  # as expected
    assert "\x1b[1;31m" in text.splitlines()[1]  # and yet lost


def test_the_scenario_says_what_it_shows_and_what_to_look_at():
    text = " ".join(" ".join(shown(result_of("scenario-4"))).split())

    assert "Lambda accepts the event and drops it at once." in text
    assert "Look at What is missing: an event that was never tried" in text


def test_what_could_not_be_seen_is_said():
    text = " ".join(" ".join(shown(result_of("scenario-3", gaps=("Its alarms could not be seen.",)))).split())

    assert "Its alarms could not be seen." in text


def test_what_to_type_next_comes_last():
    assert shown(result_of("scenario-2"))[-1] == "Next    make scenario-3"


def test_a_run_with_other_events_than_the_scenarios_compares_nothing():
    lines = shown(result_of("scenario-2", comparisons=()))

    assert any("Not compared" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"changed": {"timeout": 3}}, "Not compared: they are for the file as it is, and timeout was set."),
        ({"expectations": ()}, "The scenario has none: it is to be looked at."),
    ],
)
def test_where_nothing_is_compared_it_says_why(changes, words):
    result = result_of("baseline", comparisons=())
    lines = shown(replace(result, scenario=replace(result.scenario, **changes)))
    assert f"  {words}" in lines


def test_the_trigger_that_events_came_through_is_said():
    result = result_of("baseline")
    through = replace(result, scenario=replace(result.scenario, trigger=Trigger("eventbridge")))
    assert any("1 event to async-lab through EventBridge, from" in line for line in shown(through))


def test_only_alarms_that_rang_are_shown():
    lines = shown(result_of("scenario-3"))
    assert any(re.fullmatch(r"  t\+1:15  08:25:00  async-lab-dropped", line) for line in lines)

    assert "Alarms" not in shown(result_of("scenario-3", alarms=()))


def test_paths_and_commands_stay_in_one_piece():
    path = "/" + "long/" * 40 + "result.json"

    assert f"Result  {path}" in printed(show_run, result_of("baseline"), {"Result": path})


def test_markup_in_a_scenario_is_text():
    wanted = scenario.find(PROJECT, "baseline")
    odd = type(wanted)(**{name: getattr(wanted, name) for name in wanted.__slots__} | {"title": "[bold]Odd[/nothing]"})

    assert "[bold]Odd[/nothing]" in shown(result_of("baseline", scenario=odd))


def test_every_scenario_is_listed_with_what_it_shows():
    scenarios = [scenario.find(PROJECT, name) for name in METRICS]
    lines = printed(show_scenarios, scenarios)

    assert max(map(len, lines)) <= 80
    assert all(any(line.startswith(s.name) and s.title in line for line in lines) for s in scenarios)
    assert "async-lab run NAME" in lines[-1]


def test_the_summary_has_a_row_and_a_finding_for_each_run():
    lines = printed(show_summary, [result_of(name) for name in METRICS])

    assert max(map(len, lines)) <= 80
    assert any(re.fullmatch(r"  ✓  scenario-2 +2 +0 +2 min 8 s +7 +0", line) for line in lines)
    assert any(re.fullmatch(r"  ✓  scenario-4 +1 +1 +· +· +·", line) for line in lines)
    assert any(re.fullmatch(rf"  scenario-1 +{finding_of('scenario-1').title}", line) for line in lines)
    assert lines[-1] == "5 scenarios, all as expected."


def test_the_summary_names_what_was_not_as_expected():
    results = [result_of("baseline"), result_of("scenario-2", METRICS["scenario-3"])]

    assert printed(show_summary, results)[-1] == "1 of 2 NOT as expected: scenario-2."
