import os
import re
from pathlib import Path

import pytest

from async_lab import scenario
from async_lab.checkout.project import Project
from async_lab.errors import ExitCode, UsageError
from async_lab.observation.aggregate import STATISTICS
from async_lab.observation.metrics import METRIC_NAMES
from async_lab.scenario import Behavior, Events, variables
from async_lab.scenario.checks import ACTIONS, BOUNDS, LONGEST_DESCRIPTION, RETENTIONS
from async_lab.scenario.expectations import Expectation
from async_lab.scenario.hcl import parse, parts, text_of, value_of
from async_lab.scenario.model import Trigger

PROJECT = Project(Path(__file__).parents[2])
DECLARED = "terraform/variables.tf"
VALID = """\
title    = "Valid"
behavior = { action = "succeed" }
expectations = [
  { metric = "Throttles", equals = 0 },
]
"""


@pytest.fixture
def write(tmp_path):
    """Write a scenario file and return its path."""

    def write(text, name="x"):
        path = tmp_path / f"{name}.tfvars"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def refusal(write):
    """The lines that loading a scenario's text is refused with, without the file's directory."""

    def refusal(text):
        path = write(text)
        with pytest.raises(UsageError) as caught:
            scenario.load(PROJECT, path)
        return str(caught.value).replace(f"{path.parent}/", "").split("\n")

    return refusal


def test_what_a_file_leaves_out_has_the_defaults_of_the_declarations(write):
    loaded = scenario.load(PROJECT, write(VALID))

    assert (loaded.timeout, loaded.memory_size, loaded.reserved_concurrent_executions) == (100, 128, -1)
    assert (loaded.maximum_event_age_in_seconds, loaded.maximum_retry_attempts) == (21600, 2)
    assert loaded.events == Events(count=1, interval_seconds=0)
    assert loaded.behavior.sleep_seconds == 0
    assert loaded.expectations == (Expectation("Throttles", statistic="Sum", equals=0),)
    assert (loaded.stack_name, loaded.tags) == ("async-lab", {})


def test_what_a_file_sets_is_taken(write):
    own = """\
name    = "mine"
timeout = 3
tags    = { "cost center" = "a/b" }
description = "says \\"so\\""
events  = { count = 2, interval_seconds = 0.5 }
"""
    loaded = scenario.load(PROJECT, write(VALID.replace("succeed", "fail") + own, "my-own"))

    assert (loaded.name, loaded.title, loaded.stack_name, loaded.timeout) == ("my-own", "Valid", "mine", 3)
    assert isinstance(loaded.behavior, Behavior)
    assert loaded.behavior.action == "fail"
    assert (loaded.tags, loaded.description) == ({"cost center": "a/b"}, 'says "so"')
    assert loaded.events == Events(2, 0.5)


def test_a_heredoc_is_its_text(write):
    text = VALID + "description = <<-EOT\n  One event,\n  and no more.\nEOT\n"

    assert scenario.load(PROJECT, write(text)).description == "One event,\nand no more."


def test_null_is_the_same_as_leaving_out(write):
    assert scenario.load(PROJECT, write(VALID + "timeout = null\n")).timeout == 100


@pytest.mark.parametrize("name", scenario.names(PROJECT))
def test_every_scenario_of_the_lab_loads(name):
    assert scenario.find(PROJECT, name).name == name


def test_names_are_in_the_order_people_count(tmp_path):
    project = Project(tmp_path)
    project.scenarios.mkdir(parents=True)
    for name in ("scenario-10", "scenario-2", "burst", "baseline", "account-pool"):
        (project.scenarios / f"{name}.tfvars").touch()

    assert scenario.names(project) == ["baseline", "scenario-2", "scenario-10", "account-pool", "burst"]


@pytest.mark.parametrize(
    ("given", "name"), [("scenario-2", "scenario-2"), ("2", "scenario-2"), ("scenario-baseline", "baseline")]
)
def test_a_scenario_is_found_with_or_without_its_prefix(given, name):
    assert scenario.find(PROJECT, given).name == name


def test_a_file_anywhere_can_be_run(write):
    assert scenario.find(PROJECT, str(write(VALID, "elsewhere"))).name == "elsewhere"


def test_scenarios_that_do_not_share_a_stack_are_refused(write):
    other = write(f'{VALID}name = "another"\n', "elsewhere")
    with pytest.raises(UsageError, match=r"their files name several \(another, async-lab\): give them one `name`"):
        scenario.find_all(PROJECT, ["scenario-2", str(other)])


def test_a_scenario_named_twice_is_refused():
    with pytest.raises(UsageError, match=r"^scenario-2 is named 2 times; name it once\.$"):
        scenario.find_all(PROJECT, ["scenario-2", "baseline", "2"])


def test_a_whole_number_may_have_a_decimal_point(write):
    count = scenario.load(PROJECT, write(f"{VALID}events = {{ count = 3.0 }}\n")).events.count
    assert (count, type(count)) == (3, int)


def test_an_unknown_scenario_is_answered_with_the_nearest():
    with pytest.raises(
        UsageError, match=r'no scenario "senario-2"; did you mean scenario-2.*async-lab scenarios'
    ) as caught:
        scenario.find(PROJECT, "senario-2")
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"missing\.tfvars can't be read: No such file"):
        scenario.find(PROJECT, str(tmp_path / "missing.tfvars"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("timeout = ]", "x.tfvars:6: there is a syntax error at column 11."),
        ("timeout = 901", "x.tfvars:6: timeout is 901; Lambda allows 1 to 900 (seconds)."),
        ("timeout = 1.5", "x.tfvars:6: timeout is 1.5; Lambda allows whole numbers only (seconds)."),
        ('timeout = "100"', 'x.tfvars:6: timeout is "100"; it must be a number.'),
        ("timeout = true", "x.tfvars:6: timeout is true; it must be a number."),
        ("timeout = 50 * 2", "x.tfvars:6: timeout is not a plain value; a scenario computes nothing."),
        ("timeout = hundred", "x.tfvars:6: timeout is not a plain value; a scenario computes nothing."),
        ("timeout {\n}", "x.tfvars:6: timeout is not a plain value; a scenario computes nothing."),
        ('name = "a-${b}"', "x.tfvars:6: name is not a plain value; a scenario computes nothing."),
        ("memory_size = 64", "x.tfvars:6: memory_size is 64; Lambda allows 128 to 10240 (MB)."),
        ("maximum_retry_attempts = 3", "x.tfvars:6: maximum_retry_attempts is 3; Lambda allows 0 to 2."),
        (
            "maximum_event_age_in_seconds = 59",
            "x.tfvars:6: maximum_event_age_in_seconds is 59; Lambda allows 60 to 21600 (1 minute to 6 hours).",
        ),
        (
            "reserved_concurrent_executions = -2",
            (
                "x.tfvars:6: reserved_concurrent_executions is -2; "
                "Lambda allows -1 or more (-1: none reserved, 0: the function is stopped)."
            ),
        ),
        (
            "maximum_event_age = 60",
            (
                "x.tfvars:6: maximum_event_age is not declared in terraform/variables.tf; "
                "did you mean maximum_event_age_in_seconds?"
            ),
        ),
        (
            "events = {\n  pause = 1\n}",
            f"x.tfvars:7: events.pause is not declared in {DECLARED}; there is burst, count, interval_seconds.",
        ),
        ("observe_seconds = 1e999", "x.tfvars:6: observe_seconds is 1e999; the lab's numbers go up to 1e+15."),
        (
            "events = { interval_seconds = 1e12 }",
            "x.tfvars:6: events.interval_seconds is 1000000000000; the lab allows 0 to 86400 (a day).",
        ),
        (
            "events = { count = 100, interval_seconds = 3600 }",
            "x.tfvars:6: 100 events, 3,600 s apart, take 99 h to send; the lab allows a day.",
        ),
        (f"timeout = 1{'0' * 30}", f"x.tfvars:6: timeout is 1{'0' * 30}; the lab's numbers go up to 1e+15."),
        (
            f"timeout = 1{'0' * 5000}",
            "x.tfvars:6: timeout is 1000000000… (5001 characters); the lab's numbers go up to 1e+15.",
        ),
        ("timeout = !true", "x.tfvars:6: timeout is not a plain value; a scenario computes nothing."),
        ('tags = { (a) = "b" }', "x.tfvars:6: tags.(a) is not a plain value; a scenario computes nothing."),
        (
            f"tags = {'[' * 60}{']' * 60}",
            "x.tfvars is nested too deeply: no value of a scenario needs so many brackets.",
        ),
        (
            f"tags = {'[' * 5000}{']' * 5000}",
            "x.tfvars is nested too deeply: no value of a scenario needs so many brackets.",
        ),
        (
            f"tags = {'{a=' * 400}1{'}' * 400}",
            "x.tfvars is nested too deeply: no value of a scenario needs so many brackets.",
        ),
        (
            'description = "a\\q"',
            "x.tfvars:6: description has \\q, which is no escape of Terraform's; a backslash is written \\\\.",
        ),
        (
            'description = "\\ud800"',
            "x.tfvars:6: description has \\ud800, which is no escape of Terraform's; a backslash is written \\\\.",
        ),
        (
            'description = "a\nb"',
            "x.tfvars:6: description is a string of several lines; Terraform takes <<-EOT for that.",
        ),
        (
            f'description = "{"x" * 257}"',
            "x.tfvars:6: description has 257 characters; it must be at most 256: a sentence or two.",
        ),
        (
            "log_retention_in_days = 8",
            (
                "x.tfvars:6: log_retention_in_days is 8; CloudWatch Logs allows 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, "
                "150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (0: for ever)."
            ),
        ),
        (
            'tags = {\n  "aws:x" = "y"\n}',
            (
                'x.tfvars:7: tags has the key "aws:x"; AWS allows 1 to 128 letters, digits, spaces '
                "and _ . : / = + @ -, not beginning with aws:."
            ),
        ),
        ('tags = { project = "x" }', "x.tfvars:6: tags.project is one of the lab's own tags; choose another key."),
        (
            'tags = { a = "b,c" }',
            'x.tfvars:6: tags.a is "b,c"; AWS allows up to 256 letters, digits, spaces and _ . : / = + @ -.',
        ),
        (
            f"tags = {{ {', '.join(f'k{n} = {chr(34)}v{chr(34)}' for n in range(47))} }}",
            "x.tfvars:6: tags are 47; AWS allows 46 besides the lab's own.",
        ),
        ("events = { count = 0 }", "x.tfvars:6: events.count is 0; the lab allows 1 to 10000."),
        (
            "first_attempt_after = { at_least_seconds = 0, at_most_seconds = 21601 }",
            (
                "x.tfvars:6: first_attempt_after.at_most_seconds is 21601; the lab allows 0 to 21600 "
                "(6 hours, the oldest that an event gets)."
            ),
        ),
        (
            "first_attempt_after = { at_least_seconds = 90, at_most_seconds = 30 }",
            "x.tfvars:6: first_attempt_after has at_least_seconds 90, above at_most_seconds 30.",
        ),
        ("tags = { a = 1 }", "x.tfvars:6: tags.a is 1; it must be a string."),
        ("tags = []", "x.tfvars:6: tags is a list; it must be an object."),
        ('title = "again"', "x.tfvars:1: title is set 2 times; set it once."),
    ],
)
def test_a_bad_line_is_refused_with_one_sentence(refusal, line, problem):
    assert refusal(f"{VALID}{line}\n") == [problem]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('metric = "Throttle", equals = 1', 'expectations[0].metric is "Throttle"; did you mean Throttles?'),
        (
            'metric = "Errors", statistic = "Median", equals = 1',
            'expectations[0].statistic is "Median"; there is Sum, SampleCount, Minimum, Maximum, Average, p99.',
        ),
        (
            'metric = "Errors", statistic = "p99", equals = 1',
            "expectations[0].statistic is p99, of Errors; percentiles are of AsyncEventAge and Duration alone.",
        ),
        *(
            (
                f'metric = "Duration", statistic = "{percentile}", equals = 1',
                (
                    f'expectations[0].statistic is "{percentile}"; '
                    "there is Sum, SampleCount, Minimum, Maximum, Average, p99."
                ),
            )
            for percentile in ("p101", "p100.1", "P50", "p-1")
        ),
        (
            'metric = "Errors", data_point = 0, equals = 1',
            "expectations[0].data_point is 0; the lab allows 1 or more (1 is the first minute that has one).",
        ),
        ('metric = "Errors"', "expectations[0] expects nothing; give equals, at_least, at_most or absent = true."),
        (
            'metric = "Errors", at_least = 8, at_most = 6',
            "expectations[0] can't be met: at_least, 8, is above at_most, 6.",
        ),
        (
            'metric = "Errors", equals = 1, at_most = 6',
            "expectations[0] gives equals and a range; leave one of them out.",
        ),
        (
            'metric = "Errors", equals = 1, absent = true',
            "expectations[0] wants a value of Errors, which is expected to be absent; leave one of them out.",
        ),
        ("equals = 1", "expectations[0].metric is missing; a scenario must set it."),
    ],
)
def test_an_expectation_that_cannot_be_meant_is_refused(refusal, entry, problem):
    assert refusal(VALID.replace('metric = "Throttles", equals = 0', entry)) == [f"x.tfvars:4: {problem}"]


def test_a_metric_can_not_be_wanted_both_absent_and_present(refusal):
    both = '{ metric = "Throttles", equals = 0 },\n  { metric = "Throttles", absent = true },'

    assert refusal(VALID.replace('{ metric = "Throttles", equals = 0 },', both)) == [
        "x.tfvars:4: expectations[0] wants a value of Throttles, which is expected to be absent; leave one of them out."
    ]


@pytest.mark.parametrize("percentile", ["p0", "p50", "p99", "p99.9", "p100", "p100.0"])
def test_a_percentile_may_be_expected_where_cloudwatch_has_one(write, percentile):
    entry = f'metric = "Duration", statistic = "{percentile}", at_most = 1'
    wanted = scenario.load(PROJECT, write(VALID.replace('metric = "Throttles", equals = 0', entry))).expectations

    assert wanted == (Expectation("Duration", percentile, at_most=1),)


def test_a_scenario_may_expect_nothing(write):
    assert scenario.load(PROJECT, write('title = "t"\nbehavior = { action = "exit" }\n')).expectations == ()


@pytest.mark.parametrize("title", ["", "a[b]", "a, b", "a\x1b[31mb", "x" * 129, "🙂", "a\u2028b"])
def test_a_title_that_no_tag_can_hold_is_refused(refusal, title):
    (line,) = refusal(VALID.replace("Valid", title))

    assert line.startswith('x.tfvars:1: title is "')
    assert line.endswith('"; a tag allows 1 to 128 letters, digits, spaces and _ . : / = + @ -.')


def test_a_message_that_no_environment_has_room_for_is_refused(refusal):
    assert refusal(VALID.replace('"succeed"', f'"succeed", message = "{"é" * 2000}"')) == [
        "x.tfvars:2: behavior.message has 4,000 bytes; Lambda's environment variables have room for 3,900."
    ]
    assert refusal(VALID.replace('"succeed"', '"succeed", message = "a\\u0000b"')) == [
        "x.tfvars:2: behavior.message holds a NUL character; Lambda allows none."
    ]


def test_line_ends_and_marks_of_other_systems_are_read_as_terraform_reads_them(tmp_path):
    path = tmp_path / "x.tfvars"
    path.write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
    assert scenario.load(PROJECT, path).title == "Valid"

    path.write_bytes(b"# one\n" + VALID.replace("\n", "\r").encode())
    with pytest.raises(UsageError, match=r"x\.tfvars:2: there is a carriage return alone"):
        scenario.load(PROJECT, path)


def test_what_is_no_regular_file_or_is_huge_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo.tfvars")
    (tmp_path / "directory.tfvars").mkdir()
    (tmp_path / "device.tfvars").symlink_to("/dev/zero")
    (tmp_path / "huge.tfvars").write_text("#" * 256_001)
    for name, said in (
        ("fifo", "is not a regular file"),
        ("directory", r"(is not a regular file|can't be read: Is a directory)"),
        ("device", "is not a regular file"),
        ("huge", "is larger than 256 KB, which no scenario is"),
    ):
        with pytest.raises(UsageError, match=rf"{name}\.tfvars {said}\.$"):
            scenario.find(PROJECT, str(tmp_path / f"{name}.tfvars"))


ODD_NAMES = ["a b", "a;b", "$(id)", "-x", "a'b", "a%b", "", "ü", "x" * 101, "[bold]", "a\nb", "a:b"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_that_a_shell_or_make_takes_apart_is_refused(tmp_path, name):
    project = Project(tmp_path)
    project.scenarios.mkdir(parents=True)
    (project.scenarios / "fine.tfvars").touch()
    (project.scenarios / f"{name}.tfvars").touch()

    assert scenario.names(project) == ["fine"]
    (said,) = scenario.misnamed(project)
    assert said.startswith(f'"{name}.tfvars" can\'t be a scenario')
    with pytest.raises(UsageError, match="can't be a scenario"):
        scenario.find(project, str(project.scenarios / f"{name}.tfvars"))


@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000, "/" * 5000, "", "\udcff", "\x1b[31m"])
def test_any_name_that_is_no_scenarios_is_answered(name):
    with pytest.raises(UsageError, match=r"There is no scenario|is no scenario"):
        scenario.find(PROJECT, name)


def test_events_that_take_more_than_a_day_to_send_are_refused(write):
    path = str(write(f"{VALID}events = {{ count = 2, interval_seconds = 3600 }}\n"))
    assert scenario.find_all(PROJECT, [path], events=25)
    with pytest.raises(UsageError, match=r"x: 26 events, 3,600 s apart, take 25 h to send; the lab allows a day\."):
        scenario.find_all(PROJECT, [path], events=26)


def test_an_unknown_action_is_refused(refusal):
    assert refusal(VALID.replace("succeed", "suceed")) == [
        'x.tfvars:2: behavior.action is "suceed"; did you mean succeed?'
    ]


def test_all_problems_are_told_at_once_in_the_order_of_the_file(refusal):
    assert [line.split(";")[0] for line in refusal(VALID + "timeout = 0\nmemory_size = 1\n")] == [
        "x.tfvars:6: timeout is 0",
        "x.tfvars:7: memory_size is 1",
    ]
    assert refusal("") == [f"x.tfvars: {name} is missing; a scenario must set it." for name in ("behavior", "title")]


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "x.tfvars").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match=r"x\.tfvars is not text in UTF-8"):
        scenario.load(PROJECT, tmp_path / "x.tfvars")


def validations():
    """What each variable's validations in terraform/variables.tf say, by the variable's name."""
    tree = parse(PROJECT.variables_file.read_text(), "variables.tf")
    blocks = {text_of(parts(block)[1]): value_of(parts(block)[2]) for block in parts(parts(tree)[0])}
    return {name: str(block.get("validation")) for name, block in blocks.items()}


@pytest.mark.parametrize("address", BOUNDS, ids=str)
def test_terraform_validates_the_same_bounds(address):
    bounds, said = BOUNDS[address], validations()[address[0]]

    numbers = {float(number) for number in re.findall(r"-?\d+", said)}
    assert {bounds.lowest, bounds.lowest if bounds.highest is None else bounds.highest} <= numbers


def test_terraform_validates_the_same_retentions_and_lengths():
    said = validations()

    condition = said["log_retention_in_days"].partition("var.log_retention_in_days")[0]
    assert tuple(map(int, re.findall(r"\d+", condition))) == RETENTIONS
    assert str(LONGEST_DESCRIPTION) in said["description"]


def test_terraform_validates_the_same_names():
    said = validations()

    assert all(f'"{action}"' in said["behavior"].replace("\\", "") for action in ACTIONS)
    assert all(f'"{name}"' in said["expectations"].replace("\\", "") for name in (*METRIC_NAMES, *STATISTICS))


def test_a_type_that_the_lab_does_not_know_is_left_to_terraform(tmp_path):
    (tmp_path / "variables.tf").write_text('variable "layers" {\n  type = set(string)\n}\n')
    declared = variables.read_declarations(tmp_path / "variables.tf", "variables.tf")

    assert not list(variables.problems({"layers": ["a"]}, declared))
    assert variables.complete({"layers": ["a"]}, declared) == {"layers": ["a"]}


# --- a bucket as the trigger ---


BUCKET = 'title = "t"\nbehavior = { action = "succeed" }\ntrigger = { service = "s3" }\n'


def test_a_bucket_may_be_the_trigger(write):
    assert scenario.load(PROJECT, write(BUCKET)).trigger == Trigger("s3", endings=(".json",))
    filtered = BUCKET.replace('"s3"', '"s3", suffix = ".jpg", endings = [".jpg", "/a.JPG"]')
    assert scenario.load(PROJECT, write(filtered)).trigger == Trigger("s3", suffix=".jpg", endings=(".jpg", "/a.JPG"))


@pytest.mark.parametrize(
    ("was", "given", "problem"),
    [
        (
            '"s3"',
            '"s3", permitted = false',
            (
                "3: trigger.permitted is false with s3, which makes no notification without the permission; "
                "take eventbridge or sns."
            ),
        ),
        ('"s3"', '"sns", suffix = ".jpg"', "3: trigger.suffix is of s3 alone; leave it out."),
        ('"s3"', '"direct", endings = [".a"]', "3: trigger.endings is of s3 alone; leave it out."),
        (
            '"s3"',
            '"s3", suffix = "*.jpg"',
            '3: trigger.suffix is "*.jpg"; up to 100 letters, digits and . _ - / are allowed.',
        ),
        (
            '"s3"',
            '"s3", endings = [".jpg", "ä"]',
            '3: trigger.endings[1] is "ä"; up to 100 letters, digits and . _ - / are allowed.',
        ),
        ('"s3"', '"s3", endings = []', "3: trigger.endings are 0; the lab allows 1 to 20."),
        (
            '"succeed"',
            '"succeed", growth_seconds = 1',
            (
                "3: trigger.service is s3, which tells of an object and not what is to become of it: "
                "leave out behavior.mix, growth_seconds and recovers_after_seconds, or take another trigger."
            ),
        ),
        (
            'title = "t"',
            'title = "t"\nname = "My_lab"',
            (
                '2: name is "My_lab"; with trigger.service = "s3" it is part of a bucket\'s name: '
                "1 to 27 small letters, digits and hyphens."
            ),
        ),
    ],
)
def test_what_a_bucket_can_not_do_is_refused(refusal, was, given, problem):
    assert refusal(BUCKET.replace(was, given)) == [f"x.tfvars:{problem}"]
