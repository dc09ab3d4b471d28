import threading

from lambda_client import NAME, refused

from async_lab.endpoint.functions.requests import changing

MESSAGE = "The function could not be updated due to a concurrent update operation."


def test_second_change_at_the_same_moment_is_refused(functions, create):
    arn = create()["FunctionArn"]
    create(FunctionName="other")
    with changing(arn, authorization=""):
        with refused("ResourceConflictException", 409, MESSAGE):
            functions.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=1)
        with refused("ResourceConflictException", 409, MESSAGE):
            functions.update_function_configuration(FunctionName=NAME, Timeout=5)
        functions.put_function_event_invoke_config(FunctionName="other", MaximumRetryAttempts=1)
    functions.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=1)


def test_refused_change_holds_nothing_up(functions, create):
    create()
    message = "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
    with refused("InvalidParameterValueException", 400, message):
        functions.update_function_configuration(FunctionName=NAME, TracingConfig={"Mode": "Active"})
    functions.update_function_configuration(FunctionName=NAME, Timeout=5)


def test_requests_sent_together_meet(functions, create):
    create()
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="$LATEST")
    together, outcomes = threading.Barrier(2), []

    def put(qualifier: str) -> None:
        together.wait()
        try:
            functions.put_function_event_invoke_config(FunctionName=NAME, Qualifier=qualifier, MaximumRetryAttempts=1)
            outcomes.append("written")
        except functions.exceptions.ResourceConflictException:
            outcomes.append("refused")

    threads = [threading.Thread(target=put, args=(qualifier,)) for qualifier in ("$LATEST", "live")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "written"]
