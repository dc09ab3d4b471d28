from itertools import count

import pytest


@pytest.fixture
def allow(lambda_):
    """Permit a service to invoke a function; return the statement's id."""
    numbers = count(1)

    def permit(function, service, source_arn=None, **more):
        statement = f"{service}-{next(numbers)}".replace(".", "-")
        lambda_.add_permission(
            FunctionName=str(function),
            StatementId=statement,
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
            **({"SourceArn": source_arn} if source_arn else {}),
            **more,
        )
        return statement

    return permit


@pytest.fixture
def bucket(async_lab):
    """The name of a bucket."""
    region = {"LocationConstraint": async_lab.region}
    async_lab.client("s3").create_bucket(Bucket="incoming", CreateBucketConfiguration=region)
    return "incoming"
