import pytest

from async_lab.endpoint.sources.log_patterns import UnknownPattern, compiled

EVENT = '{"level": "ERROR", "took": 12.5, "ok": false, "who": null, "order": {"lines": [{"sku": "a-1"}]}}'


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR happened", True),
        ("ERROR", "an error happened", False),
        ("ERROR orders", "ERROR in orders", True),
        ("ERROR orders", "ERROR elsewhere", False),
        ('"no stock"', "there is no stock", True),
        ('"no stock"', "stock? no", False),
        ("?ERROR ?WARN", "a WARN", True),
        ("?ERROR ?WARN", "an INFO", False),
        ("ERROR -expected", "ERROR", True),
        ("ERROR -expected", "ERROR, as expected", False),
        ('{ $.level = "ERROR" }', EVENT, True),
        ("{ $.level = ERR* }", EVENT, True),
        ('{ $.level != "ERROR" }', EVENT, False),
        ("{ $.took > 12 }", EVENT, True),
        ("{ $.took <= 12 }", EVENT, False),
        ("{ $.took = 12.5 && $.ok IS FALSE }", EVENT, True),
        ("{ ($.took < 1 || $.who IS NULL) && $.level = ERROR }", EVENT, True),
        ("{ $.none NOT EXISTS }", EVENT, True),
        ("{ $.took NOT EXISTS }", EVENT, False),
        ("{ $.order.lines[0].sku = a-* }", EVENT, True),
        ("{ $.level = ERROR }", "no JSON: ERROR", False),
    ],
)
def test_a_pattern_matches(pattern, message, expected):
    assert compiled(pattern)(message) is expected


@pytest.mark.parametrize("pattern", ["[ip, user, took > 1]", "%ERR.R%", "{ $.level ~ 1 }", "{ $.level = 1"])
def test_a_pattern_that_is_not_modelled_is_refused(pattern):
    with pytest.raises(UnknownPattern):
        compiled(pattern)
