"""Break the models in every small way there is, and see the tests fail: ``python -m tools.mutants [PATTERN …]``.

mutmut changes one thing at a time (a comparison, a number, a call's argument) in the functions of ``twin``,
``cloudwatch`` and ``diagnosis``, and runs the tests of these packages. What survives is a gap in the tests, or changes
nothing that anybody can see; ``tests/mutants.toml`` lists the latter, each with its reason. Exit code 1 says that
something survives which isn't listed, or that something listed doesn't survive.

A pattern names what is run, such as ``async_lab.twin.*``; all three packages otherwise. mutmut wants its sources in
``src``, so that it works in a copy, ``build/mutants``: one process, at a low priority. What has a result there is not
run again until its function changes, or a pattern names it, as new tests want; ``rm -r build/mutants`` begins anew.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "mutants"
LISTED = ROOT / "tests" / "mutants.toml"
PATTERNS = ("async_lab.twin.*", "async_lab.cloudwatch.*", "async_lab.diagnosis.*")
_COPIED = ("tests", "tools", "docs", "terraform", "function_src", "pyproject.toml")
_SURVIVED, _NO_TESTS, _NOT_RUN, _OUT_OF_TIME = 0, 33, None, -24
"""What mutmut notes of a mutant: the exit code of its tests, or why there is none."""
_KINDS: dict[int | None, str] = {_SURVIVED: "survived", _NO_TESTS: "without a test", _NOT_RUN: "not run"}
_NICE = 10


@dataclass(frozen=True, slots=True, order=True)
class Survivor:
    """A mutant that no test noticed: by what was changed, as mutmut's numbers change with every edit."""

    function: str
    before: str
    after: str

    def __str__(self) -> str:
        """Show it as ``tests/mutants.toml`` lists it."""
        fields = {"function": self.function, "before": self.before, "after": self.after}
        return "\n".join(["[[survivor]]", *(f"{name} = {json.dumps(value)}" for name, value in fields.items())])


def main() -> int:
    """Run mutmut, print the score and what is not as listed."""
    named = tuple(sys.argv[1:])
    patterns = named or PATTERNS
    copy_sources()
    run_mutmut(named)
    results = dict(read_results(patterns))
    survivors = {survivor_of(name) for name, code in results.items() if code in (_SURVIVED, _NO_TESTS)}
    listed = {each for each in read_listed() if _is_matched(each.function, patterns)}
    _say(score(results))
    for each in sorted(survivors - listed):
        _say(f"\nsurvives, and is not listed in tests/mutants.toml:\n{each}")
    for each in sorted(listed - survivors):
        _say(f"\nis listed in tests/mutants.toml, and does not survive:\n{each}")
    return int(survivors != listed or any(code is _NOT_RUN for code in results.values()))


def copy_sources() -> None:
    """Bring the copy up to date; mutmut's results stay in it.

    Which test calls which function is found anew: of a function that has moved, mutmut would ask new tests only.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    _copy(ROOT / "runner", WORK / "src")
    for name in _COPIED:
        _copy(ROOT / name, WORK / name)


def run_mutmut(patterns: tuple[str, ...]) -> None:
    """Run what patterns name, or else all that has no result yet: one after the other, at a low priority.

    Modules are imported anew for each mutant: compiled files may be written, as compiling takes ten times as long.
    """
    os.nice(_NICE)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    program = str(Path(sys.executable).with_name("mutmut"))
    ran = subprocess.run(
        [program, "run", "--max-children", "1", *patterns],
        cwd=WORK,
        stdout=subprocess.DEVNULL if not sys.stdout.isatty() else None,
        check=False,
    )
    if ran.returncode:
        sys.exit(f"mutmut ended with {ran.returncode}: run {program} run in {WORK} to see why")


def read_results(patterns: tuple[str, ...]) -> Iterator[tuple[str, int | None]]:
    """Yield each mutant that a pattern matches with what mutmut noted: its tests' exit code."""
    for file in sorted(WORK.glob("mutants/src/**/*.meta")):
        codes = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        for name, code in codes.items():
            if _is_matched(name, patterns):
                yield name, code


def read_listed() -> set[Survivor]:
    """Return the survivors that are explained."""
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("survivor", [])
    unexplained = [each for each in listed if not each.get("reason")]
    if unexplained:
        sys.exit(f"{LISTED.relative_to(ROOT)}: a survivor of {unexplained[0]['function']} has no reason")
    return {Survivor(each["function"], each["before"], each["after"]) for each in listed}


def survivor_of(name: str) -> Survivor:
    """Return what a mutant changed, from mutmut's diff."""
    program = str(Path(sys.executable).with_name("mutmut"))
    shown = subprocess.run([program, "show", name], cwd=WORK, capture_output=True, text=True, check=True).stdout
    lines = [line for line in shown.splitlines() if not line.startswith(("---", "+++"))]
    before, after = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in ("-", "+"))
    return Survivor(function_of(name), before, after)


def function_of(name: str) -> str:
    """Return the dotted name of a mutant's function: ``async_lab.twin.engine.Twin.step``."""
    module, _, mangled = name.rpartition(".")  # x_name__mutmut_1, or xǁClassǁname__mutmut_1
    return f"{module}.{re.sub(r'__mutmut_[0-9]+$', '', mangled)[2:].replace('ǁ', '.')}"


def score(results: dict[str, int | None]) -> str:
    """Return how many of the mutants the tests noticed; one that runs out of time is noticed, too."""
    kinds = Counter(_KINDS.get(code, "noticed") for code in results.values())
    out_of_time = sum(code == _OUT_OF_TIME for code in results.values())
    ran = len(results) - kinds["not run"]
    share = 100 * kinds["noticed"] / ran if ran else 0.0
    others = "".join(f", {kinds[kind]} {kind}" for kind in _KINDS.values() if kinds[kind])
    return f"{kinds['noticed']} of {ran} mutants noticed ({share:.1f} %), {out_of_time} of them by the time{others}"


def _is_matched(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copy2(source, target)
        return
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".terraform"))


if __name__ == "__main__":
    sys.exit(main())
