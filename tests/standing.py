"""A stack as a run leaves it, made with boto3 and without Terraform."""

import io
import json
import zipfile

ALARM = {
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
POLICY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}})


def make(target, name):
    """One resource of every kind under the stack's name."""
    iam, cloudwatch = target.client("iam"), target.client("cloudwatch")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=POLICY)
    policy = iam.create_policy(PolicyName=f"{name}-managed", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    target.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    _make_function(target, name, role)
    cloudwatch.put_metric_alarm(AlarmName=f"{name}-errors", **ALARM)
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-async", AlarmRule=f'ALARM("{name}-errors")')
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')


def reserve(target, name, number):
    """A function that has reserved some of the account's concurrency."""
    role = target.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    _make_function(target, name, role)
    target.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=number)


def _make_function(target, name, role, **options):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", "def handler(event, context): ...\n")
    target.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        **options,
    )
