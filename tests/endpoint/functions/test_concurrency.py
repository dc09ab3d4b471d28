from datetime import UTC, datetime

import pytest
from lambda_client import FUNCTION_ARN, NAME, START, refused


@pytest.fixture
def concurrency(functions, create):
    create()
    return functions


def reserved(functions) -> int | None:
    return functions.get_function_concurrency(FunctionName=NAME).get("ReservedConcurrentExecutions")


def test_zero_is_a_reservation_and_no_reservation_is_none(concurrency):
    assert reserved(concurrency) is None
    concurrency.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    assert reserved(concurrency) == 0
    assert concurrency.get_function(FunctionName=NAME)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    concurrency.delete_function_concurrency(FunctionName=NAME)
    assert reserved(concurrency) is None
    assert "Concurrency" not in concurrency.get_function(FunctionName=NAME)


def test_reservations_leave_a_hundred_unreserved(concurrency, create):
    create(FunctionName="other")
    concurrency.put_function_concurrency(FunctionName="other", ReservedConcurrentExecutions=400)
    concurrency.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=500)
    message = (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [100]."
    )
    with refused("InvalidParameterValueException", 400, message):
        concurrency.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=501)
    assert reserved(concurrency) == 500
    limits = concurrency.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (1000, 100)


def test_new_account_can_reserve_nothing_but_zero(concurrency, clock):
    from async_lab.endpoint.functions import install, unreserved_limit

    install(clock.now, account_concurrency=10)
    message = (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [10]."
    )
    with refused("InvalidParameterValueException", 400, message):
        concurrency.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=1)
    concurrency.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    assert concurrency.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 10
    assert unreserved_limit("123456789012", "eu-west-1") == 10


def test_provisioned_concurrency_is_ready_at_once_and_listed_by_qualifier(concurrency):
    concurrency.publish_version(FunctionName=NAME)
    concurrency.put_provisioned_concurrency_config(FunctionName=NAME, Qualifier="1", ProvisionedConcurrentExecutions=2)
    answer = concurrency.get_provisioned_concurrency_config(FunctionName=NAME, Qualifier="1")
    assert (answer["Status"], answer["AvailableProvisionedConcurrentExecutions"]) == ("READY", 2)
    assert answer["LastModified"] == datetime.fromtimestamp(START, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    listed = concurrency.list_provisioned_concurrency_configs(FunctionName=NAME)["ProvisionedConcurrencyConfigs"]
    assert [entry["FunctionArn"] for entry in listed] == [f"{FUNCTION_ARN}:1"]
    concurrency.delete_provisioned_concurrency_config(FunctionName=NAME, Qualifier="1")
    with refused(
        "ProvisionedConcurrencyConfigNotFoundException",
        404,
        "No Provisioned Concurrency Config found for this function",
    ):
        concurrency.get_provisioned_concurrency_config(FunctionName=NAME, Qualifier="1")


def test_code_that_still_changes_can_not_be_provisioned(concurrency):
    concurrency.create_alias(FunctionName=NAME, Name="live", FunctionVersion="$LATEST")
    for qualifier in ("$LATEST", "live"):
        with refused(
            "InvalidParameterValueException",
            400,
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        ):
            concurrency.put_provisioned_concurrency_config(
                FunctionName=NAME, Qualifier=qualifier, ProvisionedConcurrentExecutions=1
            )


def test_no_more_is_provisioned_than_reserved(concurrency):
    concurrency.publish_version(FunctionName=NAME)
    concurrency.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=1)
    with refused(
        "InvalidParameterValueException",
        400,
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
    ):
        concurrency.put_provisioned_concurrency_config(
            FunctionName=NAME, Qualifier="1", ProvisionedConcurrentExecutions=2
        )


def test_provisioned_concurrency_leaves_a_hundred_of_the_pool(concurrency):
    concurrency.publish_version(FunctionName=NAME)
    asked = {"FunctionName": NAME, "Qualifier": "1"}
    message = "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."
    with refused("InvalidParameterValueException", 400, message):
        concurrency.put_provisioned_concurrency_config(**asked, ProvisionedConcurrentExecutions=1001)
    message = (
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
        "minimum value of [100]."
    )
    with refused("InvalidParameterValueException", 400, message):
        concurrency.put_provisioned_concurrency_config(**asked, ProvisionedConcurrentExecutions=901)
    concurrency.put_provisioned_concurrency_config(**asked, ProvisionedConcurrentExecutions=900)
