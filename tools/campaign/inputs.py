"""Scenario files, options, environments and Terraforms that are odd: never anything but a sentence and its exit code.

Terraform is replaced by a script that answers oddly: the whole way up to the apply is walked, in two seconds.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from pathlib import Path

from tools.campaign.case import Case
from tools.campaign.checkout import Checkout

_REFUSED = (2, 3)
_NUMBERS = ("-1", "1e400", "9" * 30, "9" * 5000, "0x10", "1.5", "null", "true", '"7"', "1e12", "-0", "1_000")
_STRINGS = (
    '""',
    '"["',
    '"[red]"',
    '"a,b"',
    '"\\u001b[31m"',
    '"\\u0000"',
    '"é"',
    '"💥"',
    '"${file("/etc/passwd")}"',
    "<<EOT",
)
_PIECES = ("{", "}", "[", "]", '"', "=", "\r", "\x00", "\ufeff", "\\", "#", "/*", "${", "\t", "block { }", "a.b = 1")
_VERSION = """[ "$1" = version ] && echo '{"terraform_version": "1.11.4"}'"""
_TERRAFORMS = {
    "exits with 0 and says nothing": "exit 0",
    "answers what is no JSON": 'echo "{"; exit 0',
    "answers other JSON": "echo '[1, null, {}]'; exit 0",
    "answers bytes that are no UTF-8": r"printf '\377\376\n'; exit 0",
    "fails without a word": "exit 1",
    "is killed": "kill -9 $$",
    "knows its version and nothing else": f"{_VERSION} || exit 1",
    "knows its version and answers nothing": _VERSION,
    "knows its version and answers rubbish": _VERSION + r""" || printf '{"@level": 5}\n\377\n[]\n'""",
    "has an odd version": """echo '{"terraform_version": [1]}'""",
}
_OPTIONS = (
    ("--region", ("", "mars-1", "us-east-1; rm -rf .", "\n", "é")),
    ("--seed", ("-1", "1e3", "9" * 40, "")),
    ("--events", ("0", "-5", "10001", "many")),
    ("--out", ("", "/dev/null", "/proc/nowhere", "a" * 300)),
    ("--target", ("", "gcp")),
    ("--profile", ("", "nobody")),
)
_VARIABLES = {
    "TMPDIR": ("/nowhere", "", "/dev/null"),
    "HOME": ("/nowhere", ""),
    "LANG": ("C", "xx_YY.nothing"),
    "PYTHONIOENCODING": ("ascii", "latin-1"),
    "COLUMNS": ("0", "1", "-3", "wide"),
    "TERM": ("", "unknown"),
    "HTTP_PROXY": ("http://127.0.0.1:9", "rubbish"),
    "https_proxy": ("http://127.0.0.1:9",),
    "TF_REATTACH_PROVIDERS": ("{}", "rubbish"),
    "TF_CLI_ARGS": ("-nonsense",),
    "TF_WORKSPACE": ("other",),
    "TF_DATA_DIR": ("/nowhere/data",),
    "TF_LOG": ("TRACE",),
    "TF_VAR_name": ("somebody-elses",),
    "MOTO_ACCOUNT_ID": ("1",),
    "AWS_PROFILE": ("nobody",),
    "AWS_ENDPOINT_URL": ("rubbish", "http://127.0.0.1:9"),
    "AWS_DEFAULT_REGION": ("", "mars-1"),
    "AWS_CONFIG_FILE": ("/nowhere",),
}


def draw(rng: random.Random, checkout: Checkout) -> Case:
    """Draw one of the four kinds of input."""
    return rng.choice((_scenario_file, _options, _environment, _terraform))(rng, checkout)


def _scenario_file(rng: random.Random, checkout: Checkout) -> Case:
    original = rng.choice(sorted(checkout.project.scenarios.glob("*.tfvars")))
    text = original.read_text(encoding="utf-8")
    changes = [
        rng.choice((_other_number, _other_string, _piece, _cut, _line_twice, _deep, _old_mac))
        for _ in range(rng.randint(1, 2))
    ]
    for change in changes:
        text = change(rng, text)
    what = f"{original.name}, {' and '.join(change.__name__.strip('_').replace('_', ' ') for change in changes)}"
    return Case(what, lambda: _run_with(checkout, {}, _written(checkout, text), terraform="fails without a word"))


def _options(rng: random.Random, checkout: Checkout) -> Case:
    option, values = rng.choice(_OPTIONS)
    value = rng.choice(values)
    return Case(
        f"run scenario-2 {option} {value[:40]!r}",
        lambda: _run_with(checkout, {}, "scenario-2", option, value, terraform="fails without a word"),
    )


def _environment(rng: random.Random, checkout: Checkout) -> Case:
    chosen = {name: rng.choice(_VARIABLES[name]) for name in rng.sample(sorted(_VARIABLES), rng.randint(1, 3))}
    shown = " ".join(f"{name}={value!r}" for name, value in chosen.items())
    return Case(
        f"run scenario-2 with {shown}",
        lambda: _run_with(checkout, chosen, "scenario-2", terraform="fails without a word"),
    )


def _terraform(rng: random.Random, checkout: Checkout) -> Case:
    answer = rng.choice(sorted(_TERRAFORMS))
    command = rng.choice((("run", "scenario-2"), ("run", "baseline", "--json"), ("doctor",)))
    return Case(
        f"{' '.join(command)} where Terraform {answer}",
        lambda: _called(checkout, {}, *command, terraform=answer),
    )


def _run_with(checkout: Checkout, variables: dict[str, str], *arguments: str, terraform: str) -> Iterator[str]:
    yield from _called(checkout, variables, "run", *arguments, terraform=terraform)


def _called(checkout: Checkout, variables: dict[str, str], *arguments: str, terraform: str) -> Iterator[str]:
    programs = checkout.project.root / "programs"
    programs.mkdir(exist_ok=True)
    script = programs / "terraform"
    script.write_text(f"#!/bin/sh\n{_TERRAFORMS[terraform]}\n", encoding="utf-8")
    script.chmod(0o755)
    path = checkout.environment({})["PATH"]
    yield from checkout.call(*arguments, **{"PATH": f"{programs}:{path}"} | variables).broken(_REFUSED)
    yield from checkout.left_behind()


def _written(checkout: Checkout, text: str) -> str:
    file: Path = checkout.project.root / "odd.tfvars"
    file.write_text(text, encoding="utf-8", newline="")
    return file.name


def _other_number(rng: random.Random, text: str) -> str:
    places = [index for index, letter in enumerate(text) if letter.isdigit()]
    place = rng.choice(places)
    return text[:place] + rng.choice(_NUMBERS) + text[place + 1 :]


def _other_string(rng: random.Random, text: str) -> str:
    before, _, after = text.partition('"')
    _, _, rest = after.partition('"')
    return before + rng.choice(_STRINGS) + rest


def _piece(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice((*_PIECES, rng.choice(string.printable))) + text[place:]


def _cut(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _line_twice(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    return text + rng.choice(lines)


def _deep(rng: random.Random, text: str) -> str:
    depth = rng.choice((50, 500, 5_000))
    return f"{text}\ndeep = {'[' * depth}{']' * depth}\n"


def _old_mac(_: random.Random, text: str) -> str:
    return text.replace("\n", "\r")
