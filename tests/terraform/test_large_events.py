"""What is kept of events that Lambda accepts and drops, by size: all of it in a bucket, the small ones in a queue."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from conftest import REGION, Directory, said

pytestmark = pytest.mark.long

BUCKET, QUEUE = "Keeping_in-a-bucket", "keeping-in-a-queue"
SIZES_KB = [1, 200, 300, 600, 1000]
LOST_BY_THE_QUEUE_KB = [300, 600, 1000]


@pytest.fixture(scope="module")
def client(endpoint):
    return lambda service: boto3.client(
        service, endpoint_url=endpoint.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture(scope="module")
def keeping(tree, keep):
    path = tree / "keeping"
    shutil.copytree(Path(__file__).parent / "keeping", path)
    with keep(path) as attached:
        directory = Directory(path, attached)
        initialized = directory.run("init")
        assert initialized.returncode == 0, said(initialized)
        yield directory


@pytest.fixture(scope="module")
def applied(keeping):
    completed = keeping.run("apply", "-auto-approve")
    assert completed.returncode == 0, said(completed)
    return completed


@pytest.fixture(scope="module")
def outputs(keeping, applied, endpoint, client):
    """What Terraform says, once both functions have dropped an event of each size."""
    for name in (BUCKET, QUEUE):
        for kilobytes in SIZES_KB:
            client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload(kilobytes))
    endpoint.wait(120)
    return {name: output["value"] for name, output in json.loads(keeping.run("output", "-json").stdout).items()}


def payload(kilobytes):
    text = str(kilobytes)
    return json.dumps({"kilobytes": kilobytes, "rest": text * ((kilobytes * 1024 - 100) // len(text))}).encode()


def failed_deliveries(endpoint, client, name):
    now = datetime.fromtimestamp(endpoint.clock.now(), UTC)
    points = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="DestinationDeliveryFailures",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def test_the_queue_below_lambdas_largest_event_is_warned_of_and_the_bucket_is_not(applied):
    words = " ".join(said(applied).replace("│", " ").split())
    assert words.count("Warning: Check block assertion failed") == 1
    assert f"{QUEUE} keeps dropped events in a queue of messages up to 262144 bytes" in words


def test_the_bucket_keeps_the_events_of_every_size_whole(outputs, endpoint, client):
    listed = client("s3").list_objects_v2(Bucket=outputs["bucket"])["Contents"]
    records = [json.load(client("s3").get_object(Bucket=outputs["bucket"], Key=one["Key"])["Body"]) for one in listed]
    kept = {record["requestPayload"]["kilobytes"]: record["requestPayload"] for record in records}
    assert kept == {kilobytes: json.loads(payload(kilobytes)) for kilobytes in SIZES_KB}
    assert len(records) == len(SIZES_KB)
    assert failed_deliveries(endpoint, client, BUCKET) == 0


def test_what_the_queue_does_not_take_is_a_failed_delivery(outputs, endpoint, client):
    kept = set()
    while messages := client("sqs").receive_message(QueueUrl=outputs["queue"]).get("Messages", []):
        kept |= {json.loads(message["Body"])["requestPayload"]["kilobytes"] for message in messages}
    assert kept == set(SIZES_KB) - set(LOST_BY_THE_QUEUE_KB)
    assert failed_deliveries(endpoint, client, QUEUE) == len(LOST_BY_THE_QUEUE_KB)


def test_the_bucket_is_encrypted_and_private_and_its_records_expire(outputs, client):
    s3, name = client("s3"), outputs["bucket"]
    (encryption,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert rules["records"]["Expiration"]["Days"] == 90
    assert rules["unfinished-uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7


def test_the_role_may_put_objects_into_that_bucket_and_no_more(outputs, client):
    policy = client("iam").get_role_policy(RoleName=BUCKET, PolicyName="async-function")["PolicyDocument"]
    granted = {(action, one["Resource"]) for one in policy["Statement"] for action in one["Action"] if "s3:" in action}
    arn = f"arn:aws:s3:::{outputs['bucket']}"
    assert granted == {("s3:PutObject", f"{arn}/*"), ("s3:ListBucket", arn)}


@pytest.mark.usefixtures("outputs")
def test_a_second_plan_is_empty(keeping):
    planned = keeping.run("plan", "-detailed-exitcode")
    assert planned.returncode == 0, said(planned)


def test_records_are_deleted_with_the_bucket_only_when_that_is_said(keeping, outputs, client):
    refused = keeping.run("destroy", "-auto-approve", "-target=module.bucket.aws_s3_bucket.failures")
    assert refused.returncode == 1
    assert "BucketNotEmpty" in said(refused)
    assert len(client("s3").list_objects_v2(Bucket=outputs["bucket"])["Contents"]) == len(SIZES_KB)
    for command in ("apply", "destroy"):
        completed = keeping.run(command, "-auto-approve", "-var=force_destroy=true")
        assert completed.returncode == 0, said(completed)
