"""A scenario is one ``.tfvars`` file: what is deployed, what is sent, and what the metrics are expected to show."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from async_lab.checkout import program
from async_lab.checkout.project import Project
from async_lab.errors import UsageError
from async_lab.scenario import checks, hcl, variables
from async_lab.scenario.assignments import Assignment, assign
from async_lab.scenario.hcl import Problem
from async_lab.scenario.model import Scenario, scenario_of
from async_lab.wording import shortened

_LONGEST_NAME = 100
_FIRST = "baseline"
"""What all others are compared with."""
_SHORTEST_MISSPELT = 3
"""A shorter name is near to every ``scenario-…``."""
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{_LONGEST_NAME - 1}}}")
"""What neither a shell nor make takes apart, and what is no option."""
_ALIAS = re.compile(rf'^alias\s*=\s*"({_NAME.pattern})"', re.MULTILINE)
"""Read without Terraform's grammar, which takes a second: only what a name is looked for among."""


def names(project: Project) -> list[str]:
    """Return the names of the checkout's scenarios: the baseline, those with numbers in order, then the others."""
    return sorted((path.stem for path in project.scenarios.glob("*.tfvars") if _is_name(path.stem)), key=_order)


def misnamed(project: Project) -> list[str]:
    """Return a sentence for each file of the checkout's scenarios whose name can't be one."""
    return [_misnomer(path.name) for path in sorted(project.scenarios.glob("*.tfvars")) if not _is_name(path.stem)]


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _misnomer(file_name: str) -> str:
    return (
        f'"{file_name}" can\'t be a scenario: its name is what you type, 1 to {_LONGEST_NAME} letters of a to z, '
        "digits and . _ - without spaces, beginning with a letter or digit."
    )


def find(project: Project, name: str, assignments: Sequence[Assignment] = ()) -> Scenario:
    """Load a scenario by its name, with or without ``scenario-`` before it, its alias, or its file's path.

    ``assignments`` change what its file says. Raises UsageError, which suggests the nearest name when there is no such
    scenario.
    """
    if name.endswith(".tfvars"):
        if not _is_name(Path(name).name.removesuffix(".tfvars")):
            raise UsageError(_misnomer(Path(name).name))
        return load(project, Path(name), assignments)
    known = names(project)
    for candidate in (name, f"scenario-{name}", name.removeprefix("scenario-")):
        if candidate in known:
            return load(project, project.scenarios / f"{candidate}.tfvars", assignments)
    aliases = names_by_alias(project)
    if alias := next((word for word in (name, name.removeprefix("scenario-")) if word in aliases), None):
        return load(project, project.scenarios / f"{_only(alias, aliases[alias])}.tfvars", assignments)
    if os.path.exists(name):  # noqa: PTH110 - Path's own raises when the name is too long
        raise UsageError(f"{name} is no scenario: a scenario's file ends in .tfvars.")
    near = _nearest(name, [*known, *aliases])
    hint = f"did you mean {near[0]}? Or " if near else ""
    raise UsageError(f'There is no scenario "{shortened(name)}"; {hint}list them with: {program.command("scenarios")}')


def names_by_alias(project: Project) -> dict[str, list[str]]:
    """Return the scenarios' names by their aliases; an alias that two files have can't be run."""
    found: dict[str, list[str]] = {}
    for name in names(project):
        try:
            text = (project.scenarios / f"{name}.tfvars").read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue  # it is told of when it is run
        if alias := _ALIAS.search(text):
            found.setdefault(alias[1], []).append(name)
    return found


def _only(alias: str, names: Sequence[str]) -> str:
    if len(names) > 1:
        raise UsageError(f"Several scenarios have the alias {alias} ({', '.join(names)}): run one by its own name.")
    return names[0]


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    """Return the name that was meant, if one is near; another number is not a typing error."""
    if name.removeprefix("scenario-").isdigit():
        return []
    words = [name] if len(name) < _SHORTEST_MISSPELT else [name, f"scenario-{name}"]
    return [match for word in words for match in get_close_matches(word, known, n=1, cutoff=0.5)]


def find_all(
    project: Project, names: Sequence[str], events: int | None = None, assignments: Sequence[Assignment] = ()
) -> list[Scenario]:
    """Load the scenarios that run on one stack, each of which is to send ``events`` instead of its own number.

    ``assignments`` change what each of their files says. Raises UsageError when one is named twice, when they name two
    stacks, or when the events take too long to send.
    """
    found = [find(project, name, assignments) for name in names]
    for name, times in Counter(scenario.name for scenario in found).items():
        if times > 1:
            raise UsageError(f"{name} is named {times} times; name it once.")
    if len(stacks := sorted({scenario.stack_name for scenario in found})) > 1:
        raise UsageError(
            f"The scenarios run on one stack, and their files name several ({', '.join(stacks)}): "
            "give them one `name`, or run them one at a time."
        )
    for scenario in found:
        if sentence := checks.sending_problem(scenario.events, events):
            raise UsageError(f"{scenario.name}: {sentence}")
    return found


def can_run_on_aws(scenario: Scenario) -> bool:
    """Whether a scenario wants nothing that nobody can ask AWS for."""
    return scenario.first_attempt_after is None


def check_for_aws(scenarios: Sequence[Scenario]) -> None:
    """Raise UsageError for a scenario that wants what nobody can ask AWS for."""
    for scenario in scenarios:
        if not can_run_on_aws(scenario):
            raise UsageError(
                f"{scenario.name} can't be run on AWS, which nobody can ask for a queue that is late "
                "(first_attempt_after): run it with --target local."
            )


def load(project: Project, path: Path, assignments: Sequence[Assignment] = ()) -> Scenario:
    """Read a scenario's file, and change what the user assigned. Raises UsageError with a line for each wrong thing."""
    shown = project.shown(path)
    declared = variables.read_declarations(project.variables_file, project.shown(project.variables_file))
    document = hcl.read(path, shown)
    found = list(document.problems) or list(_problems(document.values, declared))
    if found:
        found.sort(key=lambda problem: document.line(problem.address) or 0)
        raise UsageError("\n".join(_located(document, problem, shown) for problem in found))
    values = assign(document.values, declared, assignments)
    if wrong := list(_problems(values, declared)) if assignments else []:
        raise UsageError("\n".join(f"--set: {problem.sentence}" for problem in wrong))
    complete = variables.complete(values, declared)
    changed = {one.variable: complete[one.variable] for one in assignments}
    return scenario_of(complete, path.name.removesuffix(".tfvars"), path.absolute(), changed)


def _problems(values: Mapping[str, Any], declared: variables.Type) -> Iterator[Problem]:
    """Yield what is wrong: first of all the types, because the ranges can only be told of what has the right one."""
    of_types = list(variables.problems(values, declared))
    yield from of_types
    if not of_types:
        yield from checks.problems(variables.complete(values, declared))


def _located(document: hcl.Document, problem: Problem, shown: str) -> str:
    line = document.line(problem.address)
    return f"{shown}:{line}: {problem.sentence}" if line else f"{shown}: {problem.sentence}"


def _order(name: str) -> tuple[bool, bool, list[tuple[int, str]]]:
    return name != _FIRST, not name.startswith("scenario-"), _natural(name)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d*)", name)]
