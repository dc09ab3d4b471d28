import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # for queue_lab

from queue_lab import Lab

from async_lab.endpoint.embedded import Endpoint

START = 1_795_422_225.0  # 2026-11-23T08:23:45Z
REGION, ACCOUNT = "eu-west-1", "123456789012"


class SourceLab(Lab):
    """A lab with shorthands for what triggers functions."""

    def __init__(self, endpoint):
        super().__init__(endpoint)
        names = ("s3", "sns", "events", "logs", "cloudwatch", "iam", "scheduler")
        self.s3, self.sns, self.events, self.logs, self.cloudwatch, self.iam, self.scheduler = map(
            self.target.client, names
        )

    def arn(self, name, qualifier=None):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}" + (f":{qualifier}" if qualifier else "")

    def allow(self, name, service, source_arn=None, qualifier=None, **more):
        """Permit a service to invoke a function."""
        self.lambda_.add_permission(
            FunctionName=name,
            StatementId=f"{service}-{len(more)}-{qualifier}".replace(".", "-"),
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
            **({"SourceArn": source_arn} if source_arn else {}),
            **({"Qualifier": qualifier} if qualifier else {}),
            **more,
        )

    def bucket(self):
        self.made += 1
        name = f"bucket-{self.made}"
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def topic(self):
        self.made += 1
        return self.sns.create_topic(Name=f"topic-{self.made}")["TopicArn"]

    def invoked(self, name):
        """The payloads that a function was invoked with asynchronously."""
        return [json.loads(event.payload) for event in self.endpoint.events() if event.function == name]

    def count(self, namespace, metric, dimension, value):
        """The sum of a metric in the last hour."""
        points = self.cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": value}],
            StartTime=self.target.now() - 3_600,
            EndTime=self.target.now() + 60,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)


@pytest.fixture(scope="module")
def lab():
    with Endpoint(start=START) as endpoint:
        yield SourceLab(endpoint)
