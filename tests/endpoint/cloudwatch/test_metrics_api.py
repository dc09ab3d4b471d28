from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from async_lab.endpoint.cloudwatch import store

NOW = datetime(2026, 11, 23, 8, 23, 45, tzinfo=UTC)
MINUTE = NOW.replace(second=0)
F = [{"Name": "FunctionName", "Value": "f"}]


def put(cloudwatch, name, value, minutes=0, dimensions=F, **more):
    datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": NOW + timedelta(minutes=minutes), **more}
    if value is not None:
        datum["Value"] = value
    cloudwatch.put_metric_data(Namespace="Lab", MetricData=[datum])


def stat(id_, name, statistic="Sum", period=60, dimensions=F, **more):
    metric = {"Namespace": "Lab", "MetricName": name, "Dimensions": dimensions}
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}, **more}


def get(cloudwatch, *queries, start=MINUTE - timedelta(minutes=10), end=MINUTE + timedelta(minutes=10), **more):
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), StartTime=start, EndTime=end, **more)


def values(answer):
    return {each["Id"]: each["Values"] for each in answer["MetricDataResults"]}


def refused(error, code, *parts):
    assert error.value.response["Error"]["Code"] == code
    for part in parts:
        assert part in error.value.response["Error"]["Message"]


def test_a_metric_is_read_by_minute_newest_first_unless_asked_otherwise(cloudwatch):
    put(cloudwatch, "M", 1, minutes=-1)
    put(cloudwatch, "M", 2)
    result = get(cloudwatch, stat("m", "M"))["MetricDataResults"][0]
    assert result["Timestamps"] == [MINUTE, MINUTE - timedelta(minutes=1)]
    assert (result["Values"], result["StatusCode"], result["Label"]) == ([2, 1], "Complete", "M")
    assert values(get(cloudwatch, stat("m", "M"), ScanBy="TimestampAscending")) == {"m": [1, 2]}


def test_a_metric_without_data_points_has_none_and_not_zero(cloudwatch):
    put(cloudwatch, "M", 1, minutes=-5)
    put(cloudwatch, "M", 1)
    assert values(get(cloudwatch, stat("m", "M"), stat("n", "Other"))) == {"m": [1, 1], "n": []}


def test_a_datum_without_a_time_is_of_the_endpoints_present(cloudwatch):
    cloudwatch.put_metric_data(Namespace="Lab", MetricData=[{"MetricName": "M", "Value": 7}])
    result = get(cloudwatch, stat("m", "M", dimensions=[]))["MetricDataResults"][0]
    assert result["Timestamps"] == [MINUTE]


def test_values_with_counts_and_statistic_sets_are_added_up(cloudwatch):
    put(cloudwatch, "M", None, Values=[10.0, 20.0], Counts=[3.0, 1.0])
    put(cloudwatch, "M", None, StatisticValues={"SampleCount": 2, "Sum": 11, "Minimum": 1, "Maximum": 10})
    names = ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p50")
    answer = get(cloudwatch, *(stat(f"q{n}", "M", name) for n, name in enumerate(names)))
    assert values(answer) == {"q0": [61], "q1": [6], "q2": [61 / 6], "q3": [1], "q4": [20], "q5": []}


def test_percentiles_and_trimmed_means_are_answered(cloudwatch):
    put(cloudwatch, "M", None, Values=[float(n) for n in range(1, 101)])
    names = ("p50", "p99", "tm90", "TM(25%:75%)", "PR(:50)", "IQM")
    answer = get(cloudwatch, *(stat(f"q{n}", "M", name) for n, name in enumerate(names)))
    assert values(answer) == {"q0": [50.5], "q1": [99.01], "q2": [45.5], "q3": [50.5], "q4": [50], "q5": [50.5]}


def test_pages_of_data_points_join_to_the_whole(cloudwatch):
    for minutes in range(-5, 0):
        put(cloudwatch, "M", minutes + 10, minutes=minutes)
        put(cloudwatch, "N", minutes + 20, minutes=minutes)
    queries = (stat("m", "M"), stat("none", "X"), stat("n", "N"))
    seen, token, pages = {"m": [], "none": [], "n": []}, {}, 0
    while True:
        answer = get(cloudwatch, *queries, MaxDatapoints=3, **token)
        pages += 1
        for result in answer["MetricDataResults"]:
            seen[result["Id"]] += result["Values"]
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    assert pages == 4
    assert seen == values(get(cloudwatch, *queries))
    assert [len(each) for each in seen.values()] == [5, 0, 5]


def test_a_series_cut_by_a_page_is_partial_until_its_last_page(cloudwatch):
    put(cloudwatch, "M", 1, minutes=-1)
    put(cloudwatch, "M", 2)
    first = get(cloudwatch, stat("m", "M"), MaxDatapoints=1)
    second = get(cloudwatch, stat("m", "M"), MaxDatapoints=1, NextToken=first["NextToken"])
    assert [page["MetricDataResults"][0]["StatusCode"] for page in (first, second)] == ["PartialData", "Complete"]


def test_labels_tell_the_queries_apart(cloudwatch):
    other = [{"Name": "FunctionName", "Value": "g"}]
    by_function = get(cloudwatch, stat("a", "M"), stat("b", "M", dimensions=other))
    by_name = get(cloudwatch, stat("a", "M"), stat("b", "N"), stat("c", "N", Label="mine"))
    by_statistic = get(cloudwatch, stat("a", "M", "Sum"), stat("b", "M", "p99"))
    labels = [[each["Label"] for each in got["MetricDataResults"]] for got in (by_function, by_name, by_statistic)]
    assert labels == [["f", "g"], ["M", "N", "mine"], ["M Sum", "M p99"]]


def test_placeholders_of_a_label_are_filled(cloudwatch):
    put(cloudwatch, "M", 2, minutes=-1)
    put(cloudwatch, "M", 6)
    properties = "${PROP('Dim.FunctionName')} ${PROP('Stat')} ${PROP('Region')} ${PROP('No')}"
    label = properties + " ${MAX} ${LAST} ${LAST_TIME} ${LABEL}"
    (result,) = get(cloudwatch, stat("m", "M", Label=label))["MetricDataResults"]
    assert result["Label"] == f"f Sum us-east-1 ${{PROP('No')}} 6 6 {MINUTE.isoformat()} M"


def test_queries_that_only_feed_others_are_not_returned(cloudwatch):
    put(cloudwatch, "Errors", 1)
    put(cloudwatch, "Invocations", 4)
    answer = get(
        cloudwatch,
        {"Id": "rate", "Expression": "100 * e / i", "Label": "Error rate"},
        stat("e", "Errors", ReturnData=False),
        stat("i", "Invocations", ReturnData=False),
    )
    (result,) = answer["MetricDataResults"]
    assert (result["Id"], result["Label"], result["Values"]) == ("rate", "Error rate", [25])


def test_five_hundred_queries_fit_into_one_call(cloudwatch):
    put(cloudwatch, "M", 1)
    queries = [stat(f"q{n}", "M") for n in range(501)]
    assert len(get(cloudwatch, *queries[:500])["MetricDataResults"]) == 500
    with pytest.raises(ClientError) as error:
        get(cloudwatch, *queries)
    refused(error, "ValidationError", "must not have a size greater than 500")


@pytest.mark.parametrize(
    ("queries", "code", "part"),
    [
        ([stat("M", "M")], "ValidationError", "Id is invalid"),
        ([stat("m", "M"), stat("m", "N")], "ValidationError", "not unique"),
        ([{"Id": "m"}], "ValidationError", "MetricDataQueries.member.1.MetricStat is required"),
        ([stat("m", "M", Expression="1")], "ValidationError", "mutually exclusive"),
        ([stat("m", "M", "Median")], "InvalidParameterValue", "Median"),
        ([stat("m", "M", period=90)], "InvalidParameterValue", "multiple of 60"),
        ([{"Id": "e", "Expression": "x + 1"}], "ValidationError", "Error in expression 'e'"),
        ([{"Id": "e", "Expression": "1 +"}], "ValidationError", "Error in expression 'e'"),
        ([{"Id": "e", "Expression": "f"}, {"Id": "f", "Expression": "e"}], "ValidationError", "refers to itself"),
        ([{"Id": "e", "Expression": "1"}], "ValidationError", "must be a time series"),
    ],
)
def test_a_wrong_query_is_refused(cloudwatch, queries, code, part):
    with pytest.raises(ClientError) as error:
        get(cloudwatch, *queries)
    refused(error, code, part)


@pytest.mark.parametrize(
    ("shift", "part"), [(0, "must not equal parameter EndTime"), (1, "EndTime must be greater than StartTime")]
)
def test_a_span_that_does_not_end_after_its_start_is_refused(cloudwatch, shift, part):
    with pytest.raises(ClientError) as error:
        get(cloudwatch, stat("m", "M"), start=NOW + timedelta(minutes=shift), end=NOW)
    refused(error, "ValidationError", part)


def test_get_metric_statistics_refuses_a_question_without_a_statistic_or_a_span(cloudwatch):
    asked = {"Namespace": "Lab", "MetricName": "M", "Period": 60, "EndTime": NOW}
    with pytest.raises(ClientError) as without_statistic:
        cloudwatch.get_metric_statistics(**asked, StartTime=MINUTE)
    refused(without_statistic, "InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
    with pytest.raises(ClientError) as without_span:
        cloudwatch.get_metric_statistics(**asked, StartTime=NOW, Statistics=["Sum"])
    refused(without_span, "InvalidParameterValue", "StartTime must be less than the parameter EndTime")


def test_more_data_points_at_once_than_cloudwatch_gives_are_refused(cloudwatch):
    with pytest.raises(ClientError) as error:
        get(cloudwatch, stat("m", "M"), MaxDatapoints=100_801)
    refused(error, "ValidationError", "MaxDatapoints must be between 1 and 100800")


@pytest.mark.parametrize("token", ["x", "-1"])
def test_a_token_that_was_never_given_out_is_refused(cloudwatch, token):
    with pytest.raises(ClientError) as error:
        get(cloudwatch, stat("m", "M"), NextToken=token)
    refused(error, "InvalidParameterValue", "NextToken is invalid")


@pytest.mark.parametrize(
    ("datum", "code", "part"),
    [
        ({"Value": float("nan")}, "InvalidParameterValue", "The value NaN for parameter MetricData.member.1.Value"),
        ({"Value": 1, "Values": [1.0]}, "InvalidParameterCombination", "mutually exclusive"),
        ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue", "must be of the same size"),
        ({}, "InvalidParameterCombination", "At least one"),
        ({"Values": [float("inf")]}, "InvalidParameterValue", "The value Infinity for parameter MetricData.member.1"),
        (
            {"Value": 1, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}},
            "InvalidParameterCombination",
            "mutually exclusive",
        ),
        ({"Value": 1, "Timestamp": NOW + timedelta(hours=3)}, "InvalidParameterValue", "two hours in the future"),
        ({"Value": 1, "Timestamp": NOW - timedelta(days=15)}, "InvalidParameterValue", "past two weeks"),
    ],
)
def test_wrong_data_are_refused_and_nothing_of_the_request_is_taken(cloudwatch, datum, code, part):
    good = {"MetricName": "Good", "Value": 1}
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_data(Namespace="Lab", MetricData=[{"MetricName": "M", **datum}, good])
    refused(error, code, part)
    assert cloudwatch.list_metrics()["Metrics"] == []


@pytest.mark.parametrize(
    ("namespace", "data", "code", "part"),
    [
        (
            "AWS/Lambda",
            [{"Value": 1}],
            "InvalidParameterValue",
            "The value AWS/Lambda for parameter Namespace is invalid.",
        ),
        ("Lab", [{"Value": 1}] * 1_001, "ValidationError", "MetricData must not have a size greater than 1000"),
        ("Lab", [{"Values": [1.0] * 151}], "ValidationError", "member.1.Values must not have a size greater than 150"),
    ],
)
def test_what_no_request_may_bring_is_refused(cloudwatch, namespace, data, code, part):
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "M", **datum} for datum in data])
    refused(error, code, part)
    assert cloudwatch.list_metrics()["Metrics"] == []
    most = [{"MetricName": "M", "Values": [1.0] * 150}, *[{"MetricName": "M", "Value": 1}] * 999]
    cloudwatch.put_metric_data(Namespace="AWSome/Shop", MetricData=most)


def test_get_metric_statistics_gives_all_statistics_of_a_period_in_one_data_point(cloudwatch):
    put(cloudwatch, "M", 1, Unit="Milliseconds")
    put(cloudwatch, "M", 3, Unit="Milliseconds")
    answer = cloudwatch.get_metric_statistics(
        Namespace="Lab",
        MetricName="M",
        Dimensions=F,
        StartTime=MINUTE - timedelta(minutes=2),
        EndTime=MINUTE + timedelta(minutes=3),
        Period=300,
        Statistics=["Sum", "Average"],
        ExtendedStatistics=["p50"],
    )
    assert answer["Label"] == "M"
    assert answer["Datapoints"] == [
        {
            "Timestamp": MINUTE - timedelta(minutes=2),
            "Sum": 4,
            "Average": 2,
            "Unit": "Milliseconds",
            "ExtendedStatistics": {"p50": 2},
        }
    ]


def test_get_metric_statistics_refuses_more_data_points_than_cloudwatch_gives(cloudwatch):
    with pytest.raises(ClientError) as error:
        cloudwatch.get_metric_statistics(
            Namespace="Lab",
            MetricName="M",
            StartTime=NOW - timedelta(hours=25),
            EndTime=NOW,
            Period=60,
            Statistics=["Sum"],
        )
    refused(error, "InvalidParameterCombination", "You have requested up to 1500 datapoints", "the limit of 1440")


def test_metrics_are_listed_by_namespace_name_and_dimension(cloudwatch):
    put(cloudwatch, "M", 1)
    put(cloudwatch, "M", 1, dimensions=[])
    put(cloudwatch, "N", 1, minutes=-300)
    listed = [
        len(cloudwatch.list_metrics(**asked)["Metrics"])
        for asked in (
            {},
            {"MetricName": "M"},
            {"Namespace": "Other"},
            {"Dimensions": [{"Name": "FunctionName"}]},
            {"Dimensions": [{"Name": "FunctionName", "Value": "g"}]},
            {"RecentlyActive": "PT3H"},
        )
    ]
    assert listed == [3, 2, 0, 2, 0, 2]


def test_metrics_are_listed_in_pages_of_500(cloudwatch):
    kept = store("123456789012", "us-east-1")
    for number in range(501):
        kept.put("Lab", f"M{number:03}", (), NOW.timestamp(), 1.0)
    pages = list(cloudwatch.get_paginator("list_metrics").paginate())
    assert [len(page["Metrics"]) for page in pages] == [500, 1]


def test_regions_have_metrics_of_their_own(cloudwatch):
    store("123456789012", "eu-west-1").put("Lab", "M", (), NOW.timestamp(), 1.0)
    assert cloudwatch.list_metrics()["Metrics"] == []


def test_a_metric_is_found_whatever_the_order_of_its_dimensions(cloudwatch):
    both = [{"Name": "Resource", "Value": "f:live"}, *F]
    put(cloudwatch, "M", 1, dimensions=both)
    assert values(get(cloudwatch, stat("m", "M", dimensions=both[::-1]))) == {"m": [1]}


def test_get_metric_statistics_answers_for_exactly_a_day_of_minutes(cloudwatch):
    put(cloudwatch, "M", 1)
    span = {"StartTime": NOW - timedelta(days=1) + timedelta(minutes=1), "EndTime": NOW + timedelta(minutes=1)}
    answer = cloudwatch.get_metric_statistics(
        Namespace="Lab", MetricName="M", Dimensions=F, Period=60, Statistics=["Sum"], **span
    )
    assert [point["Sum"] for point in answer["Datapoints"]] == [1]


def fine(cloudwatch, *seconds, resolution=1, name="Fine"):
    """One observation of 1 at each second after the minute."""
    data = [
        {"MetricName": name, "Value": 1, "Timestamp": MINUTE + timedelta(seconds=at), "StorageResolution": resolution}
        for at in seconds
    ]
    cloudwatch.put_metric_data(Namespace="Lab", MetricData=data)


@pytest.mark.parametrize(
    ("period", "points"),
    [
        (1, {3: 1, 4: 1, 9: 1, 11: 2, 29: 1}),
        (5, {0: 2, 5: 1, 10: 2, 25: 1}),
        (10, {0: 3, 10: 2, 20: 1}),
        (20, {0: 5, 20: 1}),
        (30, {0: 6}),
        (60, {0: 6}),
    ],
)
def test_a_metric_of_high_resolution_is_read_by_the_second(cloudwatch, period, points):
    fine(cloudwatch, 3, 4, 9, 11, 11, 29)
    start, end = MINUTE + timedelta(seconds=3), MINUTE + timedelta(minutes=1)
    query = stat("m", "Fine", period=period, dimensions=[])
    (result,) = get(cloudwatch, query, start=start, end=end)["MetricDataResults"]
    found = {(at - MINUTE).seconds: value for at, value in zip(result["Timestamps"], result["Values"], strict=True)}
    assert found == points
    asked = {"Namespace": "Lab", "MetricName": "Fine", "Period": period, "Statistics": ["Sum"]}
    answered = cloudwatch.get_metric_statistics(**asked, StartTime=start, EndTime=end)["Datapoints"]
    assert {(point["Timestamp"] - MINUTE).seconds: point["Sum"] for point in answered} == points


def test_periods_of_one_question_begin_each_where_they_would_alone(cloudwatch):
    fine(cloudwatch, 3, 34)
    queries = [stat("s", "Fine", period=10, dimensions=[]), stat("m", "Fine", dimensions=[])]
    start, end = MINUTE + timedelta(seconds=30), MINUTE + timedelta(minutes=1)
    assert values(get(cloudwatch, *queries, start=start, end=end)) == {"s": [1], "m": [2]}


def test_a_metric_by_minute_has_its_minutes_at_shorter_periods_too(cloudwatch):
    fine(cloudwatch, 3, 34, resolution=60)
    query = stat("m", "Fine", period=10, dimensions=[])
    (result,) = get(cloudwatch, query)["MetricDataResults"]
    assert (result["Timestamps"], result["Values"]) == ([MINUTE], [2])


def test_seconds_are_kept_for_three_hours_and_minutes_longer(cloudwatch, clock):
    fine(cloudwatch, 3, 34)
    queries = [stat("s", "Fine", period=1, dimensions=[]), stat("m", "Fine", dimensions=[])]
    clock.move_to((MINUTE + timedelta(hours=3, seconds=30)).timestamp())
    assert values(get(cloudwatch, *queries)) == {"s": [1], "m": [2]}
    clock.move_to((MINUTE + timedelta(hours=3, seconds=35)).timestamp())
    assert values(get(cloudwatch, *queries)) == {"s": [], "m": [2]}


def test_statistic_sets_come_in_high_resolution_too(cloudwatch):
    summary = {"SampleCount": 2, "Sum": 5, "Minimum": 1, "Maximum": 4}
    put(cloudwatch, "Fine", None, dimensions=[], StatisticValues=summary, StorageResolution=1)
    assert values(get(cloudwatch, stat("m", "Fine", "Maximum", period=1, dimensions=[]))) == {"m": [4]}


def test_a_storage_resolution_is_a_second_or_a_minute(cloudwatch):
    with pytest.raises(ClientError) as error:
        fine(cloudwatch, 3, resolution=10)
    refused(error, "InvalidParameterValue", "StorageResolution")
