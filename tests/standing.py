"""A stack as a run leaves it, made with boto3 and without Terraform."""

import io
import json
import zipfile

from async_lab.stack.journal import Entry
from async_lab.testing.base import TRUST

ALARM = {
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}})


def resources(name):
    """What `make` makes, as the journal notes it."""
    return (
        ("aws_cloudwatch_composite_alarm", f"{name}-async"),
        ("aws_cloudwatch_dashboard", name),
        ("aws_cloudwatch_event_rule", f"{name}-trigger"),
        ("aws_cloudwatch_log_group", f"/aws/lambda/{name}"),
        ("aws_cloudwatch_metric_alarm", f"{name}-errors"),
        ("aws_iam_role", name),
        ("aws_lambda_function", name),
        ("aws_sns_topic", f"{name}-trigger"),
        ("aws_sqs_queue", f"{name}-failures"),
    )


def noted(target, name, **changes):
    """The journal's entry of a stack that `make` makes."""
    values = {"directory": "/checkout/terraform", "var_file": "/checkout/baseline.tfvars", "resources": resources(name)}
    return Entry("aws", target.account_id, target.region, name, **(values | changes))


def make(target, name, tags=None):
    """One resource of every kind under the stack's name, with the stack's tags or others."""
    tags = {"Project": "async-lab", "Stack": name} if tags is None else tags
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    iam, cloudwatch = target.client("iam"), target.client("cloudwatch")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=pairs)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=POLICY)
    policy = iam.create_policy(PolicyName=f"{name}-managed", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    some_tags = {"tags": tags} if tags else {}  # CloudWatch Logs takes no empty ones
    target.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}", **some_tags)
    target.client("sqs").create_queue(QueueName=f"{name}-failures", tags=tags)
    _make_function(target, name, role, Tags=tags)
    target.client("sns").create_topic(Name=f"{name}-trigger", Tags=pairs)
    events = target.client("events")
    events.put_rule(Name=f"{name}-trigger", EventPattern='{"source": ["x"]}', Tags=pairs)
    function = f"arn:aws:lambda:{target.region}:{target.account_id}:function:{name}"
    events.put_targets(Rule=f"{name}-trigger", Targets=[{"Id": "function", "Arn": function}])
    cloudwatch.put_metric_alarm(AlarmName=f"{name}-errors", Tags=pairs, **ALARM)
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-async", AlarmRule=f'ALARM("{name}-errors")', Tags=pairs)
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')


def reserve(target, name, number):
    """A function that has reserved some of the account's concurrency."""
    role = target.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    _make_function(target, name, role)
    target.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=number)


def package():
    """A function's package."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("app.py", "def handler(event, context): ...\n")
    return archive.getvalue()


def _make_function(target, name, role, **options):
    target.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": package()},
        **options,
    )
