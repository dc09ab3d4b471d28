"""Every scenario, whole: Terraform and its AWS provider, boto3, the handler, the metrics, the findings."""

import re

import pytest

from async_lab import lab, scenario
from async_lab.checkout.project import Project
from async_lab.endpoint.embedded import Endpoint
from async_lab.process.interrupts import Interrupts
from async_lab.stack.stack import open_stack
from async_lab.target.local import LocalTarget
from tools import alarm_table

AUGUST_23_08_22_UTC = 1_692_778_920  # the runs then begin at 08:23:45 and at the same second of later minutes
MINUTE = 60
NAMES = scenario.names(Project.locate())
SAMPLES = [name for name in NAMES if name == "baseline" or name.startswith("scenario-")]
OTHERS = [name for name in NAMES if name not in SAMPLES]
OF_ALL = [*SAMPLES, *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS)]


def first_of_each_kind():
    """One scenario for each set of resources that Terraform makes: a plan takes as long as a run."""
    found = {}
    for name in NAMES:
        each = scenario.find(Project.locate(), name)
        targets = (each.on_failure, each.on_success, each.dead_letter_target)
        kinds = tuple(target and (target.type, target.problem) for target in targets)
        trigger = (each.trigger.service, each.trigger.permitted)
        found.setdefault((kinds, trigger, bool(each.other_functions), each.reserved_concurrent_executions < 0), name)
    return list(found.values())


PLANNED = first_of_each_kind()


class Silent:
    """A view that shows nothing."""

    def step(self, text): ...
    def phase(self, text): ...
    def terraform(self, progress): ...
    def waiting(self, metrics, seconds_left): ...
    def taken_down(self): ...
    def kept(self, stack): ...


class Meddled:
    """A stack in which somebody takes the reservation away as soon as it is applied."""

    def __init__(self, stack):
        self.target, self.terraform, self._stack = stack.target, stack.terraform, stack

    def apply(self, scenario):
        outputs = self._stack.apply(scenario)
        client = self.target.client("lambda")
        client.delete_function_concurrency(FunctionName=outputs["function_name"])
        client.put_function_event_invoke_config(FunctionName=outputs["function_name"], MaximumRetryAttempts=0)
        return outputs


class Runs:
    """Scenarios' results and the plans after their applies, each made when it is first asked for, on one stack."""

    def __init__(self, stack):
        self._stack, self._results, self._plans = stack, {}, {}

    def __getitem__(self, name):
        if name not in self._results:
            chosen = scenario.find(Project.locate(), name)
            self._results[name] = lab.run_one(chosen, self._stack, lab.Settings(), Silent())
            if name in PLANNED:
                self._plans[name] = self._stack.terraform.plan(chosen.path)
        return self._results[name]

    def plan_after(self, name):
        return self[name] and self._plans[name]

    def of_samples(self):
        return {name: self[name] for name in SAMPLES}

    def so_far(self):
        return self.of_samples() | self._results

    def meddled(self):
        stopped = scenario.find(Project.locate(), "scenario-4")
        return lab.run_one(stopped, Meddled(self._stack), lab.Settings(), Silent())


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    project = Project.locate()
    first = scenario.find(project, "scenario-3")
    with Endpoint(start=AUGUST_23_08_22_UTC, seed=0) as endpoint:
        target = LocalTarget(endpoint, "eu-west-1")
        work = tmp_path_factory.mktemp("run")
        with open_stack(project, target, first, work, Interrupts(), lambda _: None) as stack:
            runs = Runs(stack)
            assert runs[first.name]  # at the minute of the sample's pictures
            yield runs
            stack.take_down()


def sums(result, metric):
    return [point.sum for point in result.metrics[metric].points]


def maxima(result, metric):
    return [point.maximum for point in result.metrics[metric].points]


@pytest.mark.parametrize("name", OF_ALL)
def test_a_scenario_shows_what_it_says_it_shows(runs, name):
    result = runs[name]
    assert result.comparisons
    assert [str(comparison) for comparison in result.comparisons if not comparison.is_met] == []


@pytest.mark.parametrize("name", [each for each in OF_ALL if getattr(each, "values", (each,))[0] in PLANNED])
def test_a_second_plan_changes_nothing(runs, name):
    plan = runs.plan_after(name)
    assert plan.changes == ()
    assert plan.is_empty


def test_a_healthy_function_has_nothing_wrong(runs):
    assert [finding.code for finding in runs["baseline"].findings] == ["healthy"]


def test_function_errors_are_tried_three_times_minutes_apart(runs):
    result = runs["scenario-1"]
    assert sums(result, "Invocations") == [1, 1, 1]
    assert sums(result, "Errors") == [1, 1, 1]
    first, second, third = maxima(result, "AsyncEventAge")
    assert 32 <= first <= 37
    assert 53_000 <= second <= 68_000
    assert 158_000 <= third <= 203_000
    dropped = [point for point in result.metrics["AsyncEventsDropped"].points if point.sum]
    assert [point.minute for point in dropped] == [result.metrics["Invocations"].points[-1].minute]


def test_the_second_event_waits_until_reserved_concurrency_is_free(runs):
    result = runs["scenario-2"]
    assert result.metrics["Throttles"].total == 7
    assert 110_000 <= result.metrics["AsyncEventAge"].maximum <= 145_000


def test_an_expired_event_falls_into_the_minutes_of_the_samples_pictures(runs):
    result = runs["scenario-3"]
    assert result.started_at == AUGUST_23_08_22_UTC + MINUTE + 45
    first, second = AUGUST_23_08_22_UTC + MINUTE, AUGUST_23_08_22_UTC + 2 * MINUTE
    by_minute = {
        metric: {point.minute: point.sum for point in result.metrics[metric].points if point.sum}
        for metric in ("AsyncEventsReceived", "AsyncEventsDropped", "Throttles")
    }
    assert by_minute == {
        "AsyncEventsReceived": {first: 2},
        "AsyncEventsDropped": {second: 1},
        "Throttles": {first: 4, second: 2},
    }
    ages = {point.minute: (point.minimum, point.maximum) for point in result.metrics["AsyncEventAge"].points}
    assert ages[first] == (pytest.approx(35, abs=3), pytest.approx(7_800, rel=0.12))
    assert ages[second] == (pytest.approx(15_883, rel=0.12), pytest.approx(30_086, rel=0.12))


def test_at_reserved_concurrency_0_the_event_is_gone_in_the_minute_it_came(runs):
    result = runs["scenario-4"]
    received, dropped = (result.metrics[f"AsyncEvents{what}"].points for what in ("Received", "Dropped"))
    assert [(point.minute, point.sum) for point in received] == [(point.minute, point.sum) for point in dropped]
    assert all(result.metrics[metric].is_absent for metric in ("AsyncEventAge", "Throttles", "Invocations", "Errors"))


def test_a_run_notices_that_what_stands_is_not_what_it_applied(runs):
    for result in runs.so_far().values():
        assert "not-as-wished" not in [finding.code for finding in result.findings]
    meddled = runs.meddled()
    finding = next(finding for finding in meddled.findings if finding.code == "not-as-wished")
    assert "ReservedConcurrentExecutions is not set instead of 0" in finding.explanation
    assert "MaximumRetryAttempts is 0 instead of 2" in finding.explanation
    assert "dropped-stopped" not in [other.code for other in meddled.findings]  # it goes by what stands


FINDINGS = {
    "account-pool": "late-at-account-limit",
    "backlog": "dropped-in-backlog",
    "baseline": "healthy",
    "burst": "late-at-reservation",
    "dead-letter-failing": "dropped-retries-used",
    "destination-failing": "dropped-retries-used",
    "errors-kept": "dropped-retries-used",
    "errors-recovered": "late-after-errors",
    "expired-by-errors": "dropped-age-after-errors",
    "expired-in-account-pool": "dropped-age-at-account-limit",
    "out-of-memory": "dropped-retries-used",
    "partly-failing": "dropped-retries-used",
    "recursion": "recursion-stopped",
    "scenario-1": "dropped-retries-used",
    "scenario-2": "late-at-reservation",
    "scenario-3": "dropped-age-at-reservation",
    "scenario-4": "dropped-stopped",
    "slow-code": "slower",
    "success-not-told": "success-not-delivered",
    "timeouts": "dropped-timed-out",
    "trigger-not-permitted": "not-arrived",
}
"""Of the lab's scenarios, what the diagnosis says first. One that is new need not be here."""


@pytest.mark.parametrize("name", [each for each in OF_ALL if getattr(each, "values", (each,))[0] in FINDINGS])
def test_the_diagnosis_names_what_a_scenario_is_about(runs, name):
    assert runs[name].findings[0].code == FINDINGS[name]


@pytest.mark.long
@pytest.mark.parametrize("name", ["dead-letter-failing", "destination-failing"])
def test_what_was_dropped_and_kept_nowhere_is_told_too(runs, name):
    assert "not-kept" in [finding.code for finding in runs[name].findings]


def test_every_event_was_accepted_and_has_the_id_under_which_it_ran(runs):
    for name, result in runs.so_far().items():
        assert {event.outcome for event in result.sent} == {"accepted"}
        assert len(result.sent) == result.scenario.events.count
        ids = [event.request_id for event in result.sent]
        if name == "trigger-not-permitted":
            assert set(ids) == {None}
        else:
            assert len(set(ids)) == len(ids)
            assert ids == [event.request_id for event in result.events][: len(ids)]


CONDITIONS = {
    "baseline": ["Success"],
    "scenario-1": ["RetriesExhausted"],
    "scenario-2": ["Success", "Success"],
    "scenario-3": ["Success", "EventAgeExceeded"],
    "scenario-4": ["ZeroReservedConcurrency"],
    "errors-recovered": ["Success"] * 4,
    "expired-by-errors": ["EventAgeExceeded"] * 2,
    "trigger-not-permitted": [],
}


@pytest.mark.parametrize("name", OF_ALL)
def test_a_run_tells_what_became_of_each_event_and_not_only_that_it_was_accepted(runs, name):
    result = runs[name]
    conditions = [event.condition for event in result.events]
    assert conditions == CONDITIONS.get(name, conditions)
    attempts = sum(len(event.attempts) for event in result.events)
    assert attempts == sum(point.sample_count for point in result.metrics["AsyncEventAge"].points)
    assert result.gaps == ()


@pytest.mark.long
def test_an_event_that_was_kept_says_where(runs):
    dropped = [event for event in runs["errors-kept"].events if event.is_dropped]
    assert [[delivery.failure for delivery in event.deliveries] for event in dropped] == [[None], [None]]
    for name in ("dead-letter-failing", "destination-failing", "success-not-told"):
        failures = [delivery.failure for event in runs[name].events for delivery in event.deliveries]
        assert all(failures), name
        assert failures, name


def test_dropped_events_raise_the_alarm_and_a_healthy_function_none(runs):
    fired = {
        name: {change.name for change in result.alarms if change.state == "ALARM"}
        for name, result in runs.of_samples().items()
    }
    assert "async-async-lab-dropped" in fired["scenario-1"] & fired["scenario-3"] & fired["scenario-4"]
    assert {"async-async-lab-throttles", "async-async-lab-any"} <= fired["scenario-2"] & fired["scenario-3"]
    assert fired["baseline"] == set()


def test_the_page_about_alarms_is_current(runs):
    """It need not know a scenario that is new: whoever adds one writes the page anew when they please."""
    written = alarm_table.DOCUMENT.read_text(encoding="utf-8")
    _, *names = re.search(r"^\| (Alarm .*) \|$", written, re.MULTILINE)[1].split(" | ")
    assert written == alarm_table.document([runs[name] for name in names]), "python -m tools.alarm_table"
