"""S3 to functions, queues and the event bus: events as AWS writes them, filters, and what is refused."""

import json

import pytest
from botocore.exceptions import ClientError
from measured import payloads


def configure(s3, bucket, *notifications, **more):
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": list(notifications), **more}
    )


def notify(function, *events, **filters):
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    return {
        "LambdaFunctionArn": function.arn,
        "Events": list(events) or ["s3:ObjectCreated:*"],
        **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {}),
    }


@pytest.fixture
def told(as_told, allow, bucket):
    """A bucket and a function that it may invoke."""
    function = as_told()
    allow(function, "s3", f"arn:aws:s3:::{bucket}", SourceAccount="123456789012")
    return function, bucket


def test_a_function_gets_the_whole_record_of_a_new_object(s3, told):
    function, bucket = told
    configure(s3, bucket, notify(function) | {"Id": "orders"})
    etag = s3.put_object(Bucket=bucket, Key="in/a b+ü.json", Body=b"{}")["ETag"]
    [event] = payloads(function)
    [record] = event["Records"]
    assert record["s3"]["object"].pop("sequencer")
    assert record.pop("responseElements").keys() == {"x-amz-request-id", "x-amz-id-2"}
    owner = record["s3"]["bucket"].pop("ownerIdentity")
    assert owner["principalId"]
    assert record.pop("userIdentity")["principalId"].startswith("AWS:")
    assert record == {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-11-23T08:23:45.000Z",
        "eventName": "ObjectCreated:Put",
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "orders",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": "in/a+b%2B%C3%BC.json", "size": 2, "eTag": etag.strip('"')},
        },
    }


def test_sequencers_increase_as_text(s3, told):
    function, bucket = told
    configure(s3, bucket, notify(function))
    for _ in range(3):
        s3.put_object(Bucket=bucket, Key="order.json", Body=b"{}")
    sequencers = [event["Records"][0]["s3"]["object"]["sequencer"] for event in payloads(function)]
    assert sequencers == sorted(set(sequencers))


def test_a_removed_object_has_neither_size_nor_etag(s3, told):
    function, bucket = told
    configure(s3, bucket, notify(function, "s3:ObjectRemoved:*"))
    s3.put_object(Bucket=bucket, Key="order.json", Body=b"{}")
    s3.delete_object(Bucket=bucket, Key="order.json")
    [event] = payloads(function)
    assert event["Records"][0]["eventName"] == "ObjectRemoved:Delete"
    assert event["Records"][0]["s3"]["object"].keys() == {"key", "sequencer"}


def test_a_versioned_object_is_told_of_with_its_version(s3, told):
    function, bucket = told
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    configure(s3, bucket, notify(function))
    version = s3.put_object(Bucket=bucket, Key="order.json", Body=b"{}")["VersionId"]
    assert payloads(function)[0]["Records"][0]["s3"]["object"]["versionId"] == version


def names_of(events):
    records = [event["Records"][0] for event in events]
    return [(each["eventName"], each["s3"]["object"].get("versionId")) for each in records]


def test_each_version_that_goes_and_each_delete_marker_is_told_of(s3, told):
    function, bucket = told
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    configure(s3, bucket, notify(function, "s3:ObjectRemoved:*"))
    one, two = (s3.put_object(Bucket=bucket, Key="order", Body=b"{}")["VersionId"] for _ in range(2))
    marker = s3.delete_object(Bucket=bucket, Key="order")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="order", VersionId=one)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "order", "VersionId": marker}]})
    s3.delete_object(Bucket=bucket, Key="order", VersionId=two)
    assert names_of(payloads(function)) == [
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", one),
        ("ObjectRemoved:Delete", marker),
        ("ObjectRemoved:Delete", two),
    ]


@pytest.fixture
def upload(s3, bucket):
    """What calls name an upload in parts with, which has begun."""
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="large")["UploadId"]
    return {"Bucket": bucket, "Key": "large", "UploadId": upload_id}


def test_an_upload_in_parts_is_told_of_once(s3, told, upload):
    function, bucket = told
    configure(s3, bucket, notify(function))
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"{}")["ETag"]}
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    assert names_of(payloads(function)) == [("ObjectCreated:CompleteMultipartUpload", None)]


def test_an_upload_that_was_aborted_is_not_there(s3, bucket, upload):
    s3.abort_multipart_upload(**upload)
    s3.put_object(Bucket=bucket, Key="other", Body=b"{}")
    for call in (
        lambda: s3.upload_part(**upload, PartNumber=1, Body=b"{}"),
        lambda: s3.upload_part_copy(**upload, CopySource={"Bucket": bucket, "Key": "other"}, PartNumber=1),
        lambda: s3.list_parts(**upload),
        lambda: s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}),
    ):
        with pytest.raises(ClientError, match="NoSuchUpload"):
            call()


def test_prefix_and_suffix_say_which_objects_are_told_of(s3, told):
    function, bucket = told
    configure(s3, bucket, notify(function, Prefix="in/", suffix=".json"))
    for key in ("in/1.json", "out/2.json", "in/3.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    assert [event["Records"][0]["s3"]["object"]["key"] for event in payloads(function)] == ["in/1.json"]


def test_an_empty_filter_leaves_nothing_out_and_reads_back(s3, told):
    function, bucket = told
    configure(s3, bucket, notify(function, prefix="", suffix=""))
    s3.put_object(Bucket=bucket, Key="any", Body=b"{}")
    assert len(payloads(function)) == 1
    [kept] = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    assert [rule["Value"] for rule in kept["Filter"]["Key"]["FilterRules"]] == ["", ""]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{"Name": "contains", "Value": "x"}], "filter rule name must be either prefix or suffix"),
        ([{"Name": "suffix", "Value": "x"}] * 2, "Cannot specify more than one suffix rule in a filter"),
        ([{"Name": "prefix", "Value": "é" * 513}], "Size of filter rule value cannot exceed 1024 bytes"),
    ],
)
def test_a_filter_that_there_can_not_be_is_refused(s3, told, rules, said):
    function, bucket = told
    with pytest.raises(ClientError, match=f"InvalidArgument.*{said}"):
        configure(s3, bucket, notify(function) | {"Filter": {"Key": {"FilterRules": rules}}})
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


@pytest.mark.parametrize("permitted", [None, "arn:aws:s3:::another-bucket"])
def test_a_bucket_that_may_not_invoke_the_function_is_refused(as_told, s3, permitted, allow, bucket):
    function = as_told()
    if permitted:
        allow(function, "s3", permitted)
    with pytest.raises(ClientError) as refused:
        configure(s3, bucket, notify(function))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == (
        "InvalidArgument",
        "Unable to validate the following destination configurations",
    )
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def test_a_bucket_that_may_not_send_to_the_queue_is_refused(async_lab, s3, bucket, open_queue):
    closed, opened = async_lab.queue("closed"), open_queue("s3")
    wanted = {"QueueArn": closed, "Events": ["s3:ObjectCreated:*"]}
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        configure(s3, bucket, QueueConfigurations=[wanted])
    configure(s3, bucket, QueueConfigurations=[wanted | {"QueueArn": opened}])
    s3.put_object(Bucket=bucket, Key="order.json", Body=b"{}")
    test, order = (message.json for message in async_lab.messages(opened))
    assert (test["Event"], test["Bucket"]) == ("s3:TestEvent", bucket)
    assert order["Records"][0]["s3"]["object"]["key"] == "order.json"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"prefix": "in/"}, {"prefix": "in/orders/"}),
        ({"prefix": "in/", "suffix": ".json"}, {"suffix": "json"}),
    ],
)
def test_two_notifications_of_the_same_objects_are_refused(s3, told, one, other):
    function, bucket = told
    with pytest.raises(ClientError) as refused:
        configure(s3, bucket, notify(function, **one), notify(function, "s3:ObjectCreated:Put", **other))
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    assert "verlap" in refused.value.response["Error"]["Message"]


def test_two_notifications_of_different_objects_are_taken(s3, told):
    function, bucket = told
    configure(
        s3,
        bucket,
        notify(function, prefix="in/", suffix=".json"),
        notify(function, prefix="in/", suffix=".csv"),
        notify(function, "s3:ObjectRemoved:*"),
    )


def test_a_permission_that_is_taken_away_ends_the_invocations(lambda_, s3, told):
    function, bucket = told
    configure(s3, bucket, notify(function))
    lambda_.remove_permission(FunctionName=function.name, StatementId="s3-1")
    s3.put_object(Bucket=bucket, Key="order.json", Body=b"{}")
    assert payloads(function) == []


def test_the_event_bus_hears_of_objects_where_the_bucket_says_so(as_told, s3, events, allow, bucket):
    function = as_told()
    rule = events.put_rule(Name=bucket, EventPattern=json.dumps({"source": ["aws.s3"]}))["RuleArn"]
    events.put_targets(Rule=bucket, Targets=[{"Id": "1", "Arn": function.arn}])
    allow(function, "events", rule)
    configure(s3, bucket, EventBridgeConfiguration={})
    s3.put_object(Bucket=bucket, Key="a b.json", Body=b"{}")
    [event] = payloads(function)
    assert (event["detail-type"], event["source"], event["resources"]) == (
        "Object Created",
        "aws.s3",
        [f"arn:aws:s3:::{bucket}"],
    )
    assert (event["detail"]["object"]["key"], event["detail"]["reason"]) == ("a b.json", "PutObject")


def test_tags_of_an_object_that_is_not_there_are_no_key(s3, bucket):
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.delete_object_tagging(Bucket=bucket, Key="none")
