"""Every program and every command of README and CONTRIBUTING, in a clone that has nothing but what is committed.

What can't be run here is listed with the reason. A command that is new in the documents, or a program that is new in
``benchmarks/`` or ``tools/``, makes these tests fail until it is in one of the two lists.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from program import LONGEST_SECONDS, PROJECT, environment

pytestmark = pytest.mark.e2e

ROOT = PROJECT.root
SERVED = "runs in tests/lab/test_by_hand.py, on the endpoint that it serves"
RUN_BY_CI = "is what runs this test, or runs beside it in .ci/run"
NEEDS_NETWORK = "downloads packages"
OF_RUNS = "reads runs that are there; tests/cli/test_reports.py runs it on some"
TAKES_AN_HOUR = "runs the models' tests some thousand times"
SET = "is make scenario-3 with other values; tests/cli/test_cli.py and tests/scenario/test_assignments.py test them"
AS_SCENARIO_2 = "is the same rule of the Makefile as make scenario-2; tests/lab/test_scenarios.py runs the scenario"

RUN = {
    ".venv/bin/python benchmarks/lab_overhead.py 1": "ratio ",
    "make help": "scenario-baseline",
    "make package": "build/function.zip  sha256 ",
    "make destroy": "Nothing is left.",
    "make scenario-2": "scenario-2: as expected, 7 of 7 expectations met.",
    ".venv/bin/async-lab doctor": "All is well.",
    ".venv/bin/async-lab scenarios": "scenario-4",
    ".venv/bin/async-lab local --port 4600 --env": "export AWS_ENDPOINT_URL=http://127.0.0.1:4600",
    "python -m tools.module_docs": "",
    "python -m tools.member_table": "",
    "python -m tools.alarm_table baseline": "| Alarm | baseline |",
    "python -m tools.aws_forecast": "",
    "python -m tools.scenario_pages --kept": "",
    ".venv/bin/python benchmarks/endpoint_throughput.py --alone 40 1": "round 1: async-lab",
    ".venv/bin/python benchmarks/soak.py 40 2": "time per 1,000 events",
    ".venv/bin/python benchmarks/twin_speed.py 500 1": "ratio ",
    "python -m tools.rules": "| `Rules.jitter` | 0.12 |",
    ".venv/bin/python benchmarks/diagnosis_accuracy.py 1": "100.0% of 21 right",
    ".venv/bin/python benchmarks/test_speed.py 2": "import to listening, async-lab: ",
    "python -m tools.campaign --cases 2": "handlers: 2 tried, 2 as promised, 0 not",
}
"""What each prints, in the order in which they are run: nothing is built before."""

TAKE_LONG = (
    ".venv/bin/python benchmarks/lab_overhead.py 1",
    ".venv/bin/python benchmarks/diagnosis_accuracy.py 1",
    ".venv/bin/python benchmarks/soak.py 40 2",
    ".venv/bin/python benchmarks/test_speed.py 2",
    "python -m tools.alarm_table baseline",
    "python -m tools.campaign --cases 2",
)
"""Of these, what is run with ``make test-long`` only."""

SHORT_FORMS = {
    "async-lab run 3": "make scenario-2",
    "async-lab run expired": "make scenario-2",
    "python -m tools.alarm_table": "python -m tools.alarm_table baseline",
    ".venv/bin/python benchmarks/lab_overhead.py": ".venv/bin/python benchmarks/lab_overhead.py 1",
    ".venv/bin/python benchmarks/twin_speed.py": ".venv/bin/python benchmarks/twin_speed.py 500 1",
    "python -m tools.rules docs/fidelity.md": "python -m tools.rules",
    "python -m tools.scenario_pages": "python -m tools.scenario_pages --kept",
    "python -m tools.scenario_pages NAME": "python -m tools.scenario_pages --kept",
    ".venv/bin/python benchmarks/test_speed.py": ".venv/bin/python benchmarks/test_speed.py 2",
    "async-lab doctor": ".venv/bin/async-lab doctor",
    "async-lab scenarios": ".venv/bin/async-lab scenarios",
    "python -m tools.campaign": "python -m tools.campaign --cases 2",
    "python -m tools.campaign --kind kills --seed 1 --only 7": "python -m tools.campaign --cases 2",
    'eval "$(.venv/bin/async-lab local --port 4600 --env)"': ".venv/bin/async-lab local --port 4600 --env",
}
"""Commands of the documents, and how they are run here."""

NOT_RUN = {
    **dict.fromkeys(
        [
            "async-lab runs",
            "async-lab show RUN",
            "async-lab report RUN",
            "async-lab compare RUN RUN",
            "async-lab export --format perfetto",
            "async-lab export --format svg -o docs/scenario-2.svg",
        ],
        OF_RUNS,
    ),
    "async-lab report --open": "opens a browser",
    "make test": RUN_BY_CI,
    "make test-e2e": RUN_BY_CI,
    **dict.fromkeys(["make test-clients", "python -m tools.clients"], NEEDS_NETWORK),
    "make lint": RUN_BY_CI,
    'make test ARGS="-k throttle"': RUN_BY_CI,
    "make test WORKERS=0": RUN_BY_CI,
    "make test-long": "is the rest of the tests, which takes minutes",
    "make security": NEEDS_NETWORK,
    "make lock": NEEDS_NETWORK,
    "python -m tools.finding_texts": "writes a file of the tests, which the clone leaves out",
    "make mutants": TAKES_AN_HOUR,
    "python -m tools.mutants": TAKES_AN_HOUR,
    'make mutants ARGS="async_lab.twin.*"': TAKES_AN_HOUR,
    "pip install async-lab": NEEDS_NETWORK,
    "git clone URL async-lab && cd async-lab": "is what this test makes",
    "async-lab run expired --set maximum_event_age_in_seconds=10min --set events.count=5": SET,
    "make scenarios": "is all scenarios in one run; tests/lab/test_scenarios.py does that",
    **dict.fromkeys([f"make scenario-{name}" for name in ("baseline", "1", "3", "4")], AS_SCENARIO_2),
    "TARGET=aws make scenario-2": "needs an AWS account",
    'TARGET=aws make scenario-2 ARGS="--region eu-west-1 --profile sandbox"': "needs an AWS account",
    "async-lab destroy --target aws": "needs an AWS account",
    "async-lab diagnose orders --since 6h --profile production": "needs an AWS account",
    "async-lab redrive orders-failed --dry-run --profile production": "needs an AWS account",
    "async-lab doctor --target aws": "needs an AWS account",
    ".venv/bin/async-lab local --port 4600 &": SERVED,
    "async-lab local --clock real": SERVED,
    "cd terraform": SERVED,
    "terraform init": SERVED,
    "terraform init -plugin-dir=": SERVED,
    "terraform apply": SERVED,
    "terraform apply -var-file=scenarios/scenario-2.tfvars": SERVED,
    "aws lambda invoke --function-name async-lab --invocation-type Event /dev/null": "needs the AWS CLI",
    'curl -d seconds=600 "$AWS_ENDPOINT_URL/_async-lab/clock"': SERVED,
}

_BEGINS = re.compile(r"(\w+=\S+ )?(make|async-lab|\.venv/bin/\S+|python|eval|cd|terraform|aws|curl|pip|git) ?")


def commands_of(document: Path) -> set[str]:
    """Return what a document tells its readers to type: lines of its blocks, and what stands between backticks."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```\w*\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    typed = (re.sub(r"\s+#.*", "", line).strip() for line in (*lines, *inline))
    return {line for line in typed if _BEGINS.match(line) and " " in line}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_command_of_a_document_is_run_here_or_listed_with_the_reason(document):
    unknown = {
        command
        for command in commands_of(ROOT / document)
        if command not in RUN and command not in SHORT_FORMS and command not in NOT_RUN
    }
    assert unknown == set()


def test_every_program_of_benchmarks_and_tools_is_run_here_or_listed_with_the_reason():
    run = " ".join((*RUN, *NOT_RUN))
    programs = [file for directory in ("benchmarks", "tools") for file in sorted((ROOT / directory).rglob("*.py"))]
    main = [file for file in programs if '__name__ == "__main__"' in file.read_text()]
    assert main
    names = {file: {str(file.relative_to(ROOT)), _module(file)} for file in main}
    assert [file.name for file in main if not any(name in run for name in names[file])] == []
    assert set(SHORT_FORMS.values()) <= set(RUN)


def _module(file):
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The committed files, and a virtual environment that has this one's packages, but not this checkout."""
    root = tmp_path_factory.mktemp("fresh") / "async-lab"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith("tests/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(root / ".venv")}))
    site.joinpath("packages.pth").write_text(f"{root}/runner\n{root}\n{sysconfig.get_path('purelib')}\n")
    program = root / ".venv" / "bin" / "async-lab"
    installed = Path(sys.executable).with_name("async-lab").read_text()
    program.write_text(f"#!{root}/.venv/bin/python\n{installed.partition(chr(10))[2]}")
    program.chmod(0o755)
    (root / ".venv" / ".installed").touch()
    assert not (root / "build").exists()
    return root


def run_in(clone, command):
    path = environment()["PATH"]
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=clone,
        env=environment(PATH=f"{clone}/.venv/bin:{path}"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    "command", [pytest.param(command, marks=pytest.mark.long) if command in TAKE_LONG else command for command in RUN]
)
def test_a_command_runs_in_a_fresh_clone(clone, command):
    ran = run_in(clone, command)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert RUN[command] in ran.stdout
    assert str(ROOT / "runner") not in ran.stdout + ran.stderr


def test_make_clean_leaves_what_was_cloned(clone):
    assert run_in(clone, "make clean").returncode == 0
    assert not {".venv", ".lab", "build"} & {path.name for path in clone.iterdir()}
