import pytest
from botocore.exceptions import ClientError


def test_autoscaling_is_refused_before_anything_is_made(async_lab):
    with pytest.raises(ClientError, match="async-lab doesn't scale anything, such as provisioned concurrency, yet"):
        async_lab.client("application-autoscaling").register_scalable_target(
            ServiceNamespace="lambda",
            ResourceId="function:orders:live",
            ScalableDimension="lambda:function:ProvisionedConcurrency",
            MinCapacity=1,
            MaxCapacity=2,
        )


def test_what_moto_makes_up_is_refused(async_lab):
    with pytest.raises(ClientError, match="async-lab doesn't run executions of Step Functions"):
        async_lab.client("stepfunctions").get_execution_history(executionArn="arn:any")
    with pytest.raises(ClientError, match="async-lab doesn't serve images"):
        async_lab.client("ecr").get_authorization_token()
