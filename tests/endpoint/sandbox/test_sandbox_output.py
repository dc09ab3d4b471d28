"""What a handler writes."""

from __future__ import annotations

import pytest
from handlers import AT, REQUEST_ID
from hypothesis import given
from hypothesis import strategies as st

from async_lab.endpoint.sandbox.handler_view import Directories
from async_lab.endpoint.sandbox.lab_child.protocol import MARK
from async_lab.endpoint.sandbox.output import Output, mark_pattern


def stamped(result):
    """Return seconds since the handler began, and text."""
    return [(round(line.at - AT - 0.101, 3), line.text) for line in result.output]


def test_every_way_of_writing_is_captured_in_order_with_virtual_times(deploy):
    function = deploy("""
        import ctypes, logging, os, subprocess, sys, time
        logging.getLogger().setLevel("INFO")
        def handler(event, context):
            print("printed")
            time.sleep(1)
            print("to stderr", file=sys.stderr)
            time.sleep(1)
            logging.info("logged")
            time.sleep(1)
            os.write(1, b"raw one\\n")
            time.sleep(1)
            os.write(2, b"raw two\\n")
            time.sleep(1)
            ctypes.CDLL(None).write(1, b"from C\\n", 7)
            time.sleep(1)
            subprocess.run(["echo", "from a process"])
    """)
    assert stamped(function()) == [
        (0, "printed"),
        (1, "to stderr"),
        (2, f"[INFO]\t2026-09-21T14:13:22.101Z\t{REQUEST_ID}\tlogged"),
        (3, "raw one"),
        (4, "raw two"),
        (5, "from C"),
        (6, "from a process"),
    ]


def test_a_line_has_the_time_of_its_first_byte(deploy):
    function = deploy("""
        import time
        def handler(event, context):
            print("begun ", end="")
            time.sleep(5)
            print("ended")
            print("open", end="")
    """)
    assert stamped(function()) == [(0, "begun ended"), (5, "open")]


def test_a_logged_record_of_several_lines_is_one_event(deploy):
    function = deploy("""
        import logging
        def handler(event, context):
            logging.warning("one\\ntwo")
            print("three\\nfour")
    """)
    assert [text.split("\t")[-1] for _, text in stamped(function())] == ["one\ntwo", "three", "four"]


def test_json_is_logged_when_the_function_is_configured_so(deploy):
    function = deploy(
        "import logging\ndef handler(event, context): logging.warning('careful')",
        environment=(("AWS_LAMBDA_LOG_FORMAT", "JSON"),),
    )
    (line,) = function().output
    assert '"message": "careful"' in line.text
    assert f'"requestId": "{REQUEST_ID}"' in line.text


def test_what_is_written_while_importing_belongs_to_the_cold_start(deploy):
    function = deploy("print('importing')\ndef handler(event, context): print('handling')")
    assert [(line.at, line.text) for line in function().output] == [
        (AT, "importing"),
        (pytest.approx(AT + 0.101), "handling"),
    ]
    assert [line.text for line in function().output] == ["handling"]


def test_a_handler_cannot_forge_the_marks(deploy):
    function = deploy("def handler(event, context): print('\\x1e0123456789abcdef:0\\x1fmine')")
    assert stamped(function()) == [(0, "\x1e0123456789abcdef:0\x1fmine")]


def test_bytes_that_are_not_text_are_replaced(deploy):
    function = deploy("import os\ndef handler(event, context): os.write(1, b'\\xff\\n')")
    assert stamped(function()) == [(0, "\ufffd")]


writes = st.lists(
    st.tuples(st.integers(0, 5), st.text(st.characters(codec="utf-8", exclude_characters="\r\x1e\x1f"), max_size=8))
)


@given(writes, st.integers(1, 7))
def test_output_is_cut_into_lines_whatever_the_chunks(tmp_path_factory, pieces, chunk_bytes):
    """Marks and lines may be torn anywhere; every byte is in one line, and lines are stamped by their beginnings."""
    now, stream, expected, open_line = 0, b"", [], None
    for passed, text in pieces:
        if passed:
            now += passed
            stream += MARK.format(token="t", now_ns=now * 10**9).encode()
        stream += text.encode()
        for character in text:
            open_line = (now, "") if open_line is None else open_line
            if character == "\n":
                expected.append(open_line)
                open_line = None
            else:
                open_line = (open_line[0], open_line[1] + character)
    expected += [open_line] if open_line else []
    output = Output(mark_pattern("t"), limit_bytes=10**6, limit_lines=10**6)
    for begin in range(0, len(stream), chunk_bytes):
        output.add(stream[begin : begin + chunk_bytes])
    nowhere = Directories(*[tmp_path_factory.getbasetemp() / name for name in "abc"])
    assert [(line.at, line.text) for line in output.lines(now, nowhere)] == expected
    assert output.last_mark_ns() == (now * 10**9 or None)
