"""Whatever lies in a scenario's file, reading it ends with a scenario or with a sentence of ours."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from results import result_of

from async_lab import scenario
from async_lab.checkout.project import Project
from async_lab.errors import UsageError
from async_lab.runs.document import text as as_json
from async_lab.scenario import Scenario

PROJECT = Project(Path(__file__).parents[2])
FILES = [path.read_text(encoding="utf-8") for path in sorted(PROJECT.scenarios.glob("*.tfvars"))]
FRAGMENTS = [
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "${",
        "%{",
        '"',
        "\\",
        "<<EOT\n",
        "\nEOT\n",
        "#",
        "/*",
        "*/",
        "=",
        "==",
        "=>",
        ",",
        ".",
    ),
    *(
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\0",
        "\x1b[31m",
        "\u2028",
        "\ufeff",
        "é",
        "🙂",
        " for x in y : x",
        "...",
        "?",
        "!",
        "-",
    ),
    *("null", "true", "1e400", "-1e400", "1e-400", "1" + "0" * 400, "0x1f", "9" * 5000, "1.5", "max(1)", "a.b[0].*"),
    *("timeout", "title", "tags", "events", "expectations", "name", "[" * 300, "{a=" * 300, "((" * 200, "!" * 500),
]
EXAMPLES = settings(max_examples=100)


@st.composite
def changed(draw: st.DrawFn) -> str:
    """A scenario of the lab with pieces replaced, taken out or put in."""
    text = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(st.sampled_from([0, 0, 1, 2, 5, 20, 200]))
        piece = draw(st.sampled_from(FRAGMENTS) | st.text(max_size=5))
        text = text[:begin] + piece + text[end:]
    return text


def read(path: Path, content: bytes) -> Scenario | None:
    """Read the content as a scenario; None when it is refused."""
    path.write_bytes(content)
    try:
        loaded = scenario.load(PROJECT, path)
    except UsageError:
        return None
    json.loads(as_json(result_of("baseline", scenario=loaded)), parse_constant=pytest.fail)
    return loaded


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenarios") / "x.tfvars"


@given(changed())
@example(f"{FILES[1]}tags = {'[' * 3000}")
@example(f"{FILES[1]}tags = {'[' * 3000}{']' * 3000}\n")
@example(f"{FILES[1]}tags = {'{a=' * 300}1{'}' * 300}\n")
@example(f"{FILES[1]}timeout = {'(' * 300}1{')' * 300}\n")
@example(f"{FILES[1]}timeout = {'9' * 5000}\n")
@EXAMPLES
def test_a_scenario_with_anything_changed_is_read_or_refused(path: Path, text: str) -> None:
    read(path, text.encode("utf-8", "surrogatepass"))


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
@EXAMPLES
def test_any_text_is_read_or_refused(path: Path, text: str) -> None:
    read(path, text.encode("utf-8", "surrogatepass"))


@given(st.binary() | st.tuples(st.sampled_from(FILES), st.binary(max_size=9)).map(lambda two: two[0].encode() + two[1]))
@example(b"\xff\xfe\x00")
@EXAMPLES
def test_any_bytes_are_read_or_refused(path: Path, content: bytes) -> None:
    read(path, content)


NUMBERS = (
    st.integers() | st.floats() | st.sampled_from(["1e400", "-1e400", "1" + "0" * 400, "9" * 5000, "1e-400", "-0"])
)


@pytest.mark.parametrize(
    "variable", ["timeout", "observe_seconds", "log_retention_in_days", "reserved_concurrent_executions"]
)
@given(NUMBERS)
@settings(max_examples=30)
def test_any_number_is_taken_or_refused(path: Path, variable: str, number: object) -> None:
    loaded = read(path, f"{FILES[1]}\n{variable} = {number}\n".encode())
    if loaded is not None:
        assert getattr(loaded, variable) == float(str(number))


@given(NUMBERS)
@settings(max_examples=30)
def test_any_expectation_is_taken_or_refused_and_written_as_json(path: Path, number: object) -> None:
    line = f'{{ metric = "Errors", equals = {number} }}'
    read(path, FILES[0].replace('{ metric = "Errors", equals = 0 }', line).encode())


@given(st.text(max_size=140))
@settings(max_examples=100)
def test_any_title_is_taken_as_it_is_or_refused(path: Path, title: str) -> None:
    line = f"title = {json.dumps(title, ensure_ascii=False)}"
    loaded = read(path, "\n".join([line, *FILES[0].splitlines()[1:], ""]).encode("utf-8", "surrogatepass"))
    if loaded is not None:
        assert loaded.title == title
