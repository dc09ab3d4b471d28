import pytest
from hypothesis import given
from hypothesis import strategies as st

from async_lab.endpoint.sources.log_patterns import UnknownPattern, compiled, found

EVENT = '{"level": "ERROR", "took": 12.5, "ok": false, "who": null, "order": {"lines": [{"sku": "a-1"}]}}'
APACHE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
SEVEN = "[ip, user, username, timestamp, request, status_code, bytes]"


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
        ("{ $.took = * }", '{"took": -0.5}', True),
        ('{ $.status = "4*" }', '{"status": 404}', True),
        ("{ $.status = 4* }", '{"status": 500}', False),
        ("{ $.status != 4* }", '{"status": 500}', True),
        ("{ $.status > x }", '{"status": 500}', False),
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
        ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("%[Ee]rror|[Ff]ail%", "it failed", True),
        ("%^[hc]at%", "a hat", False),
        (r"%\d{1,3}\.\d{1,3}%", "10.1", True),
        ("{ $.level = %^ERR% }", EVENT, True),
        ("{ $.level != %^ERR% }", EVENT, False),
        ("{ $.level = %^WARN|^INFO% && $.ok IS FALSE }", EVENT, False),
        (SEVEN, APACHE, True),
        ("[ip, user, username, timestamp, request, status_code = 404, bytes]", APACHE, True),
        ("[ip, user, username, timestamp, request, status_code = 500, bytes]", APACHE, False),
        ("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", APACHE, True),
        ("[..., request =*.html*, status_code = 4*, bytes]", APACHE, True),
        ("[..., status_code = 4*]", APACHE, False),
        ("[ip, ..., bytes > 1000]", APACHE, True),
        ("[ip, ..., bytes <= 1000]", APACHE, False),
        ("[ip=127.0.0.1, ...]", APACHE, True),
        ("[..., status_code = 404 || status_code = 410, bytes]", APACHE, True),
        ("[..., status_code >= 400 && status_code < 404, bytes]", APACHE, False),
        (r"[ip = %127\.0\.0\.[1-3]%, ...]", APACHE, True),
        ('[ip, user, username, timestamp, request = "GET /index.html HTTP/1.0", ...]', APACHE, True),
        ("[w1=ERROR, w2]", "ERROR 09/25/2014 12:00:02 Failed to process request", True),
        ("[w1=ERROR, w2]", "WARNING 09/25/2014 12:00:02 Invalid user request", False),
        ("[w1!=ERROR&&w1!=WARNING, w2]", "INFO 09/25/2014", True),
        ("[w1!=ERROR&&w1!=WARNING, w2]", "WARNING 09/25/2014", False),
        ("[w1=ERROR]", "ERROR 09/25/2014", False),
        ("[w1, w2, w3]", "two fields", False),
        ("[w1 > 1, w2]", "words here", False),
        ("[...]", "anything at all", True),
    ],
)
def test_a_pattern_matches(pattern, message, expected):
    assert compiled(pattern)(message) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "[ip, user",
        "[]",
        "[..., a, ...]",
        "[ip = ]",
        "[ip > 1 && ]",
        "[a b, c]",
        "%something!%",
        "%(a|b)%",
        "%[%",
        "ERROR %x%",
        "{ $.a = %a% && $.b = %b% && $.c = %c% }",
        "{ $.level = %a(b)% }",
        "[w1 = %(a)%, w2]",
        "{ $.level ~ 1 }",
        "{ $.level = 1",
        "{ " + "($.a = 1 || " * 80 + "$.a = 1" + ")" * 80 + " }",
    ],
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(UnknownPattern):
        compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "message", "selector", "value"),
    [
        (SEVEN, APACHE, "$bytes", "1534"),
        (SEVEN, APACHE, "$request", "GET /index.html HTTP/1.0"),
        (SEVEN, APACHE, "$timestamp", "10/Oct/2000:13:25:15 -0700"),
        ("[ip, ..., bytes]", APACHE, "$bytes", "1534"),
        ("[w1=ERROR, rest]", "ERROR in two words", "$rest", "in two words"),
        (SEVEN, APACHE, "$other", None),
        ("{ $.took > 1 }", EVENT, "$.took", 12.5),
    ],
)
def test_a_selector_finds_what_the_pattern_names(pattern, message, selector, value):
    assert found(pattern, message, selector) == value


def test_a_pattern_as_long_as_one_may_be_is_evaluated():
    pattern = "{ " + "($.b = 1 || " * 20 + " || ".join(["$.a = 1"] * 60) + ")" * 20 + " }"
    assert len(pattern) <= 1024
    assert compiled(pattern)('{"a": 1}')
    assert not compiled(pattern)("[" * 100_000)


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_put_is_a_pattern_or_refused(inner, message):
    for pattern in (inner, f"[{inner}]", f"%{inner}%", f"{{ {inner} }}"):
        try:
            matches = compiled(pattern)
        except UnknownPattern:
            continue
        assert matches(message) in {True, False}


@given(st.lists(st.from_regex(r"[a-z]{1,4}", fullmatch=True), min_size=1, max_size=6))
def test_as_many_names_as_fields_name_each_field(fields):
    names = [f"f{number}" for number in range(len(fields))]
    pattern, message = f"[{', '.join(names)}]", " ".join(fields)
    assert [found(pattern, message, f"${name}") for name in names] == fields
    assert compiled(pattern)(message)
