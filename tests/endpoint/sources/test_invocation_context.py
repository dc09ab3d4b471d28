"""What a handler learns of its invocation."""

import pytest

TELLS = """
import os
def handler(event, context):
    return [context.invoked_function_arn, os.environ["_X_AMZN_TRACE_ID"]]
"""


@pytest.fixture
def told(async_lab, handler, lambda_):
    """What a handler is told through a qualifier."""
    function = async_lab.function(handler(TELLS))
    lambda_.publish_version(FunctionName=function.name)
    lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")

    def call(qualifier=None):
        arn, trace_id = async_lab.invoke(f"{function}:{qualifier}" if qualifier else function)
        return arn.removeprefix(function.arn), trace_id

    return call


@pytest.mark.parametrize(("qualifier", "suffix"), [(None, ""), ("$LATEST", ":$LATEST"), ("1", ":1"), ("live", ":live")])
def test_the_context_names_what_the_caller_named(told, qualifier, suffix):
    assert told(qualifier)[0] == suffix


def test_a_trace_id_is_there(told):
    first, second = told()[1], told()[1]
    parts = dict(part.split("=", 1) for part in first.split(";"))
    assert parts.keys() == {"Root", "Parent", "Sampled", "Lineage"}
    assert parts["Root"].startswith("1-")
    assert len(parts["Root"]) == 35
    assert first != second
