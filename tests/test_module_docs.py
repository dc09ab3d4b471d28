"""The modules' READMEs say what the modules say."""

import pytest

from tools.module_docs import MODULES, inputs_table, outputs_table, with_tables

READMES = sorted(MODULES.glob("*/README.md"))


def test_every_module_has_a_readme():
    assert [path.parent for path in READMES] == sorted(path for path in MODULES.iterdir() if path.is_dir())


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_a_readmes_tables_are_current(readme):
    text = readme.read_text(encoding="utf-8")
    assert with_tables(text, readme.parent) == text, "write them anew: python -m tools.module_docs"


def test_a_variable_without_a_default_is_required():
    table = inputs_table([("name", {"description": '"The name."', "type": "${string}"})])
    assert table.splitlines()[2] == "| `name` | The name. | `string` | required |"


def test_a_default_is_shown_as_it_is_written():
    bodies = {"text": '""', "number": 30, "nothing": None, "empty": {}}
    table = inputs_table(
        (name, {"description": '"It."', "type": "${string}", "default": value}) for name, value in bodies.items()
    )
    assert [line.split(" | ")[-1] for line in table.splitlines()[2:]] == ['`""` |', "`30` |", "`null` |", "`{}` |"]


def test_a_bar_does_not_end_a_cell():
    table = outputs_table([("name", {"description": '"One | two."'})])
    assert table.splitlines()[2] == "| `name` | One &#124; two. |"


def test_a_readme_without_a_place_for_them_is_refused():
    with pytest.raises(ValueError, match="no place for its inputs"):
        with_tables("# A module", READMES[0].parent)
