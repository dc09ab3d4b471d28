"""How many tags a resource may have, in the words of its service."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from packages import package

from async_lab.endpoint.embedded import Endpoint
from async_lab.testing.base import TRUST

ACCOUNT, REGION = "123456789012", "eu-west-1"
ALARM = {
    "Namespace": "Shop",
    "MetricName": "Orders",
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Period": 60,
    "Threshold": 1,
    "Statistic": "Sum",
}


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def mapped(count, prefix="k"):
    return {f"{prefix}{number}": "v" for number in range(count)}


def listed(count, prefix="k"):
    return [{"Key": key, "Value": value} for key, value in mapped(count, prefix).items()]


@pytest.fixture(scope="module")
def client():
    with Endpoint() as endpoint:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        yield lambda service: boto3.client(service, endpoint_url=endpoint.url, region_name=REGION, **keys)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def test_a_resource_is_not_made_with_more_than_fifty_tags(client):
    sqs, sns, events = client("sqs"), client("sns"), client("events")
    cloudwatch, logs, s3 = client("cloudwatch"), client("logs"), client("s3")
    rate = {"Name": "r", "ScheduleExpression": "rate(1 hour)"}
    assert refusal(sqs.create_queue, QueueName="q", tags=mapped(51)) == "InvalidParameterValue"
    assert refusal(sns.create_topic, Name="t", Tags=listed(51)) == "TagLimitExceeded"
    assert refusal(events.put_rule, Tags=listed(51), **rate) == "ValidationException"
    assert refusal(cloudwatch.put_metric_alarm, AlarmName="a", Tags=listed(51), **ALARM) == "InvalidParameterValue"
    assert refusal(logs.create_log_group, logGroupName="g", tags=mapped(51)) == "TooManyTagsException"
    assert sqs.list_queues().get("QueueUrls", []) == sns.list_topics()["Topics"] == events.list_rules()["Rules"] == []
    assert cloudwatch.describe_alarms()["MetricAlarms"] == logs.describe_log_groups()["logGroups"] == []

    sqs.create_queue(QueueName="q", tags=mapped(50))
    sns.create_topic(Name="t", Tags=listed(50))
    events.put_rule(Tags=listed(50), **rate)
    cloudwatch.put_metric_alarm(AlarmName="a", Tags=listed(50), **ALARM)
    logs.create_log_group(logGroupName="g", tags=mapped(50))
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket="tagged", Tagging={"TagSet": listed(50)})
    assert refusal(s3.put_bucket_tagging, Bucket="tagged", Tagging={"TagSet": listed(51)}) == "BadRequest"
    assert len(s3.get_bucket_tagging(Bucket="tagged")["TagSet"]) == 50

    more = {"Tags": listed(1, "more")}
    rule, alarm, group = arn("events", "rule/r"), arn("cloudwatch", "alarm:a"), arn("logs", "log-group:g")
    assert refusal(events.tag_resource, ResourceARN=rule, **more) == "ValidationException"
    assert refusal(cloudwatch.tag_resource, ResourceARN=alarm, **more) == "InvalidParameterValue"
    assert refusal(logs.tag_resource, resourceArn=group, tags=mapped(1, "more")) == "TooManyTagsException"
    assert refusal(sns.tag_resource, ResourceArn=arn("sns", "t"), **more) == "TagLimitExceeded"
    assert len(cloudwatch.list_tags_for_resource(ResourceARN=alarm)["Tags"]) == 50
    cloudwatch.tag_resource(ResourceARN=alarm, Tags=listed(50))  # those that it has already


def test_a_function_has_at_most_fifty_tags_of_its_own(client):
    functions, iam = client("lambda"), client("iam")
    iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=json.dumps(TRUST))
    made = {"FunctionName": "tagged", "Runtime": "python3.13", "Handler": "app.handler", "Code": {"ZipFile": package()}}
    made["Role"] = f"arn:aws:iam::{ACCOUNT}:role/tagged"
    with pytest.raises(ClientError, match=r"Number of tags exceeds resource tag limit\."):
        functions.create_function(Tags=mapped(51), **made)
    assert functions.list_functions()["Functions"] == []
    function = functions.create_function(Tags=mapped(49), Publish=True, **made)["FunctionArn"].removesuffix(":1")
    functions.tag_resource(Resource=function, Tags={"k0": "changed", "k49": "v"})
    assert refusal(functions.tag_resource, Resource=function, Tags={"k50": "v"}) == "InvalidParameterValueException"
    with pytest.raises(ClientError, match="Tags on function aliases and versions are not supported"):
        functions.tag_resource(Resource=f"{function}:1", Tags={"a": "b"})
    assert functions.list_tags(Resource=function)["Tags"] == mapped(50) | {"k0": "changed"}
