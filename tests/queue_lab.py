"""What the tests of invocation share: a target with shorthands, and a handler that does as its event says."""

import io
import json
import zipfile

from async_lab.observation.metrics import collect
from async_lab.target.local import LocalTarget

HANDLER = """
import os, time
def handler(event, context):
    if isinstance(event, dict):
        time.sleep(event.get("sleep", 0))
        if "exit" in event:
            os._exit(event["exit"])
        if "fail" in event:
            raise ValueError(event["fail"])
    return {"seen": event, "id": context.aws_request_id}
"""
MAY_DO_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def package(source=HANDLER):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", source)
    return file.getvalue()


class Lab:
    """A target with shorthands."""

    def __init__(self, endpoint):
        self.endpoint, self.target, self.made = endpoint, LocalTarget(endpoint, "eu-west-1"), 0
        self.begin()

    def begin(self):
        """Make the role that may do everything: again after a reset."""
        iam = self.target.client("iam")
        self.role = iam.create_role(RoleName="may-do-all", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        iam.put_role_policy(RoleName="may-do-all", PolicyName="all", PolicyDocument=json.dumps(MAY_DO_ALL))
        self.lambda_, self.sqs = self.target.invoking_client(), self.target.client("sqs")

    def function(self, concurrency=None, asynchronous=None, source=HANDLER, **settings):
        self.made += 1
        name = f"function-{self.made}"
        self.lambda_.create_function(
            FunctionName=name,
            Role=settings.pop("Role", self.role),
            Runtime=settings.pop("Runtime", "python3.13"),
            Handler="app.handler",
            Code={"ZipFile": package(source)},
            Timeout=100,
            **settings,
        )
        if concurrency is not None:
            self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=concurrency)
        if asynchronous:
            self.lambda_.put_function_event_invoke_config(FunctionName=name, **asynchronous)
        return name

    def queue(self):
        self.made += 1
        url = self.sqs.create_queue(QueueName=f"queue-{self.made}")["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def open_queue(self, *services, **attributes):
        """A queue that these services may send to: its URL and ARN."""
        url, arn = self.queue()
        principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": arn}
        policy = {"Policy": json.dumps({"Statement": [statement]})}
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes=policy | attributes)
        return url, arn

    def send(self, name, payload=None, **options):
        body = {} if payload is None else {"Payload": json.dumps(payload)}
        return self.lambda_.invoke(FunctionName=name, InvocationType="Event", **body, **options)

    def messages(self, url):
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        return answer.get("Messages", [])

    def records(self, url):
        """Every record that a queue holds."""
        found = []
        while batch := self.messages(url):
            found += [json.loads(message["Body"]) for message in batch]
            for message in batch:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def log(self, name):
        """All log lines of a function, in their order."""
        answer = self.target.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")
        return [event["message"] for event in answer["events"]]

    def maximum(self, metric, since, **dimensions):
        """The highest value of a metric since then, in one dimension set."""
        points = self.target.cloudwatch().get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=since // 60 * 60,
            EndTime=self.target.now() + 60,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        return max((point["Maximum"] for point in points), default=None)

    def metrics(self, name, since):
        return collect(self.target.cloudwatch(), name, since, self.target.now())


def id_of(answer):
    return answer["ResponseMetadata"]["RequestId"]
