"""``diagnose`` as a command, on functions that the lab didn't deploy."""

import json
import re
from http import HTTPStatus

import pytest
from calls import Recorder, standing_before_endpoints
from documents import strict
from opened import opened
from program import PROJECT, call, sentence
from typer import BadParameter

from async_lab.cli.diagnose import iam_policy, span
from async_lab.endpoint.http.wire import Response
from async_lab.errors import ExitCode
from async_lab.target.environment import endpoint_variables

pytestmark = pytest.mark.e2e

REGION = "eu-west-1"
SCHEMAS = PROJECT.root / "docs"
VALIDATOR = strict(json.loads((SCHEMAS / "diagnosis.schema.json").read_text()))


class Account(Recorder):
    """What stands before the endpoint: it notes which actions are asked for, and denies some."""

    def __init__(self):
        super().__init__()
        self.denied = set()

    def before(self, app):
        def deny(environ, start_response):
            recorder = Recorder()
            noted = recorder.before(lambda *_: [])
            noted(environ, start_response)
            self.actions |= recorder.actions
            return (_denied if recorder.actions & self.denied else app)(environ, start_response)

        return deny


def _denied(_environ, start_response):
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", "AccessDeniedException"))
    body = b'{"__type": "AccessDeniedException", "Type": "User", "Message": "not authorized"}'
    return Response(HTTPStatus.FORBIDDEN, body, headers).sent(start_response)


@pytest.fixture(scope="module")
def account():
    return Account()


@pytest.fixture(scope="module")
def _open_lab(account):
    with standing_before_endpoints(account), opened(region=REGION, start=1_692_778_920.0) as lab:
        yield lab


@pytest.fixture(autouse=True)
def nothing_denied(account):
    account.denied.clear()


GREEDY = """
def handler(event, context):
    return len(bytearray(10**9))
"""


@pytest.fixture
def diagnose(async_lab):
    variables = endpoint_variables(async_lab.url, REGION)
    return lambda *arguments: call(PROJECT, "diagnose", *arguments, **variables)


@pytest.fixture
def busy(async_lab, as_told, lambda_):
    """A function of one at a time, with a queue for what fails: some fail each time, some wait too long."""
    function = as_told(name="orders-busy", reserved_concurrency=1, maximum_age=240, retries=1, failure_queue=True)
    function.send({"fail": "always"})
    async_lab.advance(seconds=90)
    for _ in range(4):
        function.send({"sleep": 90})
    async_lab.advance(seconds=900)
    lambda_.add_permission(
        FunctionName=function.name,
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::incoming",
    )
    return function


@pytest.fixture
def stopped(async_lab, as_told):
    function = as_told(name="orders-stopped", reserved_concurrency=0)
    function.send()
    return function


@pytest.fixture
def well(async_lab, as_told):
    function = as_told(name="orders-well")
    function.send()
    async_lab.advance(seconds=60)
    return function


def found_in(ran, code):
    assert ran.returncode == code, ran.stderr
    document = json.loads(ran.stdout)
    VALIDATOR.validate(document)
    return document["functions"]


def test_several_causes_of_one_function_are_told_with_what_they_rest_on(diagnose, busy):
    (function,) = found_in(diagnose(busy, "--json"), ExitCode.NOT_AS_EXPECTED)

    codes = {finding["code"]: finding for finding in function["findings"]}
    assert list(codes)[:2] == ["dropped-retries-used", "dropped-age-at-reservation"]
    assert {"failed-events-wait", "no-alarm"} <= set(codes)
    assert "nothing-kept" not in codes
    assert function["configuration"]["reservation"] == {"executions": 1}
    assert function["received_by_qualifier"] == {"$LATEST": 5}
    dropped = sum(point["sum"] for point in function["metrics"]["AsyncEventsDropped"]["data_points"])
    (target,) = function["failure_targets"]
    assert (target["arn"], target["exists"], target["waiting"]) == (busy.failure_queue, True, dropped)
    assert function["invokers"] == [{"principal": "s3.amazonaws.com", "source_arn": "arn:aws:s3:::incoming"}]
    assert [gap["subject"] for gap in function["gaps"]] == [
        "how old the oldest message in orders-busy-failed is",
        "who changed the function, and when",  # the endpoint has no CloudTrail
    ]
    assert {request["line"] for request in function["failed_requests"]} == {"[ERROR] ValueError: always"}
    assert sum(band["attempts"] for band in function["ages"]) == sum(
        point["sample_count"] for point in function["metrics"]["AsyncEventAge"]["data_points"]
    )
    assert "began" in codes


def test_the_terminal_has_the_answer_the_evidence_and_what_was_not_seen(diagnose, busy):
    said = diagnose(busy).stdout

    assert said.index("Dropped after function errors") < said.index("Dropped: too old while waiting")
    for words in ("Sum of Throttles: ", "Or else", "Reserve at least", "holds ", "Not seen", "s3.amazonaws.com"):
        assert words in said
    assert said.splitlines()[-1] == f"{busy}: events were lost. Dropped after function errors."


def test_the_policy_is_what_is_asked_for_and_nothing_else(async_lab, as_told, lambda_, diagnose, busy, account):
    topic = async_lab.client("sns").create_topic(Name="failed")["TopicArn"]
    lambda_.tag_resource(Resource=as_told(on_failure=topic).arn, Tags={"team": "shop"})
    account.actions.clear()
    diagnose("--all")
    diagnose("--tag", "team=shop")
    diagnose(busy)

    (statement,) = json.loads(diagnose("--policy").stdout)["Statement"]
    assert statement == iam_policy()["Statement"][0]
    asked = account.actions - {"sts:GetCallerIdentity"}  # which needs no permission
    allowed = set(statement["Action"])
    assert asked <= allowed
    of_what_is_not_here = {"events:DescribeEventBus", "events:ListTargetsByRule", "s3:ListBucket"}
    assert allowed - asked == of_what_is_not_here | {"sns:GetSubscriptionAttributes"}
    assert not [action for action in allowed if not re.match(r"\w+:(Get|List|Describe|Filter|Lookup)", action)]


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        ("lambda:GetFunctionConfiguration", "The function's own settings"),
        ("lambda:GetFunctionConcurrency", "Reserved concurrency"),
        ("lambda:ListFunctionEventInvokeConfigs", "Event-invoke configs"),
        ("lambda:GetPolicy", "Who may invoke the function"),
    ],
)
def test_what_is_denied_is_a_gap_and_the_rest_is_diagnosed(diagnose, account, busy, action, subject):
    account.denied.add(action)
    (function,) = found_in(diagnose(busy, "--json"), ExitCode.NOT_AS_EXPECTED)

    gap = next(gap for gap in function["gaps"] if gap["permission"])
    assert (gap["permission"], gap["words"]) == (action, f"{subject} could not be seen: you are not allowed {action}.")
    assert any(finding["code"].startswith("dropped-") for finding in function["findings"])


def test_without_the_reservation_no_limit_is_claimed(diagnose, account, busy):
    account.denied.add("lambda:GetFunctionConcurrency")
    (function,) = found_in(diagnose(busy, "--json"), ExitCode.NOT_AS_EXPECTED)

    codes = [finding["code"] for finding in function["findings"]]
    assert "dropped-age-at-concurrency-limit" in codes
    assert not [code for code in codes if code.endswith(("at-reservation", "at-account-limit"))]


def test_metrics_that_are_denied_end_it_with_a_sentence(diagnose, account, busy):
    account.denied.add("cloudwatch:GetMetricData")
    ran = diagnose(busy)

    assert ran.returncode == ExitCode.ENVIRONMENT
    assert "GetMetricData" in sentence(ran)


def test_a_function_that_is_well_ends_with_0(diagnose, well):
    ran = diagnose(well)

    assert ran.returncode == ExitCode.AS_EXPECTED
    assert "no event was lost" in ran.stdout
    assert "No event was lost or late" in ran.stdout


def test_an_alias_is_looked_at_alone_with_its_own_settings(async_lab, as_told, lambda_, diagnose):
    function = as_told()
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    lambda_.put_function_event_invoke_config(FunctionName=function.name, Qualifier="live", MaximumRetryAttempts=0)
    async_lab.send(f"{function}:live", {"fail": "no"})
    function.send()
    async_lab.advance(seconds=60)

    (alias,) = found_in(diagnose(f"{function}:live", "--json"), ExitCode.NOT_AS_EXPECTED)
    assert alias["findings"][0]["code"] == "dropped-retries-used"
    assert alias["received_by_qualifier"] == {"live": 1}
    (latest,) = found_in(diagnose(f"{function}:$LATEST", "--json"), ExitCode.AS_EXPECTED)
    assert latest["findings"][-1]["code"] == "idle"
    (both,) = found_in(diagnose(function, "--json"), ExitCode.NOT_AS_EXPECTED)
    assert both["received_by_qualifier"] == {"$LATEST": 1, "live": 1}


@pytest.fixture
def aliased(async_lab, as_told, lambda_):
    """A function whose alias may not be retried, as what is sent to the function itself is; all events fail."""
    function = as_told()
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    lambda_.put_function_event_invoke_config(FunctionName=function.name, Qualifier="live", MaximumRetryAttempts=0)
    for _ in range(2):
        async_lab.send(f"{function}:live", {"fail": "by the alias"})
    function.send({"fail": "by the function"})
    async_lab.advance(seconds=400)
    return function


def test_waits_of_one_qualifier_are_not_taken_for_those_of_a_queue_that_is_held_up(diagnose, aliased):
    (both,) = found_in(diagnose(aliased, "--json"), ExitCode.NOT_AS_EXPECTED)
    dropped = both["findings"][0]
    assert dropped["code"] == "dropped-retries-used"
    assert "tried again as often as its settings allow, then dropped 3 events" in dropped["explanation"]
    assert "late-in-queue" not in [finding["code"] for finding in both["findings"]]


def test_failed_requests_of_a_qualifier_are_those_of_its_versions(diagnose, aliased, lambda_):
    (alias,) = found_in(diagnose(f"{aliased}:live", "--json"), ExitCode.NOT_AS_EXPECTED)
    assert {one["line"] for one in alias["failed_requests"]} == {"[ERROR] ValueError: by the alias"}
    assert "whether failed requests came by live" in [gap["subject"] for gap in alias["gaps"]]
    (latest,) = found_in(diagnose(aliased, "--json"), ExitCode.NOT_AS_EXPECTED)
    assert {one["line"] for one in latest["failed_requests"]} == {
        "[ERROR] ValueError: by the alias",
        "[ERROR] ValueError: by the function",
    }


def test_versions_that_get_a_share_of_an_aliass_events_are_told(diagnose, well, lambda_):
    for timeout in (10, 20):
        lambda_.update_function_configuration(FunctionName=well.name, Timeout=timeout)
        lambda_.publish_version(FunctionName=well.name)
    lambda_.create_alias(
        FunctionName=well.name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    ran = diagnose(well)
    assert re.search(r"Alias live +version 1 and version 2 for 10% of its invocations", ran.stdout)
    assert re.search(r"Changed +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC *\n", ran.stdout)


def test_a_version_has_its_own_timeout_and_its_own_policy(as_told, lambda_, diagnose):
    name = as_told().name
    lambda_.publish_version(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, Timeout=7)
    lambda_.add_permission(
        FunctionName=name,
        Qualifier="1",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    )

    (version,) = found_in(diagnose(f"{name}:1", "--json"), ExitCode.AS_EXPECTED)
    assert version["configuration"]["function"]["timeout_seconds"] == 100
    assert [one["principal"] for one in version["invokers"]] == ["events.amazonaws.com"]
    (latest,) = found_in(diagnose(f"{name}:$LATEST", "--json"), ExitCode.AS_EXPECTED)
    assert latest["configuration"]["function"]["timeout_seconds"] == 7
    assert latest["invokers"] == []


@pytest.mark.parametrize("qualifier", ["nope", "7"])
def test_an_alias_or_version_that_is_not_there_is_refused(diagnose, well, qualifier):
    ran = diagnose(f"{well}:{qualifier}")
    assert ran.returncode == ExitCode.USAGE
    assert f"There is no alias or version {qualifier} of a function {well} in eu-west-1" in sentence(ran)


def test_a_function_that_is_well_is_said_to_be_before_what_could_be_better(diagnose, well):
    said = diagnose(well).stdout
    assert said.index("No event was lost or late") < said.index("No failure destination is set")
    assert said.splitlines()[-1] == f"{well}: no event was lost or late; 2 notices."


@pytest.mark.parametrize("name", ["orders-of-the-web-shop-in-production", "a-name-that-is-as-long-as-" + "o" * 37])
def test_a_long_name_is_not_cut_where_many_are_told(as_told, diagnose, name):
    as_told(name=name)
    said = diagnose("--prefix", name).stdout
    assert name in "".join(line.split()[0] for line in said.splitlines() if line.strip())


def test_a_request_id_is_not_cut_in_a_narrow_terminal(async_lab, as_told):
    function = as_told(retries=0)
    sent = function.send({"fail": "no"})
    async_lab.advance(seconds=60)
    ran = call(PROJECT, "diagnose", function, COLUMNS="40", **endpoint_variables(async_lab.url, REGION))
    assert sent.request_id in "".join(line.strip() for line in ran.stdout.splitlines())


def test_a_runtime_that_was_killed_is_told_to_have_run_out_of_memory(async_lab, handler, diagnose):
    greedy = async_lab.function(handler(GREEDY), retries=0)
    greedy.send()
    async_lab.advance(seconds=60)

    (function,) = found_in(diagnose(greedy, "--json"), ExitCode.NOT_AS_EXPECTED)
    assert any("Raise the memory, 128 MB" in advice for advice in function["findings"][0]["advice"])


def test_that_events_wait_is_said_before_what_could_be_better(async_lab, as_told, diagnose):
    as_told(name="accepted").send()
    assert re.search(r"accepted .* Not over yet", diagnose("--all").stdout)
    throttled = as_told(name="full", reserved_concurrency=1)
    for _ in range(2):
        throttled.send({"sleep": 50})
    async_lab.advance(seconds=2)
    assert diagnose(throttled).stdout.splitlines()[-1] == "full: no event was lost. The function is throttled."


def test_settings_that_are_not_in_effect_are_told(as_told, lambda_, diagnose):
    function = as_told()
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    lambda_.put_function_event_invoke_config(FunctionName=function.name, Qualifier="live", MaximumRetryAttempts=0)
    function.send()

    (function,) = found_in(diagnose(function, "--json"), ExitCode.AS_EXPECTED)
    assert function["findings"][0]["code"] == "settings-not-in-effect"


def test_a_dead_letter_queue_that_is_gone_is_told(as_told, sqs, diagnose):
    function = as_told(dead_letter_queue=True)
    sqs.delete_queue(QueueUrl=function.dead_letter_queue.rpartition(":")[2])

    (function,) = found_in(diagnose(function, "--json"), ExitCode.AS_EXPECTED)
    assert function["findings"][0]["code"] == "failure-target-missing"
    assert function["failure_targets"][0]["exists"] is False


def test_all_functions_have_a_line_the_worst_first(diagnose, busy, stopped, well):
    functions = found_in(diagnose("--all", "--json"), ExitCode.NOT_AS_EXPECTED)

    losing = [function["loses_events"] for function in functions]
    assert losing == sorted(losing, reverse=True)
    assert {busy.name, stopped.name, well.name} <= {function["function_name"] for function in functions}
    said = diagnose("--prefix", "orders-").stdout
    assert said.index(busy.name) < said.index(f"{well} ")
    assert f"of {len(functions)} functions lost events." in said.splitlines()[-1]


def test_functions_that_have_a_tag(as_told, lambda_, diagnose):
    names = []
    for tags in ({"team": "shop", "stage": "live"}, {"team": "shop"}, {"team": "other"}):
        function = as_told()
        lambda_.tag_resource(Resource=function.arn, Tags=tags)
        names.append(function.name)

    def found(*arguments):
        return {one["function_name"] for one in found_in(diagnose(*arguments, "--json"), ExitCode.AS_EXPECTED)}

    assert found("--tag", "team=shop") == set(names[:2])
    assert found("--tag", "team=shop", "--tag", "stage=live") == {names[0]}
    assert found("--tag", "team=shop", "--prefix", names[1]) == {names[1]}
    assert "No function has team=nobody" in sentence(diagnose("--tag", "team=nobody"))
    assert "must be KEY=VALUE" in sentence(diagnose("--tag", "team"))
    assert "once" in sentence(diagnose("--tag", "team=shop", "--tag", "team=other"))
    assert "Name one function" in sentence(diagnose("--tag", "team=shop", "--all"))


def test_a_prefix_that_no_function_has_is_said(diagnose):
    ran = diagnose("--prefix", "nobody")
    assert ran.returncode == ExitCode.USAGE
    assert "No function's name begins with nobody in eu-west-1" in sentence(ran)


def test_an_arn_names_a_function_of_its_own_account_and_region_only(diagnose, well):
    arn = well.arn
    assert diagnose(arn).returncode == ExitCode.AS_EXPECTED

    elsewhere = diagnose(arn.replace("123456789012", "999999999999"))
    assert elsewhere.returncode == ExitCode.USAGE
    assert "of account 999999999999, and you ask in 123456789012" in sentence(elsewhere)
    region = diagnose(arn.replace(REGION, "us-east-1"), "--region", REGION)
    assert "of region us-east-1, and you ask in eu-west-1" in sentence(region)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name one function, or ask about many"),
        (("one", "--all"), "Name one function, or ask about many"),
        (("no such/name",), '"no such/name" is no function'),
        (("nowhere",), "There is no function nowhere in eu-west-1"),
        (("one", "--profile", "mine"), "the embedded endpoint knows no accounts but its own"),
    ],
)
def test_a_wrong_question_is_answered_with_a_sentence(diagnose, arguments, said):
    ran = diagnose(*arguments)
    assert ran.returncode == ExitCode.USAGE
    assert said in sentence(ran)


@pytest.mark.parametrize(
    ("given", "seconds"), [("60s", 60), ("1m", 60), ("90min", 5_400), ("3h", 10_800), ("1.5 h", 5_400), ("1d", 86_400)]
)
def test_a_span_is_read(given, seconds):
    assert span(given) == seconds


@pytest.mark.parametrize("given", ["", "59s", "86401s", "25h", "2d", "3", "-3h", "3w", "h"])
def test_what_is_no_span_or_none_that_can_be_looked_at_is_refused(given):
    with pytest.raises(BadParameter, match="1 minute to 24 hours"):
        span(given)


def test_only_what_happened_since_then_counts(async_lab, as_told, diagnose):
    function = as_told(reserved_concurrency=0)
    function.send()
    async_lab.advance(seconds=7_200)
    (earlier,) = found_in(diagnose(function, "--json"), ExitCode.NOT_AS_EXPECTED)
    assert earlier["findings"][0]["code"] == "dropped-stopped"

    (now,) = found_in(diagnose(function, "--json", "--since", "1h"), ExitCode.AS_EXPECTED)
    assert now["findings"][0]["code"] == "stopped"


def test_an_endpoint_can_be_named_and_its_time_counts(async_lab, well):
    nowhere = {"AWS_REGION": REGION}
    ran = call(PROJECT, "diagnose", well, "--endpoint-url", async_lab.url, "--since", "1d", "--json", **nowhere)

    (function,) = found_in(ran, ExitCode.AS_EXPECTED)
    assert function["target"]["name"] == "local"
    assert function["end"].startswith("2023-08-23T")


def test_the_two_schemas_agree_on_what_they_share():
    run, diagnosis = (json.loads((SCHEMAS / f"{name}.schema.json").read_text()) for name in ("result", "diagnosis"))

    shared = set(run["$defs"]) & set(diagnosis["$defs"])
    assert {"finding", "figure", "fact", "moment", "metric"} <= shared
    for name in shared:
        assert run["$defs"][name] == diagnosis["$defs"][name]
    assert diagnosis["$defs"]["function"]["properties"]["metrics"] == run["properties"]["metrics"]
