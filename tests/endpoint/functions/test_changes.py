import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from lambda_client import NAME, refused
from processes import LONGEST_SECONDS, wait_until

from async_lab.endpoint.functions import requests
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


def test_requests_sent_together_meet(functions, create, monkeypatch):
    create()
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="$LATEST")
    changes, go_on = [], threading.Event()

    def last(seconds: float) -> None:
        """Take as long as the other request does, which on a busy machine may be later than sent."""
        changes.append(seconds)
        assert go_on.wait(LONGEST_SECONDS)

    def put(qualifier: str) -> None:
        functions.put_function_event_invoke_config(FunctionName=NAME, Qualifier=qualifier, MaximumRetryAttempts=1)

    monkeypatch.setattr(requests, "time", SimpleNamespace(sleep=last))
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(put, "live")
        wait_until(lambda: changes == [requests.CHANGE_SECONDS])
        with refused("ResourceConflictException", 409, MESSAGE):
            put("$LATEST")
        go_on.set()
        written.result()
    put("$LATEST")
