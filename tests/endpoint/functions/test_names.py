import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto.core.utils import get_service_model

from async_lab.endpoint.functions import requests
from async_lab.endpoint.functions.requests import FunctionName

MODELS = re.compile(get_service_model("lambda").shape_for("NamespacedFunctionName").metadata["pattern"], re.ASCII)


@pytest.mark.parametrize(
    ("called", "function"),
    [
        ("f", FunctionName("f", None, None)),
        ("f:live", FunctionName("f", "live", None)),
        ("f:$LATEST", FunctionName("f", "$LATEST", None)),
        ("123456789012:function:f:3", FunctionName("f", "3", None)),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", FunctionName("f", None, "us-east-1")),
        ("arn:aws:lambda:us-east-1:123456789012:function:f:live", FunctionName("f", "live", "us-east-1")),
    ],
)
def test_a_function_is_called_by_its_name_its_partial_arn_or_its_arn(called, function):
    assert requests.read_name(called) == function


@given(st.from_regex(MODELS, fullmatch=True) | st.text(alphabet="a1:$-_. /é\n"))
@example("fn!")
def test_what_can_be_a_functions_name_is_what_botocores_model_says(called):
    assert (requests.read_name(called) is not None) == (MODELS.fullmatch(called) is not None)
