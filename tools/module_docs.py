"""Write the tables of inputs and outputs into the modules' READMEs: ``python -m tools.module_docs``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.markdown import between_markers, table

COMMAND = "python -m tools.module_docs"
MODULES = Path(__file__).parents[1] / "terraform" / "modules"
_QUOTED = re.compile(r'^"(.*)"$', re.DOTALL)
_EXPRESSION = re.compile(r"^\$\{(.*)\}$", re.DOTALL)
_ABSENT = object()


def main() -> None:
    """Bring every module's README up to date."""
    for readme in sorted(MODULES.glob("*/README.md")):
        text = readme.read_text(encoding="utf-8")
        readme.write_text(with_tables(text, readme.parent), encoding="utf-8")


def with_tables(text: str, module: Path) -> str:
    """Return a README's text with the tables of ``module`` between its markers. Raises ValueError if it has none."""
    text = between_markers(text, "inputs", COMMAND, inputs_table(_blocks(module, "variable")))
    return between_markers(text, "outputs", COMMAND, outputs_table(_blocks(module, "output")))


def inputs_table(variables: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Return a Markdown table of variables as python-hcl2 reads them."""
    return table(
        ("Name", "What it is", "Type", "Default"),
        ((f"`{name}`", _text(body), f"`{_type(body)}`", _default(body)) for name, body in variables),
    )


def outputs_table(outputs: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Return a Markdown table of outputs as python-hcl2 reads them."""
    return table(("Name", "What it is"), ((f"`{name}`", _text(body)) for name, body in outputs))


def _blocks(module: Path, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import hcl2

    content = hcl2.loads((module / f"{kind}s.tf").read_text(encoding="utf-8"))
    for block in content[kind]:
        for name, body in block.items():
            if isinstance(body, dict):
                yield _unquoted(name), body


def _text(body: Mapping[str, Any]) -> str:
    return _unquoted(body["description"])


def _type(body: Mapping[str, Any]) -> str:
    return _EXPRESSION.sub(r"\1", _unquoted(body["type"]))


def _default(body: Mapping[str, Any]) -> str:
    default = body.get("default", _ABSENT)
    if default is _ABSENT:
        return "required"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _unquoted(value: str) -> str:
    return _QUOTED.sub(r"\1", value).replace('\\"', '"')


if __name__ == "__main__":
    main()
