"""What a handler learns of its invocation."""

import json

import pytest

TELLS = """
import os
def handler(event, context):
    return [context.invoked_function_arn, os.environ["_X_AMZN_TRACE_ID"]]
"""


@pytest.fixture(scope="module")
def told(lab):
    """What a handler is told through a qualifier."""
    name = lab.function(source=TELLS)
    lab.lambda_.publish_version(FunctionName=name)
    lab.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")

    def call(qualifier=None):
        named = {"Qualifier": qualifier} if qualifier else {}
        answer = json.loads(lab.lambda_.invoke(FunctionName=name, **named)["Payload"].read())
        return answer[0].partition(name)[2], answer[1]

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
