"""How much longer a whole run takes than what it can't do without: Terraform's bare apply of the same scenario.

    .venv/bin/python benchmarks/lab_overhead.py [ROUNDS]

Each round runs both, one after the other, so that a slow moment of the machine meets both. The apply is the plain
Terraform CLI in a directory that is initialized already, on an endpoint that is up already, and it leaves its stack
standing; the run starts its endpoint, applies, invokes, waits, collects, diagnoses, destroys and checks.

The baseline and the sample's four scenarios then run on one stack, and of that time is told what the provider slept: it
waits 5 s after it has made a function or changed its configuration, and nobody can ask it for less.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from async_lab.checkout.package import build_package
from async_lab.checkout.project import Project
from async_lab.endpoint.embedded import Endpoint
from async_lab.target.environment import local_environment
from async_lab.terraform import Terraform, find_terraform, init_from_anywhere

SCENARIO = "scenario-2"
FIVE = ("baseline", "scenario-1", "scenario-2", "scenario-3", "scenario-4")
REGION = "us-east-1"
TARGET_RATIO = 1.2
TARGET_FIVE_SECONDS = 25.0
SLEPT = re.compile(r"module\.function\.aws_lambda_function\.this: \w+ complete after (\d+)s")


def seconds(command: Sequence[str], directory: Path, environment: Mapping[str, str] | None = None) -> float:
    """Return the wall time of a command, which must succeed."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - started


def bare_apply(project: Project) -> float:
    """Return the wall time of ``terraform apply`` alone."""
    build_package(project.function_src, project.package_zip)  # a fresh clone has none
    with tempfile.TemporaryDirectory() as copy, Endpoint() as endpoint:
        directory = Path(copy) / "terraform"
        shutil.copytree(project.terraform, directory, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
        shutil.copytree(project.package_zip.parent, Path(copy) / "build")
        environment = local_environment(endpoint.url, REGION)
        terraform = Terraform(directory, environment, Path(copy) / "log", executable=find_terraform().path)
        init_from_anywhere(terraform)
        var_file = f"-var-file=scenarios/{SCENARIO}.tfvars"
        return seconds(["terraform", "apply", "-auto-approve", var_file], directory, environment)


def whole_run(project: Project) -> float:
    """Return the wall time of ``async-lab run`` in a process of its own."""
    return seconds([sys.executable, "-m", "async_lab", "run", SCENARIO], project.root)


def five_scenarios(project: Project) -> tuple[float, int]:
    """Return the wall time of five scenarios on one stack, and how much of it the provider slept after changes."""
    before = set(project.runs.glob("*"))
    took = seconds([sys.executable, "-m", "async_lab", "run", *FIVE], project.root)
    logs = [log.read_text() for run in set(project.runs.glob("*")) - before for log in run.glob("terraform.log")]
    return took, sum(int(after) for log in logs for after in SLEPT.findall(log))


def main() -> None:
    """Print each round, the medians and their ratio."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    project = Project.locate()
    applies, runs = [], []
    for number in range(1, rounds + 1):
        applies.append(bare_apply(project))
        runs.append(whole_run(project))
        print(f"round {number}: terraform apply {applies[-1]:5.2f} s   async-lab run {runs[-1]:5.2f} s", flush=True)
    apply, run = statistics.median(applies), statistics.median(runs)
    print(f"median: terraform apply {apply:5.2f} s, async-lab run {run:5.2f} s")
    print(f"ratio {run / apply:.2f} (target: at most {TARGET_RATIO})")
    five, slept = five_scenarios(project)
    print(f"five scenarios on one stack {five:.1f} s (target: {TARGET_FIVE_SECONDS:.0f} s)")
    print(f"of which the provider slept {slept} s")


if __name__ == "__main__":
    main()
